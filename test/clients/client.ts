/** A client of others, and how it is fetched and tried. */
import type { Api } from '../support/api.ts'

/** For what is built from many modules. */
export const buildMs = 300_000

/** A line that is to end otherwise than well, or to print something in particular. */
export interface Step {
  readonly line: readonly string[]
  readonly code?: number
  readonly stdout?: string
  readonly stderr?: RegExp
}

export interface Client {
  readonly name: string
  /** Why it cannot be tried anywhere, where that is known. */
  readonly isNowhere?: string
  /** Building it takes minutes: it is tried where somebody says `SLOW_CLIENTS=1`. */
  readonly isSlow?: boolean
  readonly program: string
  /** Below this folder; nothing where `prepare` writes all of it. */
  readonly source?: string
  readonly savedAs?: string
  /** Puts into the folder what fetching needs. */
  prepare?(folder: string): void
  readonly fetch: readonly (readonly string[])[]
  /** For each line of `fetch`. */
  readonly fetchMs?: number
  /** Stores what the client expects to find. */
  stock?(api: Api): Promise<void>
  /** What it finds in its environment besides; files of it are put into the folder. */
  given?(api: Api, folder: string): Promise<Record<string, string>>
  /** Whether what was fetched can do what is to be tried. */
  hasSecretsCalls?(folder: string): boolean
  readonly run: readonly (readonly string[] | Step)[]
  readonly env?: (folder: string) => Record<string, string>
}
