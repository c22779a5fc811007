/** What a key may not do, and a command can do without. */
import { Forbidden } from '../client/errors.ts'

/** @returns `undefined` when the key has no right to it */
export async function ifAllowed<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Forbidden) return undefined
    throw error
  }
}
