/** Asking the browser for a passkey, and saying in words what it says in exceptions. */
import { browserSupportsWebAuthn, startAuthentication, startRegistration } from '@simplewebauthn/browser'
import type { Session } from '../api/client.ts'
import { passkeys } from '../api/factors.ts'

/** Not everywhere: a passkey is bound to a name, and addresses are none. */
export function canUsePasskeys(): boolean {
  return browserSupportsWebAuthn() && !/^[\d.]+$|:/.test(location.hostname)
}

export function signInWithPasskey(): Promise<Session> {
  return ask(passkeys.signIn)
}

export function confirmWithPasskey(): Promise<Session> {
  return ask(passkeys.confirm)
}

async function ask(answer: typeof passkeys.signIn): Promise<Session> {
  const optionsJSON = await passkeys.challenge()
  return answer(await startAuthentication({ optionsJSON }).catch(fail))
}

export async function makePasskey(name: string) {
  const optionsJSON = await passkeys.begin()
  return passkeys.finish(name, await startRegistration({ optionsJSON }).catch(fail))
}

/** The person changed their mind, or the device did not do it: nothing that the server knows of. */
function fail(error: unknown): never {
  const name = error instanceof Error ? error.name : ''
  if (name === 'InvalidStateError') throw new Error('This device has a passkey of yours already.')
  if (name === 'NotAllowedError' || name === 'AbortError') throw new Error('No passkey was given. Try again.')
  throw new Error('The browser could not use a passkey here.')
}
