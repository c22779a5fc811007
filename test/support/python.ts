/** Python, for what cloud-init itself does with a document. */
import { spawn, spawnSync } from 'node:child_process'
import { buffer } from 'node:stream/consumers'

const found = new Map<string, boolean>()

/** Why tests with these modules are passed over; `false` when they are there. */
export function missingInPython(...modules: readonly string[]): string | false {
  const absent = modules.filter((name) => {
    const isThere = found.get(name) ?? spawnSync('/usr/bin/python3', ['-c', `import ${name}`]).status === 0
    found.set(name, isThere)
    return !isThere
  })
  return absent.length === 0 ? false : `Python's ${absent.join(' and ')} is not installed`
}

/** Runs a program over `input`, which it finds as `data`; what it leaves in `out` comes back. Both cross as JSON. */
export function python(program: string, input: unknown): unknown {
  const { status, stdout, stderr } = spawnSync('/usr/bin/python3', ['-c', wholeOf(program)], {
    input: JSON.stringify(input),
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    env: environment,
  })
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}

/** The same, for a program that asks a server of this process. */
export async function pythonBeside(program: string, input: unknown): Promise<unknown> {
  const child = spawn('/usr/bin/python3', ['-c', wholeOf(program)], { env: environment })
  child.stdin.end(JSON.stringify(input))
  const ended = new Promise((resolve) => child.once('close', resolve))
  const [status, out, errors] = await Promise.all([ended, buffer(child.stdout), buffer(child.stderr)])
  if (status !== 0) throw new Error(errors.toString())
  return JSON.parse(out.toString())
}

const environment = { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', PYTHONIOENCODING: 'utf-8' }

function wholeOf(program: string): string {
  return `import json, sys\nanswer, sys.stdout = sys.stdout, sys.stderr\ndata = json.load(sys.stdin)\n${program}\njson.dump(out, answer)\n`
}
