/** `strongroom migrate-store`: copies the whole store into an empty one of either kind. */
import { join } from 'node:path'
import type { Config } from '../../config.ts'
import { parseLocation, type StoreLocation } from '../../copy/location.ts'
import { transfer } from '../../copy/transfer.ts'
import { recordOnAll } from '../../open.ts'
import { complain, print, printJson } from '../output.ts'
import { tellClosed, withExistingKey } from './backup.ts'
import { begin, hostAsker, hostConfig } from './with-vault.ts'

interface Options {
  readonly from: string
  readonly to: string
  readonly json?: boolean
}

export async function migrateStore({ from, to, json }: Options): Promise<void> {
  begin()
  const config = hostConfig()
  const source = parseLocation(from, '--from', config.dataDir)
  const target = parseLocation(to, '--to', config.dataDir)
  const settings = withRootKeyOf(config, source)
  const proof = await transfer(settings, source, target, json ? () => {} : reporter())
  await recordOnAll({ ...settings, ...target }, 'store.migrate', hostAsker())
  const { accounts, secrets, opened, records, closed } = proof
  if (json) return printJson({ accounts, secrets, values_opened: opened, records, closed_accounts: closed })
  print(
    `Copied and checked: ${accounts} accounts, ${secrets} secrets (${opened} values opened), ${records} audit records.`,
  )
  tellClosed(proof)
  print('The root key stays where it is: the new store needs the same one (STRONGROOM_ROOT_KEY_FILE).')
}

/** A root key that the server has made lies in its data folder. */
function withRootKeyOf(config: Config, { dataDir }: StoreLocation): Config {
  const rootKeys = config.rootKeys.map((one) =>
    one.kind === 'file' && one.create ? { ...one, path: join(dataDir, 'root.key') } : one,
  )
  return withExistingKey({ ...config, rootKeys })
}

/** A line for each table, and for each hundred thousand rows. */
function reporter(): (table: string, rows: number) => void {
  let last = ''
  let next = 0
  return (table, rows) => {
    if (table !== last) next = 0
    last = table
    if (rows < next) return
    complain(`${table}: ${rows} rows`)
    next = rows + 100_000
  }
}
