/**
 * Root keys: what wraps a store's master key. A provider keeps its root key to itself, so that one which never enters
 * this process (of a key management service, a hardware module) is a provider like any other.
 */

/** Where the root key comes from, as the configuration says. */
export type RootKeySource =
  | { readonly kind: 'environment'; readonly text: string }
  | { readonly kind: 'file'; readonly path: string; readonly create: boolean }

export interface RootKeyProvider {
  /** Wraps a master key, bound to its context. */
  wrap(plain: Uint8Array, context: Uint8Array): Promise<Uint8Array>
  /**
   * Gives a new buffer, which the caller wipes.
   *
   * @returns `undefined` when this root key did not wrap it, or not in this context
   */
  unwrap(wrapped: Uint8Array, context: Uint8Array): Promise<Buffer | undefined>
}
