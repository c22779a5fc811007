/** Who can read a secret, who did, and what holds it. */
import { Refusal } from '../errors.ts'
import { defaultEnvironment, type EnvironmentRef } from '../model/environment.ts'
import type { Principal } from '../model/principal.ts'
import { allowsName } from '../model/scope.ts'
import type { Secret } from '../model/secret.ts'
import type { TrustRule } from '../model/trust-rule.ts'
import type { AccessGrounds } from '../store/operations/access.ts'
import { type Acting, type Grounds, holdersAmong, type Opening, openingsOf } from '../store/probe.ts'
import type { ReaderCount } from '../store/store.ts'
import { type ActingKind, actingKinds, actingNamed, actingOf } from './acting.ts'
import { countedOf, rangeOf } from './activity.ts'
import { viewOf } from './audit-view.ts'
import { LeadingTemplates } from './leading-templates.ts'
import { type Found, findPages, type Wanted } from './pages.ts'
import { filterInTurns, Pace } from './scan-in-turns.ts'
import { namesGivenBy } from './seeds.ts'
import type { AuditView } from './seen.ts'
import { type Asker, ask, type Vault, verify, verifyAll } from './vault.ts'

/** Somebody who can read it. */
export interface Reader {
  /** A place in the listing, of principals of every kind. */
  readonly id: number
  readonly principal: Pick<Principal, 'id' | 'name'> & { readonly kind: ActingKind }
  readonly openings: readonly Opening[]
  /** Of a user. */
  readonly role: string | undefined
  /** Of a key that was given under a trust rule. */
  readonly ruleId: number | undefined
  /** Where it is bound to; none for anywhere. */
  readonly networks: readonly string[]
  readonly expiresAt: number | null
}

/** Somebody who has read it. */
export interface PastReader {
  readonly principal: Principal
  readonly environments: readonly string[]
  readonly reads: number
  /** Milliseconds since 1970. */
  readonly lastAt: number
  readonly version: number | null
  /** Whether they can read it now; a ghost, if not. */
  readonly isAble: boolean
}

export interface Holder {
  readonly id: number
  readonly target: string
  readonly environment: string
  readonly version: number
  readonly createdAt: number
}

export interface Through {
  readonly id: number
  readonly name: string
  readonly environments: readonly string[]
}

/** What stands beside those who can. */
export interface Past {
  readonly from: number
  readonly isComplete: boolean
  readonly did: readonly PastReader[]
  readonly holders: readonly Holder[]
  readonly templates: readonly Through[]
  /** Of which more are there than are told. */
  readonly cut: readonly ('did' | 'targets' | 'templates')[]
}

/** Those who can, and what there is to say beside them. */
export interface Access extends Found<Reader> {
  readonly secret: Secret
  /** Those that have the secret or inherit it, as far as the asker reads their records. */
  readonly environments: readonly EnvironmentRef[]
  readonly past: Past | undefined
}

export interface AccessWanted extends Wanted {
  readonly from: number | undefined
  readonly to: number | undefined
  /** Whether only those who can are wanted. */
  readonly isNextPage: boolean
}

/** So many of each are told at once. */
const maxTold = 1000

/**
 * Says who can read a secret now, as a read would be decided, and who did.
 *
 * @throws Refusal `not_found`, `forbidden`, `integrity_failure`
 */
export async function readAccess(vault: Vault, asker: Asker, id: number, wanted: AccessWanted): Promise<Access> {
  const told = await ask(vault, asker, { kind: 'read_access', id })
  const looking = await lookFrom(vault, asker, told)
  const { environments } = looking
  if (environments.length === 0) throw new Refusal('not_found', 'No secret with this id.')
  const past = wanted.isNextPage ? undefined : await pastOf(looking, told, wanted)
  return { ...readersOf(looking, wanted), secret: told.secret, environments, past }
}

/**
 * What holds secrets, and which templates lead to them: of environments whose records the asker reads. Each secret is asked for by itself, with its record; of what holds several, the first one is told.
 */
export async function consequencesOf(
  vault: Vault,
  asker: Asker,
  ids: readonly number[],
): Promise<Pick<Past, 'holders' | 'templates'>> {
  const holders = new Map<number, Holder>()
  const templates = new Map<number, Through>()
  let known: LeadingTemplates | undefined
  for (const id of ids) {
    const told = await ask(vault, asker, { kind: 'read_access', id })
    const looking = await lookFrom(vault, asker, told, known)
    // The templates of an environment are read once for all.
    known = looking.templates
    for (const holder of await holdersOf(looking)) if (!holders.has(holder.id)) holders.set(holder.id, holder)
    for (const one of await templatesOf(looking, told)) templates.set(one.id, together(templates.get(one.id), one))
  }
  return { holders: [...holders.values()].slice(0, maxTold), templates: [...templates.values()].slice(0, maxTold) }
}

