/** `strongroom keys`: API keys of the account, through the API. On the server's own host there is `strongroom key`. */
import type { ApiKey } from '../client/model.ts'
import type { Strongroom } from '../client/strongroom.ts'
import { connect } from './connection.ts'
import type { RemoteOptions } from './define.ts'
import { idOf } from './find.ts'
import { secondsOf, timeOf } from './input.ts'
import { countsOf, makerText } from './made.ts'
import { Fault, print, printJson, printTable, shown, tell } from './output.ts'
import { confirm } from './prompt.ts'
import { showWhatIf } from './what-if.ts'

/** In the place of an id: the key that is in use. */
const self = 'self'

export async function list(options: RemoteOptions & { readonly all?: boolean }): Promise<void> {
  const keys = await Array.fromAsync((await connect(options)).keys.list())
  const found = options.all ? keys : keys.filter(isGood)
  if (options.json) return printJson({ keys: found })
  printTable(
    ['ID', 'NAME', 'STATE', 'LAST USED', 'MADE BY', 'SCOPES'],
    found.map((key) => [
      String(key.id),
      key.name,
      { text: stateOf(key), style: isGood(key) ? 'green' : 'red' },
      key.last_used_at ?? 'never',
      makerText(key.created_by),
      key.scopes.join(' '),
    ]),
  )
}

export async function show(id: string, options: RemoteOptions): Promise<void> {
  const key = await keyOf(await connect(options), id)
  if (options.json) return printJson(key)
  const { name, scopes, networks, created_at, last_used_at, last_used_api } = key
  const through = last_used_api === null ? '' : ` through ${apiTexts[last_used_api]}`
  print(`${shown(name)} (id ${key.id}), ${stateOf(key)}`)
  print(`  scopes   ${scopes.join(' ')}`)
  print(`  from     ${networks.join(' ') || 'anywhere'}`)
  print(`  created  ${created_at} by ${makerText(key.created_by)}`)
  print(`  used     ${last_used_at ?? 'never'}${through}`)
}

const apiTexts = { v3: '/v3', lists: 'the Secret Lists API', vault: 'the Vault API' } as const

interface CreateOptions extends RemoteOptions {
  readonly scope: readonly string[]
  readonly network?: readonly string[]
  readonly expires?: string
}

export async function create(name: string, options: CreateOptions): Promise<void> {
  const { scope: scopes, network, expires } = options
  const key = await (await connect(options)).keys.create({
    name,
    scopes,
    ...(network === undefined ? {} : { networks: network }),
    ...(expires === undefined ? {} : { expires_at: timeOf('--expires', expires) }),
  })
  printIssued(key, options)
}

export async function rotate(
  id: string,
  options: RemoteOptions & { readonly overlap: string; readonly expires?: string },
): Promise<void> {
  const { overlap, expires } = options
  const key = await (await connect(options)).keys.rotate(idOf('key', id), {
    overlap_seconds: secondsOf('--overlap', overlap),
    ...(expires === undefined ? {} : { expires_at: timeOf('--expires', expires) }),
  })
  printIssued(key, options)
}

/** What a key used of what it may, and narrower scopes that would have done. */
export async function usage(id: string, options: RemoteOptions & { readonly days?: string }): Promise<void> {
  const { days } = options
  const found = await (await connect(options)).keys.usage(
    idOf('key', id),
    days === undefined ? undefined : Number(days),
  )
  if (options.json) return printJson(found)
  const { key, from, complete, requests, scopes, used, addresses, suggested } = found
  print(
    `${shown(key.name)} (id ${key.id}): ${requests} requests since ${from}${complete ? '' : ', as far as was looked at'}`,
  )
  printTable(
    ['SCOPE', 'REQUESTS', 'LAST USED'],
    scopes.map(({ scope, requests: count, last_at }) => [scope, String(count), last_at ?? 'never']),
  )
  if (used.length > 0) {
    print('')
    printTable(
      ['RIGHT', 'SECRET', 'ENVIRONMENT', 'REQUESTS', 'LAST USED'],
      used.map(({ right, name, environment, requests: count, last_at }) => {
        return [right, shown(name ?? ''), environment ?? '', String(count), last_at]
      }),
    )
    print('')
    print(`From ${addresses.map(({ address }) => address).join(', ')}`)
  }
  if (suggested === null) return
  print('')
  const networks = suggested.networks.map((network) => ` --network ${network}`).join('')
  print(`It would have done with:${suggested.scopes.map((scope) => ` --scope '${scope}'`).join('')}${networks}`)
}

interface RevokeOptions extends RemoteOptions {
  readonly dryRun?: boolean
  readonly yes?: boolean
  readonly cascade?: boolean
}

export async function revoke(named: string, options: RevokeOptions): Promise<void> {
  const client = await connect(options)
  const key = await keyOf(client, named)
  const { id } = key
  if (options.dryRun) return showWhatIf(client, { kind: 'key', id, change: 'remove' }, options.json)
  const cascade = options.cascade === true
  // Whoever gives back their own key may not look at others.
  const made = named === self ? undefined : countsOf(await client.keys.made(id))
  if (!options.yes) {
    tell(
      `API key ${shown(key.name)} (id ${id}) with ${key.scopes.join(' ')}; last used: ${key.last_used_at ?? 'never'}.`,
    )
    if (made !== undefined) tell(cascade ? `It made ${made}, which end too.` : goesOn(made))
    const isSure = await confirm('Revoke it for good?', 'Say --yes to revoke it without being asked.')
    if (!isSure) throw new Fault('failure', 'Nothing is revoked.')
  }
  // Which needs no scope.
  const ended = await (named === self ? client.keys.revokeSelf({ cascade }) : client.keys.revoke(id, { cascade }))
  if (options.json) return printJson({ revoked: { id, name: key.name }, ...(cascade ? { ended } : {}) })
  const counts = countsOf(ended)
  print(`The key ${shown(key.name)} (id ${id}) is revoked.${counts === undefined ? '' : ` With it ended ${counts}.`}`)
  if (options.yes && made !== undefined && !cascade) tell(goesOn(made))
}

function goesOn(made: string): string {
  return `It made ${made}, which go on. With --cascade they end too.`
}

function keyOf({ keys }: Strongroom, named: string): Promise<ApiKey> {
  return named === self ? keys.self() : keys.get(idOf('key', named))
}

function printIssued(key: ApiKey & { readonly api_key: string }, { json }: RemoteOptions): void {
  if (!json) tell(`API key ${shown(key.name)} (id ${key.id}) with ${key.scopes.join(' ')}. It is not shown again:`)
  if (json) printJson(key)
  else print(key.api_key)
}

function isGood({ revoked_at, expires_at }: ApiKey): boolean {
  return revoked_at === null && (expires_at === null || Date.parse(expires_at) > Date.now())
}

function stateOf(key: ApiKey): string {
  if (key.revoked_at !== null) return 'revoked'
  if (key.expires_at === null) return 'active'
  return isGood(key) ? `until ${key.expires_at}` : 'expired'
}
