/**
 * `npm run bench:cli`: how long the packed command takes from its start to its end, beside a Node.js that does nothing, in
 * one run; written to `bench/results/cli.md`.
 */
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { listening } from '../test/support/child.ts'
import { pack } from '../test/support/package.ts'

const rounds = 41
const goalMs = 333

const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'strongroom-bench-cli-'))
try {
  const main = join(pack(folder, 'server'), 'bin/strongroom.js')
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  const plain = { PATH: process.env['PATH'], HOME: folder }
  const server = spawn(process.execPath, [main, 'serve'], {
    cwd: folder,
    env: { ...plain, STRONGROOM_LISTEN: '127.0.0.1:0', STRONGROOM_RATE_LIMIT: 'off' },
  })
  try {
    const child = await listening(server)
    const key = child.firstKey ?? ''
    await child.api(key).post('/v3/secrets', { name: 'db-password', value: 's3cur3-p4ssw0rd' })
    const env = { ...plain, STRONGROOM_URL: child.url, STRONGROOM_API_KEY: key }
    const get = [main, 'secrets', 'get', 'db-password']
    const times = measure([
      { name: '`node -e 0`', parameters: ['-e', '0'], env },
      { name: '`strongroom --version`', parameters: [main, '--version'], env },
      { name: '`strongroom help`', parameters: [main, 'help'], env },
      { name: '`strongroom secrets get db-password`', parameters: get, env },
      // Such as where the package cannot be written to by whoever uses it.
      {
        name: 'the same, with no compiled code kept',
        parameters: get,
        env: { ...env, NODE_DISABLE_COMPILE_CACHE: '1' },
      },
    ])
    const page = pageOf(times)
    mkdirSync(join(import.meta.dirname, 'results'), { recursive: true })
    writeFileSync(join(import.meta.dirname, 'results/cli.md'), page)
    console.log(page)
  } finally {
    server.kill()
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

interface Command {
  readonly name: string
  readonly parameters: readonly string[]
  readonly env: NodeJS.ProcessEnv
}

/** One after the other in each round, so that a slow moment is everybody's. */
function measure(commands: readonly Command[]): Map<string, number[]> {
  const times = new Map(commands.map(({ name }) => [name, [] as number[]]))
  // The first round writes the compiled code down, as the first use of an installed command does.
  for (let round = -1; round < rounds; round++) {
    for (const { name, parameters, env } of commands) {
      const started = performance.now()
      execFileSync(process.execPath, parameters, { env, stdio: ['ignore', 'ignore', 'inherit'] })
      if (round >= 0) times.get(name)?.push(performance.now() - started)
    }
  }
  return times
}

function pageOf(times: ReadonlyMap<string, readonly number[]>): string {
  const [base = 0] = [...times.values()].map(median)
  const rows = [...times].map(([name, all]) => {
    const found = median(all)
    const slow = [...all].sort((a, b) => a - b)[Math.floor(all.length * 0.9)] ?? 0
    return `| ${name} | ${found.toFixed(0)} | ${slow.toFixed(0)} | ${(found / base).toFixed(2)} |`
  })
  const isReached = [...times.values()].every((all) => median(all) < goalMs)
  const [cpu] = cpus()
  return `# How long the command takes

Written by \`npm run bench:cli\`: the packed command, ${rounds} runs of each, one after the other in turn; the server that is asked
runs beside it. ${cpus().length} x ${cpu?.model.trim()}; Node.js ${process.versions.node}; ${new Date().toISOString().slice(0, 10)}.

| command | median ms | 90th percentile ms | of the first |
| --- | ---: | ---: | ---: |
${rows.join('\n')}

The goal, a third of a second, is ${isReached ? '' : '**not** '}reached by the median of each.
`
}

function median(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0
}