function together(one: Through | undefined, other: Through): Through {
  return { ...other, environments: [...new Set([...(one?.environments ?? []), ...other.environments])] }
}

interface Looking {
  readonly vault: Vault
  readonly asker: Asker
  readonly grounds: Grounds
  readonly environments: readonly EnvironmentRef[]
  readonly templates: LeadingTemplates
}

async function lookFrom(
  vault: Vault,
  asker: Asker,
  told: AccessGrounds,
  templates?: LeadingTemplates,
): Promise<Looking> {
  const grounds = await groundsOf(vault, asker, told)
  const environments = holdersAmong(grounds, told.audited)
  return { vault, asker, grounds, environments, templates: templates ?? new LeadingTemplates(vault, asker, grounds) }
}

async function groundsOf(
  vault: Vault,
  asker: Asker,
  { account, secret, environments }: Pick<AccessGrounds, 'account' | 'secret' | 'environments'>,
): Promise<Grounds> {
  const { store, keyring } = vault
  const settings = await store.settings(account.id)
  if (settings !== undefined) await verify(vault, asker, 'account_settings', settings, 'secret.access')
  const namesakes: { readonly id: number; readonly environmentId: number }[] = []
  for (const environment of [defaultEnvironment, ...environments]) {
    if (environment.id === secret.environmentId) continue
    const within = { accountId: account.id, environmentId: environment.id }
    const found = await store.secretNamed(within, secret.name)
    if (found === undefined) continue
    await verify(vault, asker, 'secrets', found, 'secret.access')
    namesakes.push({ id: found.id, environmentId: environment.id })
  }
  return { storeId: keyring.storeId, account, settings, environments, secret, namesakes, now: vault.now() }
}

/** More than an account has of any kind. */
const ofKind = 2 ** 48

function readersOf({ vault, asker, ...looking }: Looking, wanted: Wanted): Found<Reader> {
  const accountId = looking.grounds.account.id
  const pace = new Pace()
  return findPages(vault, asker, accountId, wanted, async (last = 0, limit) => {
    const at = Math.floor(last / ofKind)
    const kind = actingKinds[at]
    if (kind === undefined) return { seen: [], next: undefined }
    const found = await actingOf(vault, asker, accountId, kind, { after: last % ofKind, limit })
    const seen: Reader[] = []
    for (const { id, acting } of found) {
      const openings = await openedTo({ vault, asker, ...looking }, acting)
      if (openings.length > 0) seen.push({ id: at * ofKind + id, openings, ...shownOf(acting) })
      await pace.after(looking.environments.length)
    }
    const end = found.at(-1)
    if (found.length === limit && end !== undefined) return { seen, next: at * ofKind + end.id }
    return { seen, next: at + 1 < actingKinds.length ? (at + 1) * ofKind : undefined }
  })
}

/** Where somebody can read it: a seed must refer to it, too, by itself or by a template. */
async function openedTo(
  { vault, grounds, environments, templates }: Looking,
  acting: Acting,
): Promise<readonly Opening[]> {
  const openings = openingsOf(grounds, acting, environments)
  const [opening] = openings
  if (acting.kind !== 'seed' || opening === undefined) return openings
  const names = await namesGivenBy(vault, acting.seed)
  if (names.size === 0 || names.has(grounds.secret.name)) return names.size === 0 ? [] : openings
  const leading = await templates.in(opening.environment, grounds.secret)
  return leading.some(({ name }) => names.has(name)) ? openings : []
}

function shownOf(acting: Acting): Omit<Reader, 'id' | 'openings'> {
  const free = { role: undefined, ruleId: undefined, networks: [], expiresAt: null }
  const { kind } = acting
  switch (kind) {
    case 'user': {
      const { id, email, name, role } = acting.user
      return { ...free, principal: { kind, id, name: email ?? name }, role }
    }
    case 'key': {
      const { id, name, networks, expiresAt, ruleId } = acting.key
      return { ...free, principal: { kind, id, name }, networks, expiresAt, ruleId: ruleId ?? undefined }
    }
    case 'workload': {
      const { id, name, networks } = acting.rule
      return { ...free, principal: { kind, id, name }, networks }
    }
    case 'machine': {
      const { id, name, addresses: networks } = acting.machine
      return { ...free, principal: { kind, id, name }, networks }
    }
    case 'seed': {
      const { id, target: name, expiresAt } = acting.seed
      return { ...free, principal: { kind, id, name }, expiresAt }
    }
  }
}

