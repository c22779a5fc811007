/** A PgBouncer of one test's own, before the PostgreSQL of the tests. */
import { spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { asAnother } from './as-another.ts'
import { makeFolder } from './engines.ts'
import { freePort } from './free-port.ts'

export type PoolMode = 'session' | 'transaction' | 'statement'

/** Why its tests are passed over, or `false`. */
export const missingPgBouncer =
  spawnSync('pgbouncer', ['--version']).status === 0 ? false : 'No PgBouncer (Debian: apt-get install pgbouncer).'

/**
 * Starts one, which is stopped when the test ends.
 *
 * @param settings lines for its configuration
 * @returns the URL of the same database through it
 */
export async function startPgBouncer(
  t: Pick<TestContext, 'after'>,
  databaseUrl: string,
  mode: PoolMode,
  settings: readonly string[] = [],
): Promise<string> {
  const url = new URL(databaseUrl)
  const folder = makeFolder()
  const port = await freePort()
  const lines = [
    '[databases]',
    `* = host=${url.hostname} port=${url.port} user=${url.username}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = any',
    `pool_mode = ${mode}`,
    ...settings,
    '',
  ]
  const path = join(folder, 'pgbouncer.ini')
  writeFileSync(path, lines.join('\n'), { mode: 0o644 })
  const child = spawn('pgbouncer', [path], { stdio: 'ignore', ...asAnother(folder) })
  t.after(() => void child.kill('SIGKILL'))
  await answering(port)
  url.host = `127.0.0.1:${port}`
  return url.href
}

async function answering(port: number): Promise<void> {
  for (const end = performance.now() + 60_000; performance.now() < end; ) {
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
      socket.once('connect', () => socket.destroy())
    })
    if (isUp) return
    await setTimeout(50)
  }
  throw new Error('PgBouncer does not listen.')
}
