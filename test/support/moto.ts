/** Amazon's own clients from npm, and moto from PyPI, a server that speaks as AWS does: both are fetched when a test runs. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { createRequire, registerHooks } from 'node:module'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { makeFolder } from './engines.ts'
import { freePort } from './free-port.ts'

export const motoRegion = 'eu-central-1'

export interface Moto {
  /** Why it cannot be had, or `false`. */
  readonly skip: string | false
  /** The client, as it was installed. */
  load(): Promise<unknown>
  /** Has this process find the client as one that was installed beside Strongroom. */
  offer(): void
  /** @returns the endpoint */
  start(t: TestContext): Promise<string>
  /** The same, of one that may end before the test. */
  startEnding(t: TestContext): Promise<{ readonly endpoint: string; end(): Promise<void> }>
}

/** @param client a package of npm with its version */
export function installMoto(client: string): Moto {
  const folder = makeFolder()
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  process.env['AWS_ACCESS_KEY_ID'] = 'planted-id'
  process.env['AWS_SECRET_ACCESS_KEY'] = 'planted-secret'
  const name = client.replace(/(?<=.)@[^@]*$/, '')
  const beside = join(folder, 'x.js')
  return {
    skip: install(folder, client),
    load: async () => createRequire(beside)(name),
    offer: () => {
      const parentURL = pathToFileURL(beside).href
      registerHooks({
        resolve: (asked, context, next) => next(asked, asked === name ? { ...context, parentURL } : context),
      })
    },
    start: async (t) => (await start(t, folder)).endpoint,
    startEnding: (t) => start(t, folder),
  }
}

function install(folder: string, client: string): string | false {
  writeFileSync(join(folder, 'package.json'), '{"private":true}')
  const steps: readonly (readonly [string, readonly string[]])[] = [
    ['npm', ['install', '--no-audit', '--no-fund', client]],
    ['python3', ['-m', 'venv', 'venv']],
    ['venv/bin/pip', ['install', '-q', 'moto[server]==5.*']],
  ]
  for (const [program, parameters] of steps) {
    const { status } = spawnSync(program, parameters, { cwd: folder, stdio: 'ignore' })
    if (status !== 0) return `it cannot be had: ${program} ${parameters.join(' ')}`
  }
  return false
}

async function start(t: TestContext, folder: string) {
  const port = await freePort()
  const child = spawn(join(folder, 'venv/bin/moto_server'), ['-H', '127.0.0.1', '-p', String(port)], {
    stdio: 'ignore',
  })
  const exit = once(child, 'exit')
  const stop = async () => {
    child.kill()
    await exit
  }
  t.after(stop)
  const endpoint = `http://127.0.0.1:${port}`
  const late = performance.now() + 60_000
  const isUp = () =>
    fetch(endpoint)
      .then(() => true)
      .catch(() => false)
  while (!(await isUp())) {
    assert.ok(performance.now() < late, 'moto does not start')
    await setTimeout(100)
  }
  return { endpoint, end: stop }
}
