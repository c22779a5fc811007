/** The compiler of TypeScript, for a third of the processor time that it takes by itself. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { type Ended, ending } from './cli.ts'

const program = join(import.meta.dirname, '..', '..', 'node_modules/.bin/tsc')

/**
 * Runs the compiler in a folder. Its threads would each look at the same types, and it ends before there is garbage that is
 * worth collecting.
 */
export function compile(folder: string, ...options: readonly string[]): Promise<Ended> {
  return ending(spawn(program, ['--singleThreaded', ...options], { cwd: folder, env: { ...process.env, GOGC: 'off' } }))
}
