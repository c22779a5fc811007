/** Connects to PostgreSQL: finds the primary among several hosts, and refuses a server that does not keep what it promises. */
import { randomUUID } from 'node:crypto'
import { Client, type ClientConfig, type CustomTypesConfig, types } from 'pg'
import { databaseUrlFault, readDatabaseUrl } from '../../database-url.ts'
import { Refusal } from '../../errors.ts'

const connectTimeoutMs = 5_000
/**
 * Set once a session is there, and not with what it begins with: there poolers take few parameters, and `options` in a URL
 * would take the place of ours. The two limits are how long a transaction waits for an account's lock, or may stand idle:
 * a node that hangs must not hold others.
 */
const sessionSettings = {
  lock_timeout: '10s',
  idle_in_transaction_session_timeout: '15s',
  default_transaction_isolation: 'read committed',
  client_encoding: 'UTF8',
}

const int8 = types.builtins.INT8

/** Whole numbers as numbers: all of ours are below 2^53, and times are milliseconds. */
const typeParsers: CustomTypesConfig = {
  getTypeParser: (id: number, format?: 'text' | 'binary') =>
    id === int8 ? (text: string) => Number(text) : types.getTypeParser(id, format as 'text'),
}

/**
 * Connects to the first host that accepts writes.
 *
 * @throws Refusal `audit_unavailable` when there is none, or its settings would lose commits or texts; `invalid` for a
 *   faulty URL
 */
export async function connect(url: string): Promise<Client> {
  const wrong = databaseUrlFault(url)
  if (wrong !== undefined) throw new Refusal('invalid', `The URL of the database ${wrong}.`)
  const { urls, place } = readDatabaseUrl(url)
  const faults: string[] = []
  for (const one of urls) {
    const found = await tryOne(one)
    if (found instanceof Client) return found
    faults.push(found)
  }
  throw unusable(`${place}: ${faults.join('; ')}`)
}

/**
 * Connects twice, and finds out whether a pooler gives sessions away between transactions: such a one loses prepared
 * statements and settings, whenever somebody else asks.
 *
 * @param one what connects, and
 * @param other connects again
 * @throws Refusal `audit_unavailable` as `connect`, and for such a pooler
 */
export async function connectTwice(
  url: string,
  one: () => Promise<Client>,
  other: () => Promise<Client>,
): Promise<readonly [Client, Client]> {
  const [first, second] = await Promise.allSettled([one(), other()])
  if (first.status === 'fulfilled' && second.status === 'fulfilled') {
    const [client, witness] = [first.value, second.value]
    const fault = await sharingOf(client, witness)
    if (fault === undefined) return [client, witness]
    await Promise.allSettled([client.end(), witness.end()])
    throw unusable(`${readDatabaseUrl(url).place}: ${fault}`)
  }
  for (const ended of [first, second]) if (ended.status === 'fulfilled') await ended.value.end().catch(() => {})
  throw first.status === 'rejected' ? first.reason : second.status === 'rejected' ? second.reason : unusable('unknown')
}

/** Connects, as `connectTwice`, for whoever needs one connection. */
export async function connectAlone(url: string): Promise<Client> {
  const open = () => connect(url)
  const [client, witness] = await connectTwice(url, open, open)
  await witness.end().catch(() => {})
  return client
}

function unusable(reason: string): Refusal {
  return new Refusal('audit_unavailable', 'The database cannot be used. The log says why.', {
    cause: new Error(reason),
  })
}

/** @returns why not, when it cannot be used */
async function tryOne(url: string): Promise<Client | string> {
  const found = await begin(url)
  // Poolers take few parameters at the beginning; what is in the URL is as well set later.
  if (found instanceof Client || !/unsupported startup parameter/.test(found)) return found
  const { without, settings } = takeOptions(url)
  if (settings === undefined) return `${found}; of "options" in the URL only -c NAME=VALUE can be set later`
  return begin(without, settings)
}

async function begin(url: string, more: Settings = {}): Promise<Client | string> {
  let client: Client | undefined
  try {
    client = new Client(configOf(url))
    // Without a listener a broken connection would end the process; the next query reports it.
    client.on('error', () => {})
    await client.connect()
    const [, fault] = await Promise.all([settle(client, { ...more, ...sessionSettings }), faultOf(client)])
    if (fault === undefined) return client
    await client.end().catch(() => {})
    return fault
  } catch (error) {
    await client?.end().catch(() => {})
    return client === undefined ? ofUrl(error) : reasonOf(error)
  }
}

type Settings = Readonly<Record<string, string>>

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

/** Of a fault of the connection, which may name the host, or an error of the server, which quotes what was sent. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  const code = 'code' in error ? String(error.code) : ''
  // Several addresses that all refuse are one error without words.
  if (error.message === '') return code === '' ? 'unknown' : code
  return error.message.replaceAll(/"[^"]*"/g, '"…"').replace(/(no such (?:user|database)):.*/s, '$1')
}

/** Of what a URL names beside host and database, such as files: what it says is not repeated. */
function ofUrl(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
  return `its URL cannot be used${code}: see to sslmode and to the files that sslrootcert, sslcert and sslkey name`
}

function configOf(connectionString: string): ClientConfig {
  return {
    connectionString,
    pipeline: true,
    types: typeParsers,
    connectionTimeoutMillis: connectTimeoutMs,
    application_name: 'strongroom',
    keepAlive: true,
  }
}

/** Why commits on this server would not be durable, reads not current, or texts not kept. */
async function faultOf(client: Client): Promise<string | undefined> {
  const { rows } = await client.query<Record<string, string | boolean>>(
    `select current_setting('synchronous_commit') as synchronous_commit, current_setting('fsync') as fsync,
       current_setting('full_page_writes') as full_page_writes, pg_is_in_recovery() as is_replica,
       current_setting('default_transaction_read_only') as read_only,
       current_setting('server_encoding') as encoding,
       current_setting('server_version_num')::int < 150000 as is_old`,
  )
  const found = rows[0] ?? {}
  if (found['is_replica'] === true) return 'the server is a replica'
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
      if ((await markOf(other)) !== theirs) return notKept
    }
    return undefined
  } catch (error) {
    return /pooling mode/.test(reasonOf(error)) ? notKept : reasonOf(error)
  }
}

const notKept =
  'a pooler before it gives sessions away between transactions or statements: set it to session mode (PgBouncer: pool_mode = session), or connect to the server itself'

async function markOf(client: Client): Promise<string | null | undefined> {
  const { rows } = await client.query<{ mark: string | null }>('select current_setting($1, true) as mark', [mark])
  return rows[0]?.mark
}
