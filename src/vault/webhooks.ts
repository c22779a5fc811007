/** Webhooks: where records of the trail are told of as they come. */
import { checkActions } from '../audit/subscription.ts'
import { newUid } from '../crypto/random.ts'
import { newSigningKey, signingSecretText } from '../crypto/webhook-signature.ts'
import { invalid, Refusal } from '../errors.ts'
import { type ApiKey, scopesOf } from '../model/api-key.ts'
import { defaultEnvironment } from '../model/environment.ts'
import { formatScope } from '../model/scope.ts'
import { checkNamePattern, checkWebhookUrl, type Delivery, overlapMs, type Webhook } from '../model/webhook.ts'
import { deliveriesOf, webhookListing, webhooksOf } from '../store/listings.ts'
import { viewOf } from './audit-view.ts'
import { type Found, find, findPages, mapped, type Wanted } from './pages.ts'
import { tryUntilMade } from './secrets.ts'
import {
  type Asker,
  ask,
  type Barrier,
  type Identity,
  outdated,
  tryAsk,
  tryAskOnce,
  unlessMissing,
  type Vault,
  verifyAll,
} from './vault.ts'

const maxTries = 20

export interface WebhookInput {
  readonly url: string
  readonly actions: readonly string[]
  readonly name?: string | null | undefined
  /** By its name; `null` for all. */
  readonly environment?: string | null | undefined
}

/** What changes; what is left out stays. */
export type WebhookParts = {
  readonly [part in keyof WebhookInput]?: WebhookInput[part] | undefined
} & { readonly isEnabled?: boolean | undefined }

/** A webhook with what is sealed, and the name of its environment. */
export interface OpenWebhook {
  readonly id: number
  readonly webhook: Webhook
  readonly url: string
  readonly environment: { readonly id: number; readonly name: string | null } | null
}

/** One that was made or changed just now. */
export interface ChangedWebhook extends OpenWebhook {
  /** Why nothing can be sent to its URL now. */
  readonly warning: Barrier | undefined
}

export interface IssuedWebhook extends ChangedWebhook {
  /** Shown now or never. */
  readonly secret: string
}

/** What is sealed in a webhook. Keys in base64. */
interface Content {
  readonly url: string
  readonly key: string
  /** What it signed with before. */
  readonly previous?: string
}

/** One's own; with `account:manage`, all. @throws Refusal `forbidden`, `integrity_failure` */
export async function listWebhooks(vault: Vault, asker: Asker, wanted: Wanted): Promise<Found<OpenWebhook>> {
  const { accountId, maker, isWhole } = await ask(vault, asker, { kind: 'list_webhooks' })
  const nameOf = await environmentNames(vault, asker, accountId)
  const rows = isWhole ? webhookListing : webhooksOf(maker)
  const found = find(vault, asker, accountId, { table: 'webhooks', action: 'webhook.list', rows }, wanted)
  return mapped(found, (webhook) => opened(vault, webhook, nameOf))
}

/** @throws Refusal `not_found`, `forbidden`, `integrity_failure` */
export async function readWebhook(vault: Vault, asker: Asker, id: number): Promise<OpenWebhook> {
  return shown(vault, asker, await ask(vault, asker, { kind: 'read_webhook', id }))
}

/**
 * @returns its id; and all of it, unless an earlier request was given that
 * @throws Refusal `invalid`, `forbidden`
 */
export async function createWebhook(
  vault: Vault,
  asker: Asker,
  { accountId, key, maker, generation }: Identity,
  input: WebhookInput,
): Promise<{ readonly id: number; readonly issued: IssuedWebhook | undefined }> {
  if (key === undefined) throw new Refusal('forbidden', 'A webhook is made with an API key, or by a user.')
  const url = checkWebhookUrl(input.url)
  const uid = newUid()
  const signing = newSigningKey()
  const now = vault.now()
  const scopes = readable(key)
  const webhook = {
    ...{ accountId, uid, host: url.host },
    sealed: sealed(vault, { accountId, uid }, { url: url.href, key: signing.toString('base64') }),
    actions: checkActions(input.actions),
    name: checkNamePattern(input.name ?? null),
    environmentId: await environmentIdOf(vault, asker, accountId, key, input.environment ?? null),
    ...{ isEnabled: true, disabledFor: null, disabledAt: null, previousUntil: null, scopes, maker },
    ...{ makerGeneration: generation, createdAt: now, updatedAt: now },
  }
  const made = await tryAskOnce(vault, asker, { kind: 'create_webhook', webhook })
  if (made === outdated) throw new Refusal('overloaded', 'The API key was replaced meanwhile. Try again.')
  if (made.isReplayed) return { id: made.result.id, issued: undefined }
  const issued = { ...(await changedNow(vault, asker, made.result)), secret: signingSecretText(signing) }
  return { id: issued.id, issued }
}

