/** Who acts: an API key, or somebody on the server's host. */

export interface Principal {
  readonly kind: 'key' | 'host' | 'system'
  /** The key's id in its account; 0 for the host. */
  readonly id: number
  readonly name: string
}
