/** `strongroom account`: makes and lists accounts. */
import { checkName, isName } from '../../model/name.ts'
import { accountsThat, createAccount, findAccount, onHost } from '../../vault/accounts.ts'
import { giveMachineNetworks } from '../../vault/machines.ts'
import { rotateAccountKey } from '../../vault/rotation.ts'
import { complain, print, printJson, printTable } from '../output.ts'
import { withVault } from './with-vault.ts'

interface Options {
  readonly json?: boolean
}

/** Also before the server first runs: then the store is made, and this is its first account, in the place of `default`. */
export async function create(name: string, { json }: Options): Promise<void> {
  const { account, token } = await withVault((vault, host) => createAccount(vault, host, checkName(name, 'name')), {
    mayMake: isName(name),
  })
  if (json) return printJson({ account: { id: account.id, name: account.name }, api_key: token })
  print(`Created account ${account.name} (id ${account.id}). Its first API key has full access:`)
  print(`  ${token}`)
  print('It will not be shown again.')
}

export async function list({ json }: Options): Promise<void> {
  const accounts = await withVault((vault) => accountsThat(vault, onHost, () => true))
  const shown = accounts.map(({ id, name, createdAt }) => ({ id, name, created_at: new Date(createdAt).toISOString() }))
  if (json) return printJson({ accounts: shown })
  printTable(
    ['ID', 'NAME', 'CREATED'],
    shown.map(({ id, name, created_at }) => [String(id), name, created_at]),
  )
}

export async function machineNetworks(name: string, { set, json }: Options & { readonly set?: string }): Promise<void> {
  const networks = await withVault(async (vault, host) => {
    if (set === undefined) return (await findAccount(vault, name)).machineNetworks
    const wanted = set.split(',').map((text) => text.trim())
    return giveMachineNetworks(vault, host, name, set.trim() === '' ? [] : wanted)
  })
  if (json) return printJson({ account: name, machine_networks: networks })
  if (networks.length > 0) return print(networks.join('\n'))
  complain(`${name} has none. While it is the only account, its machines may have any address.`)
}

export async function rotateKey(name: string, { json }: Options): Promise<void> {
  const report = (rewrapped: number) => complain(`${rewrapped} secret keys wrapped anew`)
  const done = await withVault((vault, host) => rotateAccountKey(vault, host, name, json ? undefined : report))
  if (json) return printJson({ account: name, ...done })
  const how = done.resumed ? 'The rotation that was broken off is finished.' : 'The key of the account is replaced.'
  print(`${how} Version ${done.version} wraps all of its secret keys; older ones are destroyed.`)
}