/**
 * From now on it is whoever changes it that it tells for: with their rights, and until they are gone.
 *
 * @throws Refusal `invalid`, `not_found`, `forbidden`
 */
export async function updateWebhook(
  vault: Vault,
  asker: Asker,
  identity: Identity,
  id: number,
  parts: WebhookParts,
): Promise<ChangedWebhook> {
  const { key, accountId } = identity
  const actions = parts.actions === undefined ? undefined : checkActions(parts.actions)
  const name = parts.name === undefined ? undefined : checkNamePattern(parts.name)
  const url = parts.url === undefined ? undefined : checkWebhookUrl(parts.url)
  const environmentId =
    parts.environment === undefined || key === undefined
      ? undefined
      : await environmentIdOf(vault, asker, accountId, key, parts.environment)
  const changed = await change(vault, asker, identity, id, false, (old, now) => {
    const isEnabled = parts.isEnabled ?? old.isEnabled
    const isTurned = isEnabled !== old.isEnabled
    return {
      ...old,
      ...(actions === undefined ? {} : { actions }),
      ...(name === undefined ? {} : { name }),
      ...(environmentId === undefined ? {} : { environmentId }),
      ...(url === undefined
        ? {}
        : { host: url.host, sealed: sealed(vault, old, { ...contentOf(vault, old), url: url.href }) }),
      isEnabled,
      ...(isTurned ? { disabledFor: null, disabledAt: isEnabled ? null : now } : {}),
    }
  })
  return changedNow(vault, asker, changed)
}

/**
 * Makes another secret to sign with. What was signed with before signs beside it for a day.
 *
 * @throws Refusal `not_found`, `forbidden`
 */
export async function rotateWebhook(
  vault: Vault,
  asker: Asker,
  identity: Identity,
  id: number,
): Promise<IssuedWebhook> {
  const signing = newSigningKey()
  const changed = await change(vault, asker, identity, id, true, (old, now) => {
    const { url, key: previous } = contentOf(vault, old)
    const content = { url, key: signing.toString('base64'), previous }
    return { ...old, sealed: sealed(vault, old, content), previousUntil: now + overlapMs }
  })
  return { ...(await changedNow(vault, asker, changed)), secret: signingSecretText(signing) }
}

/** @throws Refusal `not_found`, `forbidden` */
export async function deleteWebhook(vault: Vault, asker: Asker, id: number): Promise<void> {
  await ask(vault, asker, { kind: 'delete_webhook', id })
}

/** What it was told and is to be, the newest first. @throws Refusal `not_found`, `forbidden` */
export async function listDeliveries(
  vault: Vault,
  asker: Asker,
  id: number,
  state: Delivery['state'] | undefined,
  wanted: Wanted,
): Promise<Found<Delivery>> {
  const { accountId } = await ask(vault, asker, { kind: 'read_webhook', id })
  const rows = deliveriesOf(id, state)
  return findPages(vault, asker, accountId, wanted, async (after, limit) => {
    const seen = await vault.store.rowsOf(accountId, rows, { after, limit })
    return { seen, next: seen.length < limit ? undefined : seen.at(-1)?.id }
  })
}

/** Sends it again, under the same id. @throws Refusal `not_found`, `forbidden`, `invalid` while the webhook is disabled */
export function retryDelivery(vault: Vault, asker: Asker, id: number, delivery: number): Promise<Delivery> {
  return ask(vault, asker, { kind: 'retry_delivery', id, delivery })
}

