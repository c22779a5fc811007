/** The server that a command asks, and the API key that it asks with: from the environment, or from a profile. */
import { Strongroom } from '../client/strongroom.ts'
import { variable } from './environment.ts'
import { complain, Fault } from './output.ts'
import { type Profile, readProfiles } from './profiles.ts'

export interface Where extends Profile {
  /** Where the URL and the key come from, in words. */
  readonly source: string
}

interface Wanted {
  /** As it was typed. */
  readonly profile?: string | undefined
}

/**
 * The client for one command.
 *
 * @throws Fault `usage` if it is not known whom to ask
 */
export function connect(wanted: Wanted): Strongroom {
  return clientOf(whereTo(wanted))
}

/** @throws Fault `usage` for a URL or a key that cannot be one; neither is quoted */
export function clientOf({ url, apiKey }: Profile): Strongroom {
  try {
    return new Strongroom({ url, apiKey, timeoutMs: 30_000 })
  } catch (error) {
    if (error instanceof TypeError) throw new Fault('usage', error.message)
    throw error
  }
}

/** `STRONGROOM_URL` and `STRONGROOM_API_KEY`, each of which wins over what the profile has. */
export function whereTo({ profile }: Wanted): Where {
  const url = variable('STRONGROOM_URL')
  const apiKey = variable('STRONGROOM_API_KEY')
  if (url !== undefined && apiKey !== undefined) {
    if (profile !== undefined) complain(`STRONGROOM_URL and STRONGROOM_API_KEY win over --profile ${profile}.`)
    return { url, apiKey, source: 'STRONGROOM_URL and STRONGROOM_API_KEY' }
  }
  const stored = storedProfile(profile ?? variable('STRONGROOM_PROFILE'))
  if (stored === undefined) throw nowhere(url, apiKey)
  if (url !== undefined && url !== stored.url) {
    // A key is for its own server alone, whatever a folder's settings say.
    // Not quoted: who writes a user and a password into it has them on no screen.
    const text = `STRONGROOM_URL names another server than the one that the key of the profile is for, ${stored.url}.`
    throw new Fault('usage', `${text} Set STRONGROOM_API_KEY too, or unset STRONGROOM_URL.`)
  }
  const how = apiKey === undefined ? `profile ${stored.name}` : `STRONGROOM_API_KEY, and profile ${stored.name}`
  return { url: stored.url, apiKey: apiKey ?? stored.apiKey, source: how }
}

function storedProfile(wanted: string | undefined): (Profile & { readonly name: string }) | undefined {
  const { current, profiles } = readProfiles()
  const name = wanted ?? current
  const found = name === undefined ? undefined : profiles.get(name)
  if (name !== undefined && found !== undefined) return { ...found, name }
  if (wanted === undefined) return undefined
  const known = profiles.size === 0 ? 'none is stored' : `there are ${[...profiles.keys()].join(', ')}`
  throw new Fault('usage', `No profile is called "${wanted}": ${known}. See "strongroom profiles".`)
}

function nowhere(url: string | undefined, apiKey: string | undefined): Fault {
  if (url !== undefined) return new Fault('usage', 'STRONGROOM_URL is set, and STRONGROOM_API_KEY is not.')
  if (apiKey !== undefined) return new Fault('usage', 'STRONGROOM_API_KEY is set, and STRONGROOM_URL is not.')
  return new Fault('usage', 'No server is known. Run "strongroom login", or set STRONGROOM_URL and STRONGROOM_API_KEY.')
}
