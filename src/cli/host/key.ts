/** `strongroom key`: makes, lists and revokes API keys. */
import { generateToken } from '../../crypto/token.ts'
import { invalid } from '../../errors.ts'
import type { ApiKey } from '../../model/api-key.ts'
import { parseId } from '../../model/name.ts'
import { rights } from '../../model/scope.ts'
import { askerOf, findAccount, type HostAsker } from '../../vault/accounts.ts'
import { createKey, listKeys, revokeKey } from '../../vault/keys.ts'
import { listMade, namesOf } from '../../vault/made.ts'
import { allOf, everything } from '../../vault/pages.ts'
import { type Asker, authenticate, type Vault } from '../../vault/vault.ts'
import { timeOf } from '../input.ts'
import { countsOf, makerText } from '../made.ts'
import { print, printJson, printTable } from '../output.ts'
import { withVault } from './with-vault.ts'

interface Options {
  readonly account: string
  readonly json?: boolean
}

interface CreateOptions extends Options {
  readonly scope?: readonly string[]
  readonly network?: readonly string[]
  readonly expires?: string
}

export async function create(name: string, options: CreateOptions): Promise<void> {
  const { json, scope = rights, network = [] } = options
  const expiresAt = options.expires === undefined ? null : Date.parse(timeOf('--expires', options.expires))
  const { key, token } = await inAccount(options.account, async (vault, asker) =>
    createKey(vault, asker, await authenticate(vault, asker), { name, scopes: scope, networks: network, expiresAt }),
  )
  if (json) return printJson({ ...shown(key), api_key: token })
  print(`API key ${key.name} (id ${key.id}) with ${key.scopes.join(' ')}:`)
  print(`  ${token}`)
  print('It is not shown again.')
}

export async function list({ account, json }: Options): Promise<void> {
  const keys = (await inAccount(account, async (vault, asker) => allOf(await listKeys(vault, asker, everything)))).map(
    shown,
  )
  if (json) return printJson({ keys })
  printTable(
    ['ID', 'NAME', 'STATE', 'LAST USED', 'MADE BY', 'SCOPES'],
    keys.map((key) => [
      ...[String(key.id), key.name, stateOf(key), key.last_used_at ?? 'never', makerText(key.created_by)],
      key.scopes.join(' '),
    ]),
  )
}

export async function revoke(
  idText: string,
  { account, json, cascade = false }: Options & { readonly cascade?: boolean },
): Promise<void> {
  const id = parseId(idText)
  if (id === undefined) throw invalid('id', 'Must be a positive integer. See "strongroom key list".')
  const { key, left, made } = await inAccount(account, async (vault, asker) => {
    const revoked = await revokeKey(vault, asker, id, cascade)
    return { ...revoked, left: await listMade(vault, asker, { kind: 'key', id }) }
  })
  if (json) return printJson({ ...shown(key), ...(cascade ? { ended: namesOf(made) } : {}) })
  const counts = countsOf(namesOf(made))
  print(`API key ${key.name} (id ${key.id}) is revoked.${counts === undefined ? '' : ` With it ended ${counts}.`}`)
  const goesOn = countsOf(namesOf(left))
  if (goesOn !== undefined) print(`It made ${goesOn}, which go on. With --cascade they end too.`)
}

export function generate(): void {
  print(generateToken())
}

function inAccount<T>(name: string, work: (vault: Vault, asker: Asker) => Promise<T>): Promise<T> {
  return withVault(async (vault, host: HostAsker) => work(vault, askerOf(host, (await findAccount(vault, name)).id)))
}

function shown({
  id,
  name,
  scopes,
  networks,
  createdAt,
  expiresAt,
  revokedAt,
  lastUsedAt,
  lastUsedApi,
  maker,
}: ApiKey) {
  return {
    id,
    name,
    scopes,
    networks,
    created_at: time(createdAt),
    expires_at: time(expiresAt),
    revoked_at: time(revokedAt),
    last_used_at: time(lastUsedAt),
    last_used_api: lastUsedApi,
    created_by: maker === null ? null : { kind: maker.kind, id: maker.id, name: maker.name },
  }
}

function stateOf({ revoked_at, expires_at }: ReturnType<typeof shown>): string {
  if (revoked_at !== null) return 'revoked'
  if (expires_at === null) return 'active'
  return Date.parse(expires_at) <= Date.now() ? 'expired' : `until ${expires_at}`
}

function time(milliseconds: number | null): string | null {
  return milliseconds === null ? null : `${new Date(milliseconds).toISOString().slice(0, 19)}Z`
}
