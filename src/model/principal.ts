/** Who acts: an API key, a user, a machine without one, a seed, or somebody on the server's host. */

export interface Principal {
  readonly kind: 'key' | 'user' | 'machine' | 'seed' | 'host' | 'system'
  /** The id of the key, the user, the machine or the seed in its account; 0 for the host. */
  readonly id: number
  readonly name: string
}