async function pastOf(looking: Looking, told: AccessGrounds, wanted: AccessWanted): Promise<Past> {
  const { vault, asker } = looking
  const accountId = told.account.id
  const view = await viewOf(vault, asker, accountId, told.scopes)
  const range = await rangeOf(vault, accountId, await vault.store.auditSize(accountId), wanted)
  const sought = { secret: told.secret.id }
  const { parts, from, isComplete } = await countedOf(vault, accountId, sought, range)
  const named = asker.environment?.name
  const counts: ReaderCount[] = []
  const pace = new Pace()
  for (const { after, upTo } of parts) {
    const found = await vault.store.countReaders(accountId, told.secret.id, after, upTo)
    // Where it was read, it may not be any more.
    const maySee = ({ action, environmentId, name }: ReaderCount) =>
      (named === undefined || view.nameOf(environmentId ?? defaultEnvironment.id) === named) &&
      view.maySee({ action, environmentId, name, kind: 'secret', outcome: 'ok' })
    counts.push(...(await filterInTurns(found, maySee, pace)))
  }
  const did = await didOf(looking, counts, view)
  const holders = await holdersOf(looking)
  const templates = await templatesOf(looking, told)
  const isMore = { did: did.length > maxTold, targets: holders.length > maxTold }
  const isTemplatesCut = !looking.templates.isComplete || templates.length > maxTold
  return {
    ...{ from, isComplete },
    ...{ did: did.slice(0, maxTold), holders: holders.slice(0, maxTold), templates: templates.slice(0, maxTold) },
    cut: [
      ...(isMore.did ? (['did'] as const) : []),
      ...(isMore.targets ? (['targets'] as const) : []),
      ...(isTemplatesCut ? (['templates'] as const) : []),
    ],
  }
}

/** All that one principal has read, or the keys that a trust rule gave. */
interface Group {
  readonly ids: Set<number>
  readonly rule: TrustRule | undefined
  readonly environments: Set<string>
  principal: Principal
  reads: number
  lastSeq: number
}

async function didOf(
  looking: Looking,
  counts: readonly ReaderCount[],
  view: Pick<AuditView, 'nameOf'>,
): Promise<readonly PastReader[]> {
  const { vault, asker, grounds } = looking
  const accountId = grounds.account.id
  const acting = await actorsOf(looking, counts)
  const rules = await vault.store.trustRules(accountId)
  await verifyAll(vault, asker, 'trust_rules', rules, 'secret.access')
  const byName = rulesAmong(rules)
  const groups = new Map<string, Group>()
  const pace = new Pace()
  for (const { principal, environmentId, count, lastSeq } of counts) {
    const others = pace.after(1)
    if (others !== undefined) await others
    const rule = ruleOf(principal, acting.get(nameOf(principal)), byName)
    const key = rule === undefined ? groupOf(principal, acting) : `rule ${rule.id}`
    const group = groups.get(key) ?? {
      ...{ ids: new Set<number>(), rule, environments: new Set<string>() },
      ...{ principal, reads: 0, lastSeq: 0 },
    }
    groups.set(key, group)
    group.ids.add(principal.id)
    const environment = view.nameOf(environmentId ?? defaultEnvironment.id)
    if (environment !== undefined) group.environments.add(environment)
    group.reads += count
    if (lastSeq < group.lastSeq) continue
    group.lastSeq = lastSeq
    group.principal = principal
  }
  const newest = [...groups.values()].sort((one, other) => other.lastSeq - one.lastSeq).slice(0, maxTold + 1)
  const last = await lastReads(vault, accountId, newest)
  const shown: PastReader[] = []
  for (const group of newest) {
    const { principal, rule, environments, reads, lastSeq } = group
    shown.push({
      principal: rule === undefined ? principal : { kind: 'workload', id: rule.id, name: rule.name },
      ...{ environments: [...environments].sort(), reads },
      ...(last.get(lastSeq) ?? { lastAt: 0, version: null }),
      isAble: await isAble(looking, group, acting),
    })
  }
  return shown
}

function nameOf({ kind, id }: Pick<Principal, 'kind' | 'id'>): string {
  return `${kind} ${id}`
}

/** What is gone can only be a key that lived for minutes: those of one name are of one job. */
function groupOf(principal: Principal, acting: ReadonlyMap<string, Acting>): string {
  const isGoneKey = principal.kind === 'key' && !acting.has(nameOf(principal))
  return isGoneKey ? `gone ${principal.name}` : nameOf(principal)
}

