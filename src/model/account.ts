/** An account: a tenant with its own secrets, keys and audit chain. */

export interface Account {
  readonly id: number
  readonly name: string
  readonly createdAt: number
  readonly nextSecretId: number
  readonly nextKeyId: number
  readonly nextListId: number
  readonly nextMachineId: number
  readonly nextUserId: number
  readonly nextDeploymentId: number
  readonly nextSeedId: number
  readonly nextTrustRuleId: number
  /** Records in the account's audit chain, the chain's head, and the newest record's time. */
  readonly auditSize: number
  readonly auditHead: Uint8Array
  readonly auditAt: number
}

/** An account key, sealed under the master key. */
export interface AccountKey {
  readonly accountId: number
  readonly version: number
  readonly wrapped: Uint8Array
}
