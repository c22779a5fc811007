/** Connects to PostgreSQL: finds the primary among several hosts, and refuses a server that does not keep what it promises. */
import { Client, type ClientConfig, type CustomTypesConfig, types } from 'pg'
import { Refusal } from '../../errors.ts'

const connectTimeoutMs = 5_000
/** How long a transaction waits for an account's lock, or may stand idle: a node that hangs must not hold others. */
const sessionOptions =
  '-c lock_timeout=10s -c idle_in_transaction_session_timeout=15s -c default_transaction_isolation=read\\ committed'

const int8 = types.builtins.INT8

/** Whole numbers as numbers: all of ours are below 2^53, and times are milliseconds. */
const typeParsers: CustomTypesConfig = {
  getTypeParser: (id: number, format?: 'text' | 'binary') =>
    id === int8 ? (text: string) => Number(text) : types.getTypeParser(id, format as 'text'),
}

/** One connection string for each host of a connection string with several. */
export function hostsOf(url: string): readonly string[] {
  const parts = /^(postgres(?:ql)?:\/\/(?:[^@/?]*@)?)([^/?]*)(.*)$/.exec(url)
  if (parts === null) throw new Refusal('invalid', 'STRONGROOM_DATABASE_URL must begin with postgres://.')
  const [, before = '', hosts = '', after = ''] = parts
  return hosts.split(',').map((host) => before + host + after.replace(/([?&])target_session_attrs=[^&]*&?/, '$1'))
}

/**
 * Connects to the first host that accepts writes.
 *
 * @throws Refusal `audit_unavailable` when there is none, `invalid` when a server's settings would lose commits
 */
export async function connect(url: string): Promise<Client> {
  const faults: string[] = []
  for (const host of hostsOf(url)) {
    const client = new Client(configOf(host))
    // Without a listener a broken connection would end the process; the next query reports it.
    client.on('error', () => {})
    try {
      await client.connect()
      const fault = await faultOf(client)
      if (fault === undefined) return client
      faults.push(fault)
    } catch (error) {
      faults.push(error instanceof Error ? error.message : 'unknown')
    }
    await client.end().catch(() => {})
  }
  const cause = new Error(faults.join('; '))
  throw new Refusal('audit_unavailable', 'The database cannot be used. The log says why.', { cause })
}

function configOf(connectionString: string): ClientConfig {
  return {
    connectionString,
    pipeline: true,
    types: typeParsers,
    connectionTimeoutMillis: connectTimeoutMs,
    options: sessionOptions,
    application_name: 'strongroom',
    keepAlive: true,
  }
}

/** Why commits on this server would not be durable, or reads not current. */
async function faultOf(client: Client): Promise<string | undefined> {
  const { rows } = await client.query<Record<string, string | boolean>>(
    `select current_setting('synchronous_commit') as synchronous_commit, current_setting('fsync') as fsync,
       current_setting('full_page_writes') as full_page_writes, pg_is_in_recovery() as is_replica,
       current_setting('server_version_num')::int < 150000 as is_old`,
  )
  const found = rows[0] ?? {}
  if (found['is_replica'] === true) return 'the server is a replica'
  if (found['is_old'] === true) return 'the server is older than PostgreSQL 15'
  if (!['on', 'remote_apply'].includes(String(found['synchronous_commit'])))
    return 'synchronous_commit must be on or remote_apply'
  if (found['fsync'] !== 'on') return 'fsync must be on'
  if (found['full_page_writes'] !== 'on') return 'full_page_writes must be on'
  return undefined
}
