/** Copies values from one environment into another: opened and sealed anew inside the server, and shown to nobody. */
import { setImmediate } from 'node:timers/promises'
import { invalid } from '../errors.ts'
import { isPattern } from '../model/pattern.ts'
import { allowsName, namesOf, type Scope } from '../model/scope.ts'
import type { Details, Secret } from '../model/secret.ts'
import { fits } from '../model/secret-search.ts'
import type { Copied, CopyItem, Source, Upon } from '../store/operations/copies.ts'
import type { StoredSecret } from '../store/stored.ts'
import { filterInTurns } from './scan-in-turns.ts'
import { hasValue, openStored, sealFirst, sealNext, tryUntilMade } from './secrets.ts'
import {
  type Asker,
  ask,
  authenticate,
  type Identity,
  type MadeOnce,
  onlyIn,
  outdated,
  tryAsk,
  tryAskOnce,
  type Vault,
  verifyAll,
} from './vault.ts'

/** Secrets of one copy, at most: as many as go in one transaction. */
export const maxCopied = 100
/** Values that are opened and sealed before others have their turn. */
const inTurn = 10
/** Others may change one of them in between; so often in a row it does not happen by chance. */
const maxTries = 20

export interface Copy {
  readonly from: string
  readonly to: string
  /** Names, and patterns with `*`. */
  readonly names: readonly string[]
  /** Whether nothing is done, and only said what would be. */
  readonly isDry: boolean
}

/**
 * Copies the secrets of these names, all of them or none: new ones are made with all that is known of them, others get the value
 * and what is known of it as their next version. What is the same already is left as it is. Only what an environment has itself
 * is copied, and not what it inherits.
 *
 * @throws Refusal `not_found` for an environment that is not there or not to be seen, or a name; `forbidden`; `invalid` for
 *   more than `maxCopied`; `idempotency_mismatch`; `integrity_failure`
 */
export async function copySecrets(
  vault: Vault,
  asker: Asker,
  identity: Identity,
  { from, to, names, isDry }: Copy,
): Promise<MadeOnce<readonly Copied[]>> {
  if (from === to) throw invalid('to', 'Must be another environment than the one that is copied from.')
  for (const name of names) if (!isPattern(name)) throw invalid('names', 'Must be names, or patterns such as "db-*".')
  const source = onlyIn(asker, from)
  const target = onlyIn(asker, to)
  // Whoever may write nothing there learns nothing of where it comes from.
  await ask(vault, target, { kind: 'prepare_copy_to', names: [] })
  return tryUntilMade('One of the secrets', maxTries, async (tries) => {
    // The account's key may have been replaced meanwhile.
    const current = tries === 0 ? identity : await authenticate(vault, asker)
    const wanted = await namesAt(vault, source, names)
    const { found, scopes } = await ask(vault, source, { kind: 'prepare_copy', names: wanted })
    const { found: there } = await ask(vault, target, { kind: 'prepare_copy_to', names: wanted })
    const items: CopyItem[] = []
    for (const [at, name] of wanted.entries()) {
      items.push(await itemOf(vault, source, target, current, name, found[at] ?? 'absent', there[at], scopes, to))
      if (items.length % inTurn === 0) await setImmediate()
    }
    const copied = isDry
      ? await tryAsk(vault, target, { kind: 'preview_copy', from, items })
      : await tryAskOnce(vault, target, { kind: 'copy_secrets', from, items })
    if (copied === outdated) return outdated
    return 'result' in copied ? copied : { result: copied, isReplayed: false }
  })
}

/** The names that are there of those that the patterns match, and the others as they are. @throws Refusal `invalid` */
async function namesAt(vault: Vault, asker: Asker, wanted: readonly string[]): Promise<readonly string[]> {
  const names = new Set(wanted.filter((name) => !name.includes('*')))
  const patterns = wanted.filter((name) => name.includes('*'))
  if (patterns.length > 0) {
    const { accountId, scopes, environment } = await ask(vault, asker, { kind: 'prepare_copy', names: [] })
    const readable = namesOf(scopes, 'secrets:read', environment.name)
    for (const name of patterns) {
      const search = { name, names: readable, words: [], environmentId: environment.id }
      const listing = { search, order: 'name', isDown: false, after: undefined } as const
      const pages = vault.store.secretPages(accountId, { ...listing, limit: maxCopied + 1, now: vault.now() })
      for await (const page of pages) {
        const found = await filterInTurns(page.secrets, (secret) => fits(search, secret))
        await verifyAll(vault, asker, 'secrets', found, 'secret.read')
        // What has no value now is not copied, unless it is asked for by its name, and refused.
        for (const one of found) if (one.destroyedAt === null) names.add(one.name)
        if (names.size > maxCopied) break
      }
    }
  }
  if (names.size > maxCopied) {
    throw invalid('names', `Must match at most ${maxCopied} secrets: they are copied in one transaction.`)
  }
  return [...names]
}

async function itemOf(
  vault: Vault,
  source: Asker,
  target: Asker,
  identity: Identity,
  name: string,
  found: Source,
  there: StoredSecret | undefined,
  scopes: readonly Scope[],
  to: string,
): Promise<CopyItem> {
  if (typeof found === 'string') return { name, fault: found }
  const { stored, list } = found
  if (there !== undefined && there.secret.type !== stored.secret.type) return { name, fault: 'type' }
  const details = detailsOf(stored.secret)
  const { value } = await openStored(vault, source, stored)
  try {
    const from = uponOf(stored)
    if (there === undefined) {
      const change = { name, list, ...sealFirst(vault, identity, name, details, value) }
      return { name, from, to: undefined, isCompared: false, change }
    }
    const isCompared = allowsName(scopes, 'secrets:read', to, name)
    const isSame =
      isCompared && isLike(details, detailsOf(there.secret)) && (await hasValue(vault, target, there, value))
    const change = isSame ? 'same' : { next: await sealNext(vault, target, there, 'secret.update', value), details }
    return { name, from, to: uponOf(there), isCompared, change }
  } finally {
    value.fill(0)
  }
}

function uponOf({ secret }: StoredSecret): Upon {
  return { id: secret.id, version: secret.version, rowMac: secret.mac }
}

function detailsOf({ type, filename, description, tags, expiresAt }: Secret): Details {
  return { type, filename, description, tags, expiresAt }
}

function isLike(one: Details, other: Details): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
