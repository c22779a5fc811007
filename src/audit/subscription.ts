/** Which records somebody wants to be told of: by action, by the name of a secret, by environment. */
import { invalid } from '../errors.ts'
import { defaultEnvironment } from '../model/environment.ts'
import { matches } from '../model/pattern.ts'
import { maxActions, type Webhook } from '../model/webhook.ts'
import { type AuditRecord, actions, isPlaced } from './record.ts'

const known: ReadonlySet<string> = new Set(['*', ...actions, ...actions.map((action) => `${nounOf(action)}.*`)])

/** @throws Refusal `invalid` naming `actions` */
export function checkActions(texts: readonly string[]): readonly string[] {
  if (texts.length === 0 || texts.length > maxActions || !texts.every((text) => known.has(text))) {
    throw invalid(
      'actions',
      `Must be 1 to ${maxActions} actions of the audit trail, such as "secret.update", "secret.*" or "*" for all.`,
    )
  }
  return [...new Set(texts)].sort()
}

type Told = Pick<AuditRecord, 'action' | 'object' | 'environmentId'>

/** Whether a webhook is to be told of a record, as far as its maker may see it. A test is told to the webhook alone that it tests. */
export function wants(webhook: Pick<Webhook, 'actions' | 'name' | 'environmentId'>, record: Told): boolean {
  const { action, object, environmentId } = record
  // It has its delivery already.
  if (action === 'webhook.test') return false
  if (!namesAction(webhook.actions, action)) return false
  const { name, environmentId: own } = webhook
  if (name !== null && (object?.kind !== 'secret' || object.name === null || !matches(name, object.name))) return false
  if (own === null) return true
  return isPlaced(action) && own === (environmentId ?? defaultEnvironment.id)
}

/** Whether an action is one of those: `*`, `secret.*` or `secret.update`. */
export function namesAction(texts: readonly string[], action: string): boolean {
  return texts.some((one) => one === '*' || one === action || one === `${nounOf(action)}.*`)
}

function nounOf(action: string): string {
  return action.split('.', 1)[0] ?? action
}
