/** Commands on the host in this process, for tests that look at what they do. */
import { environment, type Ran } from './child.ts'
import type { Place } from './engines.ts'
import { runInProcess } from './in-process.ts'

/** Runs a host command to its end. */
export async function runHere(
  place: Place,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const { code, stdout, stderr } = await runInProcess(words, { env: { ...environment(place), ...env } })
  return { code, stdout: stdout.toString(), stderr: stderr.toString() }
}
