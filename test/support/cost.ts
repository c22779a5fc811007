/** What a file of tests costs, in a group of them or with a store: `npm test` prints the dearest at its end. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { basename, relative } from 'node:path'
import { isMainThread } from 'node:worker_threads'

export interface Cost {
  readonly file: string
  /** Seconds of CPU, of the processes that it started and that have ended too. */
  readonly cpu: number
}

const costs = process.env['STRONGROOM_TEST_COSTS']

/** Seconds that this process has taken, and those that it started and that have ended. */
export function cpu(): number {
  const { user, system } = process.cpuUsage()
  return cpuOf(process.pid) ?? (user + system) / 1e6
}

/** The same of another process, where the system tells. */
export function cpuOf(pid: number): number | undefined {
  const stat = `/proc/${pid}/stat`
  if (!existsSync(stat)) return undefined
  // utime, stime, cutime and cstime, in hundredths of a second (proc_pid_stat(5)); the name before may have blanks.
  const [, fields = ''] = /\) (.*)/.exec(readFileSync(stat, 'utf8')) ?? []
  return (
    fields
      .split(' ')
      .slice(11, 15)
      .reduce((sum, ticks) => sum + Number(ticks), 0) / 100
  )
}

let noted = 0

/** Notes what a file has cost, where this is part of `npm test`. */
export function note(file: string, seconds: number): void {
  noted += seconds
  if (costs !== undefined) appendFileSync(costs, `${JSON.stringify({ file, cpu: seconds } satisfies Cost)}\n`)
}

const file = process.argv[1]
// Not what a test starts of its own.
if (isMainThread && file !== undefined && /\.test\.(?:ts|mjs)$/.test(file)) {
  process.once('exit', () => note(file, cpu() - noted))
}

/** What was noted. */
export function costsIn(path: string): readonly Cost[] {
  const lines = existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : []
  return lines.filter((line) => line !== '').map((line): Cost => JSON.parse(line))
}

/** The dearest of what was noted, in lines. */
export function dearest(path: string, count: number): readonly string[] {
  const noted = costsIn(path)
  const sum = noted.reduce((total, one) => total + one.cpu, 0)
  const sorted = noted.toSorted((a, b) => b.cpu - a.cpu).slice(0, count)
  return [
    `CPU of ${noted.filter(({ file }) => !isGroup(file)).length} files: ${sum.toFixed(0)} s; the dearest:`,
    ...sorted.map(({ file, cpu }) => `${cpu.toFixed(1).padStart(7)} s  ${nameOf(file)}`),
  ]
}

const ofGroup = '.test.mjs'

function isGroup(file: string): boolean {
  return file.endsWith(ofGroup)
}

/** Of a group it is what its files share: what they load, and a browser. */
function nameOf(file: string): string {
  return isGroup(file) ? `what is shared in ${basename(file, ofGroup)}` : relative(process.cwd(), file)
}
