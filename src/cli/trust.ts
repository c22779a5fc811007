/** `strongroom trust`: whose tokens are traded for API keys, and of which scopes. */

import type { NewTrustRule, TrustRule } from '../client/model.ts'
import { type Platform, platforms } from '../client/platforms.ts'
import type { Strongroom } from '../client/strongroom.ts'
import { connect } from './connection.ts'
import type { RemoteOptions } from './define.ts'
import { idOf } from './find.ts'
import { readInputFile, secondsOf } from './input.ts'
import { Fault, print, printJson, printTable, shown, tell } from './output.ts'
import { confirm } from './prompt.ts'
import { showWhatIf } from './what-if.ts'

/** What a rule is made of, as options say it. */
export interface RuleOptions extends RemoteOptions {
  readonly platform?: string
  readonly issuer?: string
  readonly audience?: string
  readonly claim?: readonly string[]
  readonly scope?: readonly string[]
  readonly network?: readonly string[]
  readonly keyTtl?: string
  readonly jwksUrl?: string
  readonly jwksFile?: string
  readonly reusable?: boolean
}

export async function list(options: RemoteOptions): Promise<void> {
  const rules = await Array.fromAsync((await connect(options)).trustRules.list())
  if (options.json) return printJson({ trust_rules: rules })
  if (rules.length === 0) return tell('There is no trust rule.')
  printTable(
    ['ID', 'NAME', 'ISSUER', 'CLAIMS', 'SCOPES'],
    rules.map((rule) => [String(rule.id), rule.name, rule.issuer, claimsOf(rule), rule.scopes.join(' ')]),
  )
}

export async function show(id: string, options: RemoteOptions): Promise<void> {
  const rule = await (await connect(options)).trustRules.get(idOf('trust rule', id))
  if (options.json) return printJson(rule)
  print(`${shown(rule.name)} (id ${rule.id})`)
  print(`  issuer    ${shown(rule.issuer)}`)
  print(`  audience  ${shown(rule.audience)}`)
  print(`  claims    ${shown(claimsOf(rule))}`)
  print(`  may       ${rule.scopes.join(' ')}`)
  print(`  from      ${rule.networks.join(' ') || 'anywhere'}`)
  print(`  keys      live ${rule.key_ttl} seconds, ${rule.single_use ? 'one' : 'any number'} for each token`)
  print(`  trusts    ${rule.jwks === null ? (rule.jwks_url ?? "the issuer's own keys") : 'keys that are in the rule'}`)
}

export async function create(name: string, options: RuleOptions): Promise<void> {
  const { issuer = '', audience = '', claims = {}, scopes = [], ...others } = partsOf(options)
  const missing = missingOf(options, claims)
  const rule = await (await connect(options)).trustRules.create({ name, issuer, audience, claims, scopes, ...others })
  if (options.json) return printJson(rule)
  print(`The trust rule ${shown(rule.name)} (id ${rule.id}) is made.`)
  if (missing !== undefined) tell(missing)
}

function platformIn({ platform }: RuleOptions): Platform | undefined {
  return platforms.find(({ id }) => id === platform)
}

/** What a rule of the platform should demand besides. */
function missingOf(options: RuleOptions, claims: Readonly<Record<string, string>>): string | undefined {
  const platform = platformIn(options)
  if (platform === undefined) return undefined
  const names = Object.keys(platform.claims).filter((name) => !Object.hasOwn(claims, name))
  if (names.length === 0) return undefined
  const others = names.map((name) => `--claim ${name}=…`).join(' ')
  return `Tokens of ${platform.label} say more that should be demanded: ${others}. ${platform.about}`
}

interface UpdateOptions extends RuleOptions {
  readonly name?: string
  readonly dryRun?: boolean
}

