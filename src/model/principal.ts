/** Who acts: an API key, a machine without one, or somebody on the server's host. */

export interface Principal {
  readonly kind: 'key' | 'machine' | 'host' | 'system'
  /** The id of the key or the machine in its account; 0 for the host. */
  readonly id: number
  readonly name: string
}
