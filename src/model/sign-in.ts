/** How the people of an account must sign in. Every account has a row of these from the beginning. */
import type { Role } from './user.ts'

export interface SignInRules {
  readonly accountId: number
  /** Whether a password alone is never enough. */
  readonly isSecondFactorRequired: boolean
  readonly sso: SsoSettings | null
  readonly mac: Uint8Array
}

/** An OpenID provider that the account trusts to say who somebody is. */
export interface SsoSettings {
  /** Random, with every change of issuer or client: what the client secret is sealed for. Hexadecimal, 16 bytes. */
  readonly uid: string
  /** What the button says. */
  readonly label: string
  readonly issuer: string
  readonly clientId: string
  /** Sealed; base64. */
  readonly clientSecret: string
  /** Whose addresses may come without an invitation, in lower case; only with `role`. */
  readonly domains: readonly string[]
  /** What such people become; `null`: only who was invited may come. */
  readonly role: SsoRole | null
  /** Whether nobody but owners may sign in otherwise. */
  readonly isOnly: boolean
}

export const ssoRoles = ['editor', 'reader', 'auditor'] as const satisfies readonly Role[]

export type SsoRole = (typeof ssoRoles)[number]

/** As it is stored, its members in a fixed order. */
export function ssoText(sso: SsoSettings | null): string | null {
  if (sso === null) return null
  const { uid, label, issuer, clientId, clientSecret, domains, role, isOnly } = sso
  return JSON.stringify({ uid, label, issuer, clientId, clientSecret, domains, role, isOnly })
}
