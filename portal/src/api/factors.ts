/** What people sign in with beside the password. A passkey is asked for by the server and given by the browser. */
import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/browser'
import { once, StrongroomError } from './client.ts'

export const factors = {
  mine: () => once('GET /v3/session/factors', {}),
  beginTotp: () => once('POST /v3/session/totp', {}),
  finishTotp: (enrolment: string, code: string) => once('PUT /v3/session/totp', { body: { enrolment, code } }),
  newCodes: () => once('POST /v3/session/recovery-codes', {}),
  rename: (id: number, name: string) => once('PATCH /v3/session/factors/{id}', { id, body: { name } }),
  remove: (id: number) => once('DELETE /v3/session/factors/{id}', { id }),
}

export const passkeys = {
  begin: async () => checked(isCreation, await once('POST /v3/session/passkeys/challenge', {})),
  finish: (name: string, { clientExtensionResults, ...credential }: RegistrationResponseJSON) =>
    once('POST /v3/session/passkeys', {
      body: { name, credential: { ...credential, clientExtensionResults: { ...clientExtensionResults } } },
    }),
  challenge: async () => checked(isRequest, await once('POST /v3/session/passkey/challenge', {})),
  signIn: (answer: AuthenticationResponseJSON) =>
    once('POST /v3/session/passkey', { body: { passkey: plain(answer) } }),
  confirm: (answer: AuthenticationResponseJSON) =>
    once('POST /v3/session/confirm', { body: { passkey: plain(answer) } }),
}

function plain({ clientExtensionResults, ...answer }: AuthenticationResponseJSON) {
  return { ...answer, clientExtensionResults: { ...clientExtensionResults } }
}

/** What WebAuthn names is the browser's to understand: of it is checked what the portal would stumble over. */
function isRequest(options: object): options is PublicKeyCredentialRequestOptionsJSON {
  return 'challenge' in options && typeof options.challenge === 'string'
}

function isCreation(options: object): options is PublicKeyCredentialCreationOptionsJSON {
  return isRequest(options) && 'user' in options && 'rp' in options && 'pubKeyCredParams' in options
}

function checked<T extends object>(is: (options: object) => options is T, options: object): T {
  if (is(options)) return options
  throw new StrongroomError({ code: 'unexpected_answer', message: 'The server asked for no passkey. Reload the page.' })
}
