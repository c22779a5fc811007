/** Who acts: an API key, a user, a machine without one, or somebody on the server's host. */

export interface Principal {
  readonly kind: 'key' | 'user' | 'machine' | 'host' | 'system'
  /** The id of the key, the user or the machine in its account; 0 for the host. */
  readonly id: number
  readonly name: string
}
