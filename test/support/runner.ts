/**
 * The runner of GitHub Actions, as far as its documents describe it to an action: inputs come as variables, commands go
 * to standard output, outputs and variables go to files, and what was masked does not show in the log.
 */
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { parse } from 'yaml'
import { makeFolder } from './engines.ts'

const root = join(import.meta.dirname, '..', '..')

interface Metadata {
  readonly inputs: Readonly<Record<string, { readonly required?: boolean; readonly default?: string }>>
  readonly runs: { readonly using: string; readonly main: string; readonly post: string }
}

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** What was said to the runner, in its order. */
  readonly commands: readonly Command[]
  readonly masks: readonly string[]
  readonly errors: readonly string[]
  /** Lines of the log that are no commands. */
  readonly lines: readonly string[]
  readonly outputs: Readonly<Record<string, string>>
  readonly variables: Readonly<Record<string, string>>
  /** What the step leaves for its end. */
  readonly state: Readonly<Record<string, string>>
  /** Ends the job, with these further variables. */
  readonly end: (environment?: Readonly<Record<string, string>>) => Promise<Ended>
  /** What is shown of a text that a later step prints. */
  readonly shown: (text: string) => string
}

export type Ended = Pick<Ran, 'code' | 'stdout' | 'stderr' | 'commands' | 'lines'>

export interface Command {
  readonly name: string
  readonly data: string
}

export function metadata(): Metadata {
  return parse(readFileSync(join(root, 'action.yml'), 'utf8'))
}

/**
 * Runs the action of this repository as a step with these inputs.
 *
 * @param before words that the program is started by, such as a shell with limits
 */
export async function runAction(
  t: Pick<TestContext, 'after'>,
  inputs: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string>> = {},
  before: readonly string[] = [],
): Promise<Ran> {
  const folder = makeFolder()
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const [output, variables, state] = ['set_output', 'set_env', 'save_state'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  const files = { output, variables, state, work: join(folder, 'work') }
  for (const path of [output, variables, state]) writeFileSync(path, '')
  mkdirSync(files.work)
  const { runs, inputs: known } = metadata()
  const given = Object.entries({
    ...Object.fromEntries(Object.entries(known).map(([name, input]) => [name, input.default ?? ''])),
    ...inputs,
  }).map(([name, value]) => [`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`, value])
  const env = {
    PATH: process.env['PATH'],
    GITHUB_ACTIONS: 'true',
    GITHUB_OUTPUT: files.output,
    GITHUB_ENV: files.variables,
    GITHUB_STATE: files.state,
    ...Object.fromEntries(given),
    ...environment,
  }
  const ran = await start(join(root, runs.main), files.work, env, before)
  const { commands } = ran
  const saved = pairsIn(readFileSync(files.state, 'utf8'))
  const masks = commands.filter(({ name }) => name === 'add-mask').map(({ data }) => data)
  return {
    ...ran,
    masks,
    errors: commands.filter(({ name }) => name === 'error').map(({ data }) => data),
    state: saved,
    end: (more) => {
      const state = Object.entries(saved).map(([name, value]) => [`STATE_${name}`, value])
      return start(join(root, runs.post), files.work, { ...env, ...Object.fromEntries(state), ...more })
    },
    outputs: pairsIn(readFileSync(files.output, 'utf8')),
    variables: pairsIn(readFileSync(files.variables, 'utf8')),
    shown: (text) =>
      text
        .split(/\r\n|\r|\n/)
        .map((line) => hidden(line, masks))
        .join('\n'),
  }
}

function start(main: string, cwd: string, env: NodeJS.ProcessEnv, before: readonly string[] = []) {
  const [program = '', ...words] = [...before, process.execPath, main]
  return new Promise<Ended>((resolve) => {
    execFile(program, words, { cwd, env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      const read = stdout.split('\n').filter((line) => line !== '')
      resolve({
        code: error === null ? 0 : Number(error.code ?? 1),
        stdout,
        stderr,
        commands: read.flatMap((line) => commandOf(line) ?? []),
        lines: read.filter((line) => commandOf(line) === undefined),
      })
    })
  })
}

/** `::name properties::data`, in which three characters are escaped. The older form may stand anywhere in a line. */
export function commandOf(line: string): Command | undefined {
  const [, name, data = ''] =
    /^\s*::([a-z-]+)(?: [^:]*)?::(.*)$/s.exec(line) ?? /##\[([a-z-]+)[^\]]*\](.*)$/s.exec(line) ?? []
  if (name === undefined) return undefined
  return { name, data: data.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%') }
}

/** `NAME=VALUE`, or `NAME<<DELIMITER`, the value, and the delimiter on a line of its own. */
export function pairsIn(text: string): Record<string, string> {
  const pairs: Record<string, string> = {}
  const lines = text.split('\n')
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? ''
    if (line === '') continue
    const [, name = '', sign = '', rest = ''] = /^(.*?)(=|<<)(.*)$/.exec(line) ?? []
    if (name === '' || (sign === '<<' && rest === '')) throw new Error(`A line that the runner refuses: ${line}`)
    const end = lines.indexOf(rest, at + 1)
    if (sign === '<<' && end < 0) throw new Error(`No end of what begins with ${line}`)
    pairs[name] = sign === '=' ? rest : lines.slice(at + 1, end).join('\n')
    if (sign === '<<') at = end
  }
  return pairs
}

/** A log is masked line by line; of two masks that overlap, the longer one counts. */
function hidden(line: string, masks: readonly string[]): string {
  return [...masks]
    .sort((a, b) => b.length - a.length)
    .reduce((shown, mask) => shown.replaceAll(mask, () => '***'), line)
}
