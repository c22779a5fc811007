/** What happened, as people say it: of each action of the trail, and what it was done to. */
import type { Action, Aside } from '../../../src/audit/record.ts'
import type { AuditRecord } from '../api/client.ts'
import { firstEnvironment } from '../api/environment.ts'

/** What somebody did; what it was done to follows, if there is something. */
const words: Readonly<Record<Action | Aside, string>> = {
  authenticate: 'Tried to authenticate',
  'secret.list': 'Listed secrets',
  'secret.read': 'Read secret',
  'secret.create': 'Created secret',
  'secret.update': 'Updated secret',
  'secret.delete': 'Deleted secret',
  'secret.keep': 'Kept for restoring: secret',
  'secret.restore': 'Restored secret',
  'secret.purge': 'Purged secret',
  'secret.rollback': 'Rolled back secret',
  rollback: 'Rolled back environment',
  'secret.fingerprint': 'Made fingerprints',
  'secret.access': 'Viewed access',
  'metadata.read': 'Viewed details of secret',
  'metadata.update': 'Edited details of secret',
  'secret.move': 'Moved secret',
  'environment.list': 'Listed environments',
  'environment.read': 'Viewed environment',
  'environment.create': 'Created environment',
  'environment.update': 'Updated environment',
  'environment.delete': 'Deleted environment',
  'environment.keep': 'Kept for restoring: environment',
  'environment.restore': 'Restored environment',
  'environment.purge': 'Purged environment',
  'deleted.list': 'Listed what can be restored',
  'list.list': 'Listed lists',
  'list.read': 'Viewed list',
  'list.values': 'Read all values in list',
  'list.create': 'Created list',
  'list.rename': 'Renamed list',
  'list.delete': 'Deleted list',
  'list.keep': 'Kept for restoring: list',
  'list.restore': 'Restored list',
  'list.purge': 'Purged list',
  render: 'Rendered a template',
  'deployment.list': 'Listed deployments',
  'deployment.delete': 'Removed deployment',
  'seed.create': 'Created seed',
  'seed.list': 'Listed seeds',
  'seed.read': 'Viewed seed',
  'seed.delete': 'Revoked seed',
  'seed.fetch': 'Fetched seed',
  'seed.refetch': 'Fetched a used seed',
  'seed.return': 'Returned seed',
  'version.list': 'Viewed versions of secret',
  'version.read': 'Read an old version of secret',
  'version.restore': 'Restored a version of secret',
  'version.destroy': 'Destroyed a version of secret',
  'machine.list': 'Listed machines',
  'machine.read': 'Viewed machine',
  'machine.create': 'Added machine',
  'machine.delete': 'Removed machine',
  'settings.read': 'Viewed settings',
  'settings.update': 'Changed settings',
  'user.list': 'Listed users',
  'user.read': 'Viewed user',
  'user.create': 'Invited user',
  'user.update': 'Updated user',
  'user.delete': 'Removed user',
  'user.accept': 'Accepted invite of user',
  'session.open': 'Signed in',
  'session.read': 'Viewed sessions',
  'session.confirm': 'Confirmed their identity',
  'session.end': 'Signed out',
  'login.begin': 'Started a device sign-in',
  'login.read': 'Viewed a device sign-in',
  'login.confirm': 'Approved a device sign-in',
  'login.refuse': 'Denied a device sign-in',
  'login.cancel': 'Canceled a device sign-in',
  'login.redeem': 'Finished a device sign-in',
  'wrapping.create': 'Wrapped an answer for',
  'wrapping.read': 'Viewed a wrapping token for',
  'wrapping.open': 'Opened a wrapped answer for',
  'wrapping.rotate': 'Replaced a wrapping token for',
  'trust_rule.list': 'Listed trust rules',
  'trust_rule.read': 'Viewed trust rule',
  'trust_rule.create': 'Created trust rule',
  'trust_rule.update': 'Updated trust rule',
  'trust_rule.delete': 'Deleted trust rule',
  'webhook.list': 'Listed webhooks',
  'webhook.read': 'Viewed webhook',
  'webhook.create': 'Created webhook',
  'webhook.update': 'Updated webhook',
  'webhook.rotate': 'Rotated a webhook’s secret',
  'webhook.delete': 'Deleted webhook',
  'webhook.disable': 'Disabled webhook',
  'webhook.test': 'Tested webhook',
  'webhook.retry': 'Retried a delivery',
  'auth.oidc': 'Exchanged an OIDC token',
  'factor.change': 'Changed two-factor authentication',
  'factor.add': 'Added two-factor authentication',
  'factor.remove': 'Removed two-factor authentication',
  'factor.use': 'Used two-factor authentication',
  'sign_in.read': 'Viewed sign-in settings',
  'sign_in.update': 'Changed sign-in settings',
  'key.list': 'Listed API keys',
  'key.read': 'Viewed API key',
  'key.create': 'Created API key',
  'key.rotate': 'Rotated API key',
  'key.revoke': 'Revoked API key',
  'key.usage': 'Viewed key usage',
  'audit.read': 'Viewed the audit log',
  'audit.verify': 'Verified the audit log',
  'event.listen': 'Listened to events',
  'audit.what_if': 'Tried a change',
  'audit.archive': 'Archived records',
  'audit.restore': 'Restored archived records',
  'account.read': 'Viewed the account',
  'account.create': 'Created account',
  'account.rotate_key': 'Rotated the account key',
  'account.drop_key': 'Removed an old account key',
  'account.rewrap_key': 'Rewrapped the account key',
  'customer_key.read': 'Viewed the customer-managed key',
  'customer_key.set': 'Set the customer-managed key',
  'customer_key.remove': 'Removed the customer-managed key',
  'customer_key.close': 'Lost access to the customer-managed key',
  'customer_key.open': 'Regained access to the customer-managed key',
  'master_key.add': 'Added a master key',
  'root_key.add': 'Added a root key',
  'root_key.drop': 'Removed a root key',
  'store.backup': 'Backed up the store',
  'store.restore': 'Restored the store',
  'store.migrate': 'Migrated the store',
  'decoy.read': 'Read decoy',
  'decoy.mark': 'Marked as decoy: secret',
  'decoy.unmark': 'Unmarked decoy',
}

