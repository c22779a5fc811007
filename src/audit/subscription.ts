/** Which records somebody wants to be told of: by action, by the name of a secret, by environment. */
import { invalid } from '../errors.ts'
import { defaultEnvironment } from '../model/environment.ts'
import { matches } from '../model/pattern.ts'
import { maxActions, type Webhook } from '../model/webhook.ts'
import { type Aside, type AuditRecord, actions, asides, isPlaced } from './record.ts'

const told = [...actions, ...asides]
const known: ReadonlySet<string> = new Set(['*', ...told, ...told.map((action) => `${nounOf(action)}.*`)])

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

/**
 * Whether a webhook is to be told of a record, as far as its maker may see it. A test is told to the webhook alone that it tests.
 *
 * @param aside what the record is besides, as far as its maker may know that
 */
export function wants(
  webhook: Pick<Webhook, 'actions' | 'name' | 'environmentId'>,
  record: Told,
  aside?: Aside,
): boolean {
  const { action, object, environmentId } = record
  // It has its delivery already.
  if (action === 'webhook.test') return false
  if (!namesEither(webhook.actions, action, aside)) return false
  const { name, environmentId: own } = webhook
  if (name !== null && (object?.kind !== 'secret' || object.name === null || !matches(name, object.name))) return false
  if (own === null) return true
  return isPlaced(action) && own === (environmentId ?? defaultEnvironment.id)
}

/** Whether an action is one of those: `*`, `secret.*` or `secret.update`. */
function namesAction(texts: readonly string[], action: string): boolean {
  return texts.some((one) => one === '*' || one === action || one === `${nounOf(action)}.*`)
}

/** The same of an action and of what a record is besides: whoever wants one of both is told. */
export function namesEither(texts: readonly string[], action: string, aside: Aside | undefined): boolean {
  return namesAction(texts, action) || (aside !== undefined && namesAction(texts, aside))
}

function nounOf(action: string): string {
  return action.split('.', 1)[0] ?? action
}
