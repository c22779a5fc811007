/** Passkeys: the browser's own calls, with options and answers as JSON. */
type Json = Readonly<Record<string, unknown>>

export const hasPasskeys =
  typeof PublicKeyCredential !== 'undefined' && typeof PublicKeyCredential.parseCreationOptionsFromJSON === 'function'

/** @throws DOMException when the person gives up or the device refuses */
export async function createPasskey(options: Json): Promise<unknown> {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(
    options as unknown as PublicKeyCredentialCreationOptionsJSON,
  )
  return asJson(await navigator.credentials.create({ publicKey }))
}

/** @throws DOMException when the person gives up or no passkey fits */
export async function askPasskey(options: Json): Promise<unknown> {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(
    options as unknown as PublicKeyCredentialRequestOptionsJSON,
  )
  return asJson(await navigator.credentials.get({ publicKey }))
}

function asJson(credential: Credential | null): unknown {
  if (!(credential instanceof PublicKeyCredential)) throw new Error('The browser gave no passkey.')
  return credential.toJSON()
}

/** What to tell the person when it did not work, or nothing when they gave up themselves. */
export function passkeyTrouble(error: unknown): string | undefined {
  if (!(error instanceof DOMException)) return undefined
  if (error.name === 'NotAllowedError' || error.name === 'AbortError') return 'No passkey was used. Try again.'
  if (error.name === 'InvalidStateError') return 'This device has a passkey for this account already.'
  if (error.name === 'SecurityError') return 'Passkeys need a page with TLS and a name, not an address.'
  return 'The device could not use a passkey.'
}
