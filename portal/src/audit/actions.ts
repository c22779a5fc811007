/** The actions of the trail: their names, and in which part of a plot they are. */

/** Those that the trail can be filtered by. */
export const actions = [
  'authenticate',
  'secret.list',
  'secret.read',
  'secret.create',
  'secret.update',
  'secret.delete',
  'secret.move',
  'secret.fingerprint',
  'metadata.read',
  'metadata.update',
  'version.list',
  'version.read',
  'version.restore',
  'render',
  'list.list',
  'list.read',
  'list.values',
  'list.create',
  'list.rename',
  'list.delete',
  'machine.list',
  'machine.read',
  'machine.create',
  'machine.delete',
  'settings.read',
  'settings.update',
  'key.list',
  'key.read',
  'key.create',
  'key.rotate',
  'key.revoke',
  'audit.read',
  'audit.verify',
  'account.read',
  'account.create',
  'account.rotate_key',
  'account.rewrap_key',
  'account.drop_key',
  'deployment.list',
  'deployment.delete',
  'seed.create',
  'seed.list',
  'seed.read',
  'seed.delete',
  'seed.fetch',
  'seed.return',
  'user.list',
  'user.read',
  'user.create',
  'user.update',
  'user.delete',
  'user.accept',
  'session.open',
  'session.read',
  'session.confirm',
  'session.end',
  'factor.add',
  'factor.use',
  'factor.change',
  'factor.remove',
  'sign_in.read',
  'sign_in.update',
  'trust_rule.list',
  'trust_rule.read',
  'trust_rule.create',
  'trust_rule.update',
  'trust_rule.delete',
  'auth.oidc',
  'master_key.add',
  'root_key.add',
  'root_key.drop',
  'store.backup',
  'store.restore',
  'store.migrate',
] as const

export const kinds = ['Reads of values', 'Changes', 'Listings', 'Keys and account', 'Refused', 'Other'] as const
export type Kind = (typeof kinds)[number]

export function kindOf(action: string, outcome: string): Kind {
  if (outcome !== 'ok' && outcome !== 'replayed') return 'Refused'
  if (/^(secret\.read|version\.read|list\.values|render|seed\.fetch)$/.test(action)) return 'Reads of values'
  if (/^(secret|metadata|version|list)\.(create|update|delete|move|restore|rename)$/.test(action)) return 'Changes'
  if (/\.(list|read)$/.test(action)) return 'Listings'
  if (
    /^(key|machine|settings|account|root_key|user|session|invitation|factor|sign_in|seed|deployment|trust_rule|auth|master_key|audit\.verify)\b/.test(
      action,
    )
  ) {
    return 'Keys and account'
  }
  return 'Other'
}
