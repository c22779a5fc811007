/** Who acts: an API key, a user, a machine without one, a seed, a job with its issuer's token, a command that asks for a key, whoever has a wrapping token, or somebody on the host. */

export const principalKinds = [
  'key',
  'user',
  'machine',
  'seed',
  'workload',
  'login',
  'wrapping',
  'host',
  'system',
] as const

export interface Principal {
  readonly kind: (typeof principalKinds)[number]
  /** The id of the key, the user, the machine, the seed, the login, the wrapped answer or a job's trust rule in its account; 0 for the host. */
  readonly id: number
  readonly name: string
}