/** Tells it of this test, and of nothing else. @throws Refusal `not_found`, `forbidden`, `invalid` while it is disabled */
export function testWebhook(vault: Vault, asker: Asker, id: number): Promise<Delivery> {
  return ask(vault, asker, { kind: 'test_webhook', id })
}

/** Where a webhook leads, and what it signs with now. @throws Refusal `integrity_failure` */
export function sendingOf(vault: Pick<Vault, 'keyring'>, webhook: Webhook, now: number) {
  const { url, key, previous } = contentOf(vault, webhook)
  const isOverlap = previous !== undefined && webhook.previousUntil !== null && webhook.previousUntil > now
  const keys = [key, ...(isOverlap ? [previous] : [])].map((text) => Buffer.from(text, 'base64'))
  return { url, keys }
}

function change(
  vault: Vault,
  asker: Asker,
  { maker, generation, key }: Identity,
  id: number,
  isRotation: boolean,
  changed: (old: Webhook, now: number) => Webhook,
): Promise<Webhook> {
  return tryUntilMade('The webhook', maxTries, async () => {
    const old = await prepare(vault, asker, id)
    const now = vault.now()
    // Whoever changes it answers for what it tells.
    const taken = key === undefined ? {} : { scopes: readable(key), maker, makerGeneration: generation }
    const webhook = old && { ...changed(old, now), ...taken, updatedAt: now }
    const upon = old && webhook && { rowMac: old.mac, webhook }
    return tryAsk(vault, asker, { kind: 'update_webhook', id, isRotation, change: upon })
  })
}

function prepare(vault: Vault, asker: Asker, id: number): Promise<Webhook | undefined> {
  return unlessMissing(ask(vault, asker, { kind: 'prepare_webhook', id }))
}

/** What a key, or a session, may read of the trail, and whether it manages the account: then what records are besides is for it. */
function readable(key: ApiKey): readonly string[] {
  return scopesOf(key)
    .filter(({ right }) => right === 'audit:read' || right === 'account:manage')
    .map(formatScope)
}

/** @throws Refusal `invalid` naming `environment` */
async function environmentIdOf(
  vault: Vault,
  asker: Asker,
  accountId: number,
  key: ApiKey,
  name: string | null,
): Promise<number | null> {
  if (name === null) return null
  const id = (await viewOf(vault, asker, accountId, scopesOf(key))).idOf(name)
  if (id === undefined) throw invalid('environment', 'No environment of this name, or none whose records you may read.')
  return id
}

async function environmentNames(vault: Vault, asker: Asker, accountId: number) {
  const environments = await vault.store.environments(accountId)
  await verifyAll(vault, asker, 'environments', environments, 'webhook.read')
  const all = [defaultEnvironment, ...environments]
  return (id: number) => all.find((one) => one.id === id)?.name
}

/** It is looked after it is stored: a name that cannot be found now holds up nobody's change, and who may make none looks nothing up. */
async function changedNow(vault: Vault, asker: Asker, webhook: Webhook): Promise<ChangedWebhook> {
  const open = await shown(vault, asker, webhook)
  return { ...open, warning: await vault.barrierOf(open.url) }
}

async function shown(vault: Vault, asker: Asker, webhook: Webhook): Promise<OpenWebhook> {
  return opened(vault, webhook, await environmentNames(vault, asker, webhook.accountId))
}

function opened(
  vault: Pick<Vault, 'keyring'>,
  webhook: Webhook,
  nameOf: (id: number) => string | undefined,
): OpenWebhook {
  const { id, environmentId } = webhook
  const environment = environmentId === null ? null : { id: environmentId, name: nameOf(environmentId) ?? null }
  return { id, webhook, url: contentOf(vault, webhook).url, environment }
}

function sealed(
  { keyring }: Pick<Vault, 'keyring'>,
  { accountId, uid }: Pick<Webhook, 'accountId' | 'uid'>,
  content: Content,
): Buffer {
  return keyring.sealWebhook({ accountId, uid }, Buffer.from(JSON.stringify(content)))
}

/** The border where what was sealed by the server gets its type. */
function contentOf({ keyring }: Pick<Vault, 'keyring'>, { accountId, uid, sealed: bytes }: Webhook): Content {
  return JSON.parse(keyring.openWebhook({ accountId, uid }, bytes).toString()) as Content
}
