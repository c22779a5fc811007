/** Connects to a host of PostgreSQL, and refuses a server that does not keep what it promises. */
import { randomUUID } from 'node:crypto'
import { Client, type ClientConfig, type CustomTypesConfig, types } from 'pg'
import { codeOf } from '../../error-code.ts'
import { Refusal } from '../../errors.ts'
import { schema } from '../migrations/migrations.ts'
import { cut, cutAfter } from './deadline.ts'
import { reasonOf, Unusable } from './unusable.ts'

/** What the database calls the sessions of this program: all others see by it which schema they speak. */
export const applicationName = `strongroom ${schema}`
/** Those of any version. */
export const ofStrongroom = `application_name ~ '^strongroom( |$)'`
/** As long as a host is waited for. */
export const connectTimeoutMs = 5_000
/** From then on the system asks whether the other side is still there, each second; without an answer to ten, it is not. */
const keepAliveDelayMs = 5_000
/**
 * Set once a session is there, and not with what it begins with: there poolers take few parameters, and `options` in a URL
 * would take the place of ours. The two limits are how long a transaction waits for an account's lock, or may stand idle:
 * a node that hangs must not hold others, and whoever waits is to be told within the time that a request has. Statements look
 * at some thousand rows at most: to compile one, or to begin a process for it, takes longer than they do.
 */
const sessionSettings = {
  lock_timeout: '2500ms',
  idle_in_transaction_session_timeout: '10s',
  default_transaction_isolation: 'read committed',
  client_encoding: 'UTF8',
  jit: 'off',
  max_parallel_workers_per_gather: '0',
}

const int8 = types.builtins.INT8

/** Whole numbers as numbers: all of ours are below 2^53, and times are milliseconds. */
export const typeParsers: CustomTypesConfig = {
  getTypeParser: (id: number, format?: 'text' | 'binary') =>
    id === int8 ? (text: string) => Number(text) : types.getTypeParser(id, format as 'text'),
}

export type Settings = Readonly<Record<string, string>>

/** How one host of a database is connected to. */
export interface Host {
  readonly url: string
  /** What is set later, as a pooler takes no "options" at the beginning. */
  readonly settings: Settings
}

/** A connection that knows where it leads. */
export class Connection extends Client {
  readonly to: Host
  /** Of a URL that cannot be used: it leads nowhere then. */
  readonly fault: Unusable | undefined

  // biome-ignore lint/correctness/noUnreachableSuper: the second follows only upon a first one that threw
  constructor(to: Host) {
    let fault: Unusable | undefined
    try {
      // Reads the files that the URL names, which may be away for a moment.
      super(configOf(to.url))
    } catch (error) {
      super({ host: '/dev/null' })
      fault = ofUrl(error)
    }
    this.to = to
    this.fault = fault
    // Without a listener a broken connection would end the process; the next query reports it.
    this.on('error', () => {})
  }
}

/**
 * Connects to one host that accepts writes.
 *
 * @throws Unusable when it does not, or its settings would lose commits or texts
 */
export async function open(host: Host): Promise<Connection> {
  const client = new Connection(host)
  if (client.fault !== undefined) throw client.fault
  try {
    await client.connect()
    await prepare(client)
    return client
  } catch (error) {
    cut(client)
    const plain = withoutOptions(host, error)
    if (plain !== undefined) return open(plain)
    throw Unusable.of(error)
  }
}

/**
 * Sets what a session needs, and finds out whether its server may be used.
 *
 * @param own what it needs besides
 * @throws Unusable when it may not
 */
export async function prepare(client: Client, own: Settings = {}): Promise<void> {
  const settings = client instanceof Connection ? client.to.settings : {}
  const work = () => Promise.all([settle(client, { ...settings, ...sessionSettings, ...own }), faultOf(client)])
  const [, fault] = await cutAfter(connectTimeoutMs, client, work)
  if (fault === undefined) return
  cut(client)
  throw fault
}

/** Poolers take few parameters at the beginning; what is in the URL is as well set later. */
export function withoutOptions(host: Host, error: unknown): Host | undefined {
  if (!(error instanceof Error) || !/unsupported startup parameter/.test(error.message)) return undefined
  const { without, settings } = takeOptions(host.url)
  return settings === undefined ? undefined : { url: without, settings: { ...host.settings, ...settings } }
}

/**
 * Finds out of two connections whether a pooler gives sessions away between transactions: such a one loses prepared
 * statements and settings, whenever somebody else asks.
 *
 * @throws Unusable for such a pooler
 */
export async function refuseShared(one: Client, other: Client): Promise<void> {
  const fault = await cutAfter(connectTimeoutMs, one, () =>
    cutAfter(connectTimeoutMs, other, () => sharingOf(one, other)),
  )
  if (fault !== undefined) throw new Unusable(fault, false)
}

/** @param faults of each host of a database */
export function unusable(place: string, faults: readonly Unusable[]): Refusal {
  const reason = `${place}: ${faults.map(({ message }) => message).join('; ')}`
  return new Refusal('audit_unavailable', 'The database cannot be used. The log says why.', {
    cause: new Unusable(
      reason,
      faults.some(({ mayCome }) => mayCome),
    ),
  })
}

