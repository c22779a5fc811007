/** Why a host of PostgreSQL cannot be used: known without what connects to it. */
import { codeOf } from '../../error-code.ts'

/** Why a host cannot be used. */
export class Unusable extends Error {
  override readonly name = 'Unusable'
  /** Whether it may be another time, with nothing changed in what it is or what is set. */
  readonly mayCome: boolean

  constructor(reason: string, mayCome: boolean) {
    super(reason)
    this.mayCome = mayCome
  }

  static of(error: unknown): Unusable {
    return error instanceof Unusable ? error : new Unusable(reasonOf(error), isPassing(error))
  }
}

/** Of a fault of the connection, which may name the host, or an error of the server, which quotes what was sent. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  const code = codeOf(error) ?? ''
  // Several addresses that all refuse are one error without words.
  if (error.message === '') return code === '' ? 'unknown' : code
  return error.message.replaceAll(/"[^"]*"/g, '"…"').replace(/(no such (?:user|database)):.*/s, '$1')
}

/** The server is not there, does not answer, is full, or has yet to start or stop (classes 08, 53 and 57). */
function isPassing(error: unknown): boolean {
  const code = codeOf(error) ?? ''
  return !/^[0-9A-Z]{5}$/.test(code) || /^(08|53|57)/.test(code)
}
