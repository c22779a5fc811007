/**
 * Root keys: what wraps a store's master key. A provider keeps its root key to itself, so that one which never enters
 * this process (of a key management service, a hardware module) is a provider like any other.
 */

import type { Shares } from './shares.ts'

/** Where a root key is, as the configuration says. */
export type RootKeySource =
  | { readonly kind: 'environment'; readonly name: string; readonly text: string }
  | { readonly kind: 'file'; readonly path: string; readonly create: boolean }
  | { readonly kind: 'command'; readonly path: string }
  | {
      readonly kind: 'transit'
      readonly origin: string
      readonly namespace: string | undefined
      readonly mount: string
      readonly name: string
      /** Authorities of the server's certificate, in PEM; without it those of the system. */
      readonly caPath: string | undefined
      readonly login: TransitLogin
    }
  | {
      readonly kind: 'awskms'
      /** An id, an ARN, or an alias. */
      readonly key: string
      /** Without it, as the client finds it: in the environment or its files. */
      readonly region: string | undefined
      readonly endpoint: string | undefined
    }
  | {
      readonly kind: 'pkcs11'
      /** Label and serial number of the token: at least one of them. */
      readonly token: string | undefined
      readonly serial: string | undefined
      /** Label and id (hexadecimal) of the key: at least one of them. */
      readonly object: string | undefined
      readonly id: string | undefined
      readonly modulePath: string
      /** Of the file that has the PIN; without it nobody logs in. */
      readonly pinPath: string | undefined
    }
  /** With people: where this process collects their shares. */
  | { readonly kind: 'shamir'; readonly shares: Shares }
  | {
      readonly kind: 'tpm2'
      /** A folder. */
      readonly path: string
      /** What the key is sealed to, beside the TPM: `sha256:7,11`. */
      readonly pcrs: string | undefined
      /** How the TPM is reached, as tpm2-tools take it. */
      readonly tcti: string
    }

/** Where a key of a customer's is: never on this host, and asked with nothing that is the server's. */
export type CustomerSource =
  | Pick<Extract<RootKeySource, { readonly kind: 'transit' }>, 'kind' | 'origin' | 'namespace' | 'mount' | 'name'>
  | {
      readonly kind: 'awskms'
      readonly key: string
      readonly region: string
      readonly endpoint: string | undefined
    }

/** How a server is told who asks. What is secret is in files. */
export type TransitLogin =
  | { readonly kind: 'token'; readonly path: string }
  | { readonly kind: 'approle'; readonly mount: string; readonly roleId: string; readonly secretIdPath: string }
  | { readonly kind: 'kubernetes'; readonly mount: string; readonly role: string; readonly jwtPath: string }

/** Of providers, by who does the wrapping. A root key has its name from its kind: `awskms:` and its id. */
export const providerKinds = ['local', 'command', 'transit', 'awskms', 'pkcs11', 'shamir'] as const

export interface RootKeyProvider {
  /** Which wrapped forms it can open. */
  readonly kind: (typeof providerKinds)[number]
  /** Which key it is, as far as that can be told without using it. Kept with what it wraps; not secret. */
  readonly id: string
  /** The id of the newest of this place that the store knows of, where a place has several one after the other. */
  readonly newestId?: string
  /** What the settings call it, without anything secret. */
  readonly shown: string
  /**
   * Wraps a master key, bound to its context where the provider can.
   *
   * @throws ProviderTrouble
   */
  wrap(plain: Uint8Array, context: Uint8Array): Promise<Uint8Array>
  /**
   * Gives a new buffer, which the caller wipes.
   *
   * @returns `undefined` when this root key did not wrap it, or not in this context
   * @throws ProviderTrouble
   */
  unwrap(wrapped: Uint8Array, context: Uint8Array): Promise<Buffer | undefined>
  /**
   * Of a root key that people have: asks whoever is there for it.
   *
   * @returns whether it is worth another try
   */
  ask?(): Promise<boolean>
}

/** How a TPM is reached, unless the settings say so: by the resource manager of the kernel. */
export const usualTcti = 'device:/dev/tpmrm0'

/** Each answer of a provider is waited for so long. */
export const patienceMs = 10_000

/** Why a provider does nothing: it cannot be reached, it does not let us, or people have to open it. Each may be over later. */
export type TroubleReason = 'away' | 'denied' | 'locked'

export class ProviderTrouble extends Error {
  override readonly name = 'ProviderTrouble'
  readonly reason: TroubleReason

  /** @param message for the operator: nothing secret, and nothing that the provider's server wrote */
  constructor(reason: TroubleReason, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}
