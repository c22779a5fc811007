/** `strongroom trust`: trust rules of the account, by which jobs trade their tokens for API keys. */
import type { KeySet, NewTrustRule, TrustRule, TrustRuleChange } from '../client/trust-model.ts'
import { connect } from './connection.ts'
import type { RemoteOptions } from './define.ts'
import { idOf } from './find.ts'
import { readInputFile, secondsOf } from './input.ts'
import { Fault, print, printJson, printTable, shown, tell } from './output.ts'
import { confirm } from './prompt.ts'

export interface PartOptions extends RemoteOptions {
  readonly name?: string
  readonly issuer?: string
  readonly audience?: string
  readonly claim?: readonly string[]
  readonly scope?: readonly string[]
  readonly network?: readonly string[]
  readonly ttl?: string
  readonly reusable?: boolean
  readonly singleUse?: boolean
  readonly jwksUrl?: string
  readonly jwks?: string
}

type NewOptions = PartOptions & Required<Pick<PartOptions, 'issuer' | 'audience' | 'claim' | 'scope'>>

export async function list(options: RemoteOptions): Promise<void> {
  const rules = await Array.fromAsync(connect(options).trustRules.list())
  if (options.json) return printJson({ trust_rules: rules })
  printTable(
    ['ID', 'NAME', 'ISSUER', 'CLAIMS', 'SCOPES'],
    rules.map(({ id, name, issuer, claims, scopes }) => [
      String(id),
      name,
      issuer,
      shown(claimsText(claims)),
      scopes.join(' '),
    ]),
  )
}

export async function show(id: string, options: RemoteOptions): Promise<void> {
  const rule = await connect(options).trustRules.get(idOf('trust rule', id))
  printRule(rule, options)
}

export async function create(name: string, options: NewOptions): Promise<void> {
  const { issuer, audience, claim, scope } = options
  const input: NewTrustRule = { ...changeOf(options), name, issuer, audience, claims: claimsOf(claim), scopes: scope }
  printRule(await connect(options).trustRules.create(input), options)
}

export async function update(id: string, options: PartOptions): Promise<void> {
  const change = changeOf(options)
  if (Object.keys(change).length === 0)
    throw new Fault('usage', 'Say what is to change: see "strongroom trust update".')
  printRule(await connect(options).trustRules.update(idOf('trust rule', id), change), options)
}

export async function remove(idText: string, options: RemoteOptions & { readonly yes?: boolean }): Promise<void> {
  const id = idOf('trust rule', idText)
  const client = connect(options)
  const rule = await client.trustRules.get(id)
  if (!options.yes) {
    tell(`${rule.name} (id ${id}) lets in ${shown(claimsText(rule.claims))} of ${rule.issuer}.`)
    const question = 'Delete it, and revoke every key that it gave?'
    if (!(await confirm(question, 'Say --yes to delete it without being asked.'))) {
      throw new Fault('failure', 'Nothing is deleted.')
    }
  }
  await client.trustRules.delete(id)
  if (options.json) return printJson({ deleted: { id, name: rule.name } })
  print(`The trust rule ${rule.name} (id ${id}) is deleted, and its keys are revoked.`)
}

function changeOf(options: PartOptions): TrustRuleChange {
  const { name, issuer, audience, claim, scope, network, ttl, reusable, singleUse, jwksUrl, jwks } = options
  if (reusable && singleUse) throw new Fault('usage', 'Say --reusable or --single-use, not both.')
  return {
    ...(name === undefined ? {} : { name }),
    ...(issuer === undefined ? {} : { issuer }),
    ...(audience === undefined ? {} : { audience }),
    ...(claim === undefined ? {} : { claims: claimsOf(claim) }),
    ...(scope === undefined ? {} : { scopes: scope }),
    ...(network === undefined ? {} : { networks: network }),
    ...(ttl === undefined ? {} : { key_ttl: secondsOf('--ttl', ttl) }),
    ...(reusable || singleUse ? { single_use: singleUse === true } : {}),
    ...(jwksUrl === undefined ? {} : { jwks_url: jwksUrl }),
    ...(jwks === undefined ? {} : { jwks: keySetIn(jwks) }),
  }
}

/** @throws Fault `usage` for what is no `name=pattern` */
function claimsOf(texts: readonly string[]): Record<string, string> {
  const pairs = texts.map((text) => {
    const [, name, pattern] = /^([^=]+)=(.+)$/s.exec(text) ?? []
    if (name === undefined || pattern === undefined) {
      throw new Fault('usage', `--claim must be NAME=PATTERN, such as sub=repo:acme/app:ref:refs/heads/main.`)
    }
    return [name, pattern] as const
  })
  if (new Set(pairs.map(([name]) => name)).size < pairs.length) {
    throw new Fault('usage', '--claim names a claim twice.')
  }
  return Object.fromEntries(pairs)
}

/** @throws Fault `usage` for what is no set of keys */
function keySetIn(path: string): KeySet {
  try {
    const value: unknown = JSON.parse(readInputFile(path).toString())
    const { keys }: { readonly keys?: unknown } = typeof value === 'object' && value !== null ? value : {}
    if (Array.isArray(keys)) return { keys }
  } catch (error) {
    if (error instanceof Fault) throw error
  }
  throw new Fault('usage', `${path} is no set of keys in JSON: {"keys":[…]}.`)
}

function printRule(rule: TrustRule, { json }: RemoteOptions): void {
  if (json) {
    printJson(rule)
    return
  }
  const { id, name, issuer, audience, claims, scopes, networks, key_ttl, single_use, jwks_url, jwks } = rule
  print(`${name} (id ${id})`)
  print(`  issuer    ${issuer}`)
  print(`  audience  ${shown(audience)}`)
  for (const [claim, pattern] of Object.entries(claims)) print(`  claim     ${shown(`${claim}=${pattern}`)}`)
  print(`  gives     ${scopes.join(' ')}, for ${key_ttl} seconds${single_use ? ', once for each token' : ''}`)
  print(`  from      ${networks.join(' ') || 'anywhere'}`)
  print(`  keys at   ${jwks !== null ? 'the rule itself' : (jwks_url ?? 'where the issuer says')}`)
}

function claimsText(claims: TrustRule['claims']): string {
  return Object.entries(claims)
    .map(([name, pattern]) => `${name}=${pattern}`)
    .join(' ')
}