const known: Readonly<Record<string, string>> = words

/** What somebody did, or tried to. A server may be newer than the page: then its own word for it. */
export function actionText(action: string): string {
  return known[action] ?? action
}

/** Why it was refused, in words. */
export function outcomeText(outcome: string): string {
  if (outcome === 'ok') return 'OK'
  const text = outcome.replaceAll('_', ' ')
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`
}

export function isAllowed(outcome: string): boolean {
  return outcome === 'ok' || outcome === 'replayed'
}

/** The environment that what a record is about is in, by its name; nothing where it is gone, or what is recorded is in none. */
export function environmentOf({
  object,
  environment,
}: Pick<AuditRecord, 'object' | 'environment'>): string | undefined {
  if (object === null || !['secret', 'list', 'seed', 'deployment'].includes(object.kind)) return undefined
  return environment === undefined ? firstEnvironment : (environment.name ?? undefined)
}

/** Where what a record is about is shown, if it has a page. */
export function pageOf(object: AuditRecord['object']): string | undefined {
  if (object === null) return undefined
  if (object.kind === 'secret') return object.id === null ? undefined : `/secrets/${object.id}`
  if (object.kind === 'list')
    return object.name === null ? '/lists' : `/secrets?list=${encodeURIComponent(object.name)}`
  const pages: Readonly<Record<string, string>> = {
    ...{ key: '/keys', user: '/users', machine: '/machines', seed: '/cloud-init', deployment: '/deployments' },
    ...{ trust_rule: '/trust-rules', rule: '/trust-rules', webhook: '/webhooks' },
  }
  return pages[object.kind]
}
