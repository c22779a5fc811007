/** What people sign in with beside the password, and how their account wants them to. */
import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/browser'
import type { NewSso, SignInRules, Sso } from '../../../src/client/index.ts'
import { call, type Session } from './account.ts'

interface Used {
  readonly created_at: string
  readonly last_used_at: string | null
}

export interface Factors {
  readonly passkeys: readonly (Used & { readonly id: number; readonly name: string })[]
  readonly authenticator: (Used & { readonly id: number }) | null
  readonly recovery_codes_left: number
  readonly sso: readonly (Used & { readonly issuer: string })[]
}

export interface Enrolment {
  readonly enrolment: string
  readonly secret: string
  readonly uri: string
}

/** Shown once; `null` where there are some already. */
export interface Codes {
  readonly recovery_codes: readonly string[] | null
}

export const factors = {
  mine: () => call<Factors>('GET', '/v3/session/factors'),
  beginTotp: () => call<Enrolment>('POST', '/v3/session/totp'),
  finishTotp: (enrolment: string, code: string) => call<Codes>('PUT', '/v3/session/totp', { enrolment, code }),
  beginPasskey: () => call<PublicKeyCredentialCreationOptionsJSON>('POST', '/v3/session/passkeys/challenge'),
  finishPasskey: (name: string, credential: RegistrationResponseJSON) =>
    call<Codes & { readonly id: number }>('POST', '/v3/session/passkeys', { name, credential }),
  newCodes: () => call<Codes>('POST', '/v3/session/recovery-codes'),
  rename: (id: number, name: string) => call<unknown>('PATCH', `/v3/session/factors/${id}`, { name }),
  remove: (id: number) => call<unknown>('DELETE', `/v3/session/factors/${id}`),
  challenge: () => call<PublicKeyCredentialRequestOptionsJSON>('POST', '/v3/session/passkey/challenge'),
  signIn: (passkey: AuthenticationResponseJSON) => call<Session>('POST', '/v3/session/passkey', { passkey }),
  confirm: (passkey: AuthenticationResponseJSON) => call<Session>('POST', '/v3/session/confirm', { passkey }),
}

export interface Provider {
  readonly account: string
  readonly label: string
}

interface Away {
  readonly url: string
}

/** What somebody must know to sign in. */
export interface WaysIn {
  /** Of the account that is asked for, or the only one. */
  readonly provider: Provider | null
  /** Whether the server has several accounts. */
  readonly account_required: boolean
}

export const sso = {
  waysIn: (account: string) =>
    call<WaysIn>('GET', `/v3/session/sso${account === '' ? '' : `?account=${encodeURIComponent(account)}`}`),
  begin: (account: string, isFresh: boolean, path: string) =>
    call<Away>('POST', '/v3/session/sso', { account, fresh: isFresh, return: path }),
  link: (path: string) => call<Away>('POST', '/v3/session/sso/link', { return: path }),
  settings: () => call<Sso>('GET', '/v3/sso'),
  put: (settings: Omit<NewSso, 'client_secret'>, secret: string) =>
    call<Sso>('PUT', '/v3/sso', { ...settings, ...(secret === '' ? {} : { client_secret: secret }) }),
  remove: () => call<unknown>('DELETE', '/v3/sso'),
}

export const rules = {
  get: () => call<SignInRules>('GET', '/v3/sign-in'),
  put: (isRequired: boolean) => call<SignInRules>('PUT', '/v3/sign-in', { second_factor_required: isRequired }),
}
