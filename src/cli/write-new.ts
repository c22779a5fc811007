/** Writes a file where there is none. */
import { closeSync, constants, openSync, writeFileSync } from 'node:fs'
import { Fault } from './output.ts'

/**
 * Never into a file that is there, whose readers are not known.
 *
 * @param otherwise what to do when it is there
 * @throws Fault `conflict`, `failure`
 */
export function writeNew(path: string, bytes: Buffer, mode: number, otherwise: string): void {
  try {
    const file = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, mode)
    try {
      writeFileSync(file, bytes)
    } finally {
      closeSync(file)
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') {
      throw new Fault('conflict', `${path} is there already. ${otherwise}`)
    }
    throw new Fault(
      'failure',
      `${path} cannot be written: ${error instanceof Error ? error.message : 'unknown error'}.`,
    )
  }
}
