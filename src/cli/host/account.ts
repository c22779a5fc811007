/** `strongroom account`: makes and lists accounts. */
import { createAccount } from '../../vault/accounts.ts'
import { print, printJson, printTable } from '../output.ts'
import { withVault } from './with-vault.ts'

interface Options {
  readonly json?: boolean
}

export async function create(name: string, { json }: Options): Promise<void> {
  const { account, token } = await withVault((vault, host) => createAccount(vault, host, name))
  if (json) return printJson({ account: { id: account.id, name: account.name }, api_key: token })
  print(`Account ${account.name} (id ${account.id}) is made. Its first API key may do everything in it:`)
  print(`  ${token}`)
  print('It is not shown again.')
}

export async function list({ json }: Options): Promise<void> {
  const accounts = await withVault((vault) => vault.store.accounts())
  const shown = accounts.map(({ id, name, createdAt }) => ({ id, name, created_at: new Date(createdAt).toISOString() }))
  if (json) return printJson({ accounts: shown })
  printTable(
    ['ID', 'NAME', 'CREATED'],
    shown.map(({ id, name, created_at }) => [String(id), name, created_at]),
  )
}
