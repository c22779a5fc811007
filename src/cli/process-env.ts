/** The environment as commands that ask a server read it: with `config.ts`, the only reader of `process.env`. */
import { homedir } from 'node:os'
import { join } from 'node:path'

/** @returns `undefined` for a variable that is empty, too */
export function variable(name: string): string | undefined {
  return process.env[name] || undefined
}

/** What reads secrets, or becomes a key that does. */
const keyVariables: ReadonlySet<string> = new Set([
  'STRONGROOM_API_KEY',
  'STRONGROOM_TOKEN',
  'STRONGROOM_CLIENT_SECRET',
])

/**
 * The environment that a command is started with, without the API key: it is for what reads secrets, and the command
 * that it is started for has been given its own.
 */
export function environmentForOthers(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => {
      return value === undefined || keyVariables.has(name) ? [] : [[name, value]]
    }),
  )
}

/** Where the operating system keeps the settings of its user's programs. */
export function configFolder(): string {
  const own = variable('XDG_CONFIG_HOME')
  if (own !== undefined) return join(own, 'strongroom')
  if (process.platform === 'win32')
    return join(variable('APPDATA') ?? join(homedir(), 'AppData', 'Roaming'), 'strongroom')
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'strongroom')
  return join(homedir(), '.config', 'strongroom')
}