/** The rule that gave a key: of one that is gone, its name begins with the rule's. */
export function ruleOf({ kind, name }: Principal, acting: Acting | undefined, rules: Rules): TrustRule | undefined {
  if (kind !== 'key') return undefined
  if (acting?.kind === 'key') return rules.byId.get(acting.key.ruleId ?? 0)
  // The longest of those that it begins with.
  for (let end = name.lastIndexOf(': '); end !== -1; end = end === 0 ? -1 : name.lastIndexOf(': ', end - 1)) {
    const rule = rules.byName.get(name.slice(0, end))
    if (rule !== undefined) return rule
  }
  return undefined
}

/** So that each of ten thousand keys is not held against each of the rules. */
export interface Rules {
  readonly byId: ReadonlyMap<number, TrustRule>
  readonly byName: ReadonlyMap<string, TrustRule>
}

export function rulesAmong(all: readonly TrustRule[]): Rules {
  return {
    byId: new Map(all.map((rule) => [rule.id, rule])),
    byName: new Map(all.toReversed().map((rule) => [rule.name, rule])),
  }
}

async function actorsOf({ vault, asker, grounds }: Looking, counts: readonly ReaderCount[]) {
  const acting = new Map<string, Acting>()
  for (const [kind, of] of Map.groupBy(counts, ({ principal }) => principal.kind)) {
    const ids = [...new Set(of.map(({ principal: { id } }) => id))]
    for (const [id, one] of await actingNamed(vault, asker, grounds.account.id, kind, ids)) {
      acting.set(nameOf({ kind, id }), one)
    }
  }
  return acting
}

async function isAble(looking: Looking, { principal, ids, rule }: Group, acting: ReadonlyMap<string, Acting>) {
  if (principal.kind === 'host') return true
  const all = [...ids].flatMap((id) => acting.get(nameOf({ kind: principal.kind, id })) ?? [])
  for (const one of rule === undefined ? all : [{ kind: 'workload', rule } as const, ...all]) {
    if ((await openedTo(looking, one)).length > 0) return true
  }
  return false
}

/** Records that are looked up in one query. */
const recordsAtOnce = 200

async function lastReads({ store }: Vault, accountId: number, groups: readonly Group[]) {
  const found = new Map<number, Pick<PastReader, 'lastAt' | 'version'>>()
  for (let at = 0; at < groups.length; at += recordsAtOnce) {
    const seqs = groups.slice(at, at + recordsAtOnce).map(({ lastSeq }) => lastSeq)
    for (const { record } of await store.recordsOf(accountId, seqs)) {
      found.set(record.seq, { lastAt: record.time, version: record.object?.version ?? null })
    }
  }
  return found
}

/** Deployments that are read in one query. */
const deploymentsAtOnce = 200

async function holdersOf({ vault, asker, grounds, environments }: Looking): Promise<readonly Holder[]> {
  const { account, secret } = grounds
  const holders: Holder[] = []
  const read = (after: number) =>
    vault.store.deploymentsAfter(account.id, { secret: secret.id }, after, deploymentsAtOnce)
  for (let after: number | undefined = 0; after !== undefined && holders.length <= maxTold; ) {
    const page: Awaited<ReturnType<typeof read>> = await read(after)
    const rows = page.found.map(({ deployment }) => deployment)
    await verifyAll(vault, asker, 'deployments', rows, 'secret.access')
    for (const { id, target, environmentId, createdAt, secrets } of rows) {
      const environment = environments.find((one) => one.id === environmentId)
      const held = secrets.find((one) => one.id === secret.id)
      if (environment === undefined || held === undefined) continue
      holders.push({ id, target, environment: environment.name, version: held.version, createdAt })
    }
    after = page.next
  }
  return holders
}

/** Those that the asker may read: that they lead here, their text says. */
async function templatesOf(
  { grounds, environments, templates }: Pick<Looking, 'grounds' | 'environments' | 'templates'>,
  { scopes }: Pick<AccessGrounds, 'scopes'>,
): Promise<readonly Through[]> {
  const found = new Map<number, { readonly id: number; readonly name: string; readonly environments: string[] }>()
  for (const environment of environments) {
    const mayRead = ({ name }: { readonly name: string }) => allowsName(scopes, 'secrets:read', environment.name, name)
    if (!scopes.some(({ right }) => right === 'secrets:read')) continue
    for (const { id, name } of (await templates.in(environment, grounds.secret)).filter(mayRead)) {
      const known = found.get(id) ?? { id, name, environments: [] }
      found.set(id, known)
      known.environments.push(environment.name)
    }
  }
  return [...found.values()]
}
