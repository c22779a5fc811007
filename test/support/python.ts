/** Python, for what cloud-init itself does with a document. */
import { spawnSync } from 'node:child_process'

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
  const whole = `import json, sys\nanswer, sys.stdout = sys.stdout, sys.stderr\ndata = json.load(sys.stdin)\n${program}\njson.dump(out, answer)\n`
  const { status, stdout, stderr } = spawnSync('/usr/bin/python3', ['-c', whole], {
    input: JSON.stringify(input),
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    env: { PATH: '/usr/bin:/bin', PYTHONIOENCODING: 'utf-8' },
  })
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}