export async function update(idText: string, options: UpdateOptions): Promise<void> {
  const id = idOf('trust rule', idText)
  const name = options.name === undefined ? {} : { name: options.name }
  const client = await connect(options)
  if (options.dryRun) return tryUpdate(client, id, options)
  const rule = await client.trustRules.update(id, { ...name, ...partsOf(options) })
  if (options.json) return printJson(rule)
  print(`The trust rule ${shown(rule.name)} (id ${rule.id}) is changed. Keys that were made under it stay as they are.`)
}

/** Of what else may change, as what tokens must say, the audit log tells nothing. */
async function tryUpdate(client: Strongroom, id: number, options: UpdateOptions): Promise<void> {
  const { scopes, networks, ...rest } = partsOf(options)
  const others = options.name === undefined ? rest : { ...rest, name: options.name }
  if ((scopes === undefined && networks === undefined) || Object.keys(others).length > 0) {
    throw new Fault('usage', '--dry-run of a trust rule tries --scope and --network, and nothing else.')
  }
  const rule = await client.trustRules.get(id)
  const after = { scopes: scopes ?? rule.scopes, networks: networks ?? rule.networks }
  return showWhatIf(client, { kind: 'trust_rule', id, change: 'narrow', ...after }, options.json)
}

export async function remove(
  idText: string,
  options: RemoteOptions & { readonly yes?: boolean; readonly dryRun?: boolean },
): Promise<void> {
  const id = idOf('trust rule', idText)
  const client = await connect(options)
  if (options.dryRun) return showWhatIf(client, { kind: 'trust_rule', id, change: 'remove' }, options.json)
  const rule = await client.trustRules.get(id)
  if (!options.yes) {
    tell(`${shown(rule.name)} (id ${id}) trusts ${shown(rule.issuer)} with ${rule.scopes.join(' ')}.`)
    const isSure = await confirm('Delete it, with every key that was made under it?', 'Say --yes to delete it.')
    if (!isSure) throw new Fault('failure', 'Nothing is deleted.')
  }
  await client.trustRules.delete(id)
  if (options.json) return printJson({ deleted: { id, name: rule.name } })
  print(`The trust rule ${shown(rule.name)} (id ${id}) is deleted, and its keys are revoked.`)
}

function partsOf(options: RuleOptions): Partial<NewTrustRule> {
  const { audience, claim, scope, network, keyTtl, jwksUrl, jwksFile, reusable } = options
  const issuer = options.issuer ?? platformIn(options)?.issuer
  return {
    ...(issuer === undefined ? {} : { issuer }),
    ...(audience === undefined ? {} : { audience }),
    ...(claim === undefined ? {} : { claims: Object.fromEntries(claim.map(claimIn)) }),
    ...(scope === undefined ? {} : { scopes: scope }),
    ...(network === undefined ? {} : { networks: network }),
    ...(keyTtl === undefined ? {} : { key_ttl: secondsOf('--key-ttl', keyTtl) }),
    ...(jwksUrl === undefined ? {} : { jwks_url: jwksUrl }),
    ...(jwksFile === undefined ? {} : { jwks: keySetIn(jwksFile) }),
    ...(reusable === undefined ? {} : { single_use: !reusable }),
  }
}

function claimIn(text: string): [name: string, pattern: string] {
  const at = text.indexOf('=')
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
  throw new Fault('usage', '--claim must be such as sub=repo:acme/app:ref:refs/heads/main.')
}

/** The server checks the keys; here is only whether there are any. */
function keySetIn(path: string): { keys: Record<string, unknown>[] } {
  const fault = new Fault('usage', `${path} must be a JSON Web Key Set: {"keys":[…]}.`)
  try {
    const set: unknown = JSON.parse(readInputFile(path).toString())
    if (typeof set === 'object' && set !== null && 'keys' in set && Array.isArray(set.keys)) return { keys: set.keys }
  } catch (error) {
    if (error instanceof Fault) throw error
  }
  throw fault
}

function claimsOf({ claims }: TrustRule): string {
  return Object.entries(claims)
    .map(([name, pattern]) => `${name}=${pattern}`)
    .join(' ')
}