async function settle(client: Client, settings: Settings): Promise<void> {
  const calls = Object.keys(settings).map((_, at) => `set_config($${2 * at + 1}, $${2 * at + 2}, false)`)
  await client.query(`select ${calls.join(', ')}`, Object.entries(settings).flat())
}

/**
 * Takes `options` out of a URL.
 *
 * @returns what they set, or `undefined` for other options than settings
 */
function takeOptions(url: string): { readonly without: string; readonly settings: Settings | undefined } {
  const [base = '', query = ''] = url.split('?')
  const parameters = new URLSearchParams(query)
  const options = parameters.get('options') ?? ''
  parameters.delete('options')
  const without = parameters.size === 0 ? base : `${base}?${parameters}`
  const settings: Record<string, string> = {}
  // As PostgreSQL splits them: a backslash takes what follows as it is.
  const words = [...options.matchAll(/(?:\\.|[^\s\\])+/gs)].map(([word]) => word.replaceAll(/\\(.)/gs, '$1'))
  for (const word of words.join('\n').replaceAll(/^-c\n/gm, '-c').split('\n')) {
    const [, name, value] = /^(?:-c|--)([\w.-]+)=(.*)$/s.exec(word) ?? []
    if (name === undefined || value === undefined) return { without, settings: undefined }
    settings[name.replaceAll('-', '_')] = value
  }
  return { without, settings }
}

/** What a URL names beside host and database, such as files: what is said of that is not repeated. */
function ofUrl(error: unknown): Unusable {
  const code = codeOf(error)
  return new Unusable(
    `its URL cannot be used${code === undefined ? '' : ` (${code})`}: see to sslmode and to the files that sslrootcert, sslcert and sslkey name`,
    false,
  )
}

function configOf(connectionString: string): ClientConfig {
  return {
    connectionString,
    pipeline: true,
    types: typeParsers,
    connectionTimeoutMillis: connectTimeoutMs,
    application_name: applicationName,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveDelayMs,
  }
}

/** Why commits on this server would not be durable, reads not current, or texts not kept. */
async function faultOf(client: Client): Promise<Unusable | undefined> {
  const { rows } = await client.query<Record<string, string | boolean>>(
    `select current_setting('synchronous_commit') as synchronous_commit, current_setting('fsync') as fsync,
       current_setting('full_page_writes') as full_page_writes, pg_is_in_recovery() as is_replica,
       current_setting('default_transaction_read_only') as read_only,
       current_setting('server_encoding') as encoding,
       current_setting('server_version_num')::int < 150000 as is_old`,
  )
  const found = rows[0] ?? {}
  // One that takes over is one no more.
  if (found['is_replica'] === true) return new Unusable('the server is a replica', true)
  const fault = faultIn(found)
  return fault === undefined ? undefined : new Unusable(fault, false)
}

function faultIn(found: Readonly<Record<string, string | boolean>>): string | undefined {
  if (found['is_old'] === true) return 'the server is older than PostgreSQL 15'
  if (found['encoding'] !== 'UTF8') {
    return `its encoding is ${found['encoding']}, which cannot hold every text: it must be UTF8 ("create database … encoding 'UTF8' template template0")`
  }
  if (found['read_only'] !== 'off') return 'default_transaction_read_only must be off'
  if (!['on', 'remote_apply'].includes(String(found['synchronous_commit'])))
    return 'synchronous_commit must be on or remote_apply'
  if (found['fsync'] !== 'on') return 'fsync must be on'
  if (found['full_page_writes'] !== 'on') return 'full_page_writes must be on'
  return undefined
}

/** As often as they look: others who use the same pooler may come between. */
const looks = 3
const mark = 'strongroom.session'

/**
 * Marks the session of each of two connections. Whoever finds the mark of the other, or misses its own, has no session of
 * its own. On a server, or behind a pooler that keeps them apart, neither can be.
 */
async function sharingOf(one: Client, other: Client): Promise<string | undefined> {
  const [mine, theirs] = [randomUUID(), randomUUID()]
  try {
    await settle(one, { [mark]: mine })
    for (let look = 1; look <= looks; look++) {
      // Takes a session for the length of a transaction: then the other gets another one.
      await other.query('begin')
      const seen = await markOf(other)
      // Where there is but one session to give away, this would wait for the other for ever.
      const isShared = seen === mine || (await markOf(one)) !== mine
      await other.query('rollback')
      if (isShared) return notKept
      if (look === 1) await settle(other, { [mark]: theirs })
      // Each gets what the other has just given back, where sessions are given away.
      if ((await markOf(other)) !== theirs || (await markOf(one)) !== mine) return notKept
    }
    return undefined
  } catch (error) {
    if (/pooling mode/.test(reasonOf(error))) return notKept
    throw Unusable.of(error)
  }
}

const notKept =
  'a pooler before it gives sessions away between transactions or statements: set it to session mode (PgBouncer: pool_mode = session), or connect to the server itself'

async function markOf(client: Client): Promise<string | null | undefined> {
  const { rows } = await client.query<{ mark: string | null }>('select current_setting($1, true) as mark', [mark])
  return rows[0]?.mark
}
