/** What commands are given: standard input, whole and bounded, and times and numbers as they are typed. */
import { readFileSync } from 'node:fs'
import { parseTime } from '../model/time.ts'
import { Fault } from './output.ts'
import { reasonOf } from './system.ts'

/** No server takes a longer value. */
const maxInputBytes = 16 * 2 ** 20

/** @throws Fault `usage` for more than any server takes */
export async function readStandardInput(): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of process.stdin) {
    const bytes = Buffer.from(chunk)
    length += bytes.length
    if (length > maxInputBytes) throw new Fault('usage', 'Standard input is longer than any value may be (16 MiB).')
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}

/**
 * Standard input for what nobody may read over a shoulder, where no prompt can hide it.
 *
 * @throws Fault `usage` when it is a terminal, which would show what is typed
 */
export async function readHiddenInput(): Promise<Buffer> {
  if (process.stdin.isTTY !== true) return readStandardInput()
  throw new Fault('usage', 'Standard error is not the terminal, so what you type would be shown. Do not redirect it.')
}

/** @throws Fault `failure` naming the file */
export function readInputFile(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new Fault('failure', `${path} cannot be read: ${reasonOf(error)}.`)
  }
}

/** @throws Fault `usage` naming the option */
export function numberOf(option: string, text: string, least: number, most: number): number {
  const number = Number(text)
  if (/^\d{1,15}$/.test(text) && number >= least && number <= most) return number
  throw new Fault('usage', `${option} must be a whole number from ${least} to ${most}.`)
}

/**
 * A time as the API takes it: such as 2027-01-31, 2027-01-31T12:00:00Z, or "90d" from now (s, m, h, d).
 *
 * @param direction 1 for a length of time from now on, -1 for one that has passed
 * @throws Fault `usage` naming the option
 */
export function timeOf(option: string, text: string, direction: 1 | -1 = 1): string {
  const [, amount, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  const length = Number(amount) * (unitSeconds[unit] ?? 0) * 1000
  const milliseconds = amount === undefined ? parseTime(text) : Date.now() + direction * length
  if (milliseconds !== undefined) return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`
  throw new Fault('usage', `${option} must be a time such as 2027-01-31T00:00:00Z, or a length of time such as 90d.`)
}

/**
 * A length of time in seconds: 3600, or such as "1h".
 *
 * @throws Fault `usage` naming the option
 */
export function secondsOf(option: string, text: string): number {
  const [, amount, unit = 's'] = /^(\d{1,8})([smhd]?)$/.exec(text) ?? []
  if (amount !== undefined) return Number(amount) * (unitSeconds[unit || 's'] ?? 1)
  throw new Fault('usage', `${option} must be a length of time such as 90m, 12h or 7d.`)
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 60 * 60, d: 24 * 60 * 60 }
