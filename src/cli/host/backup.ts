/** `strongroom backup`, `backup verify` and `restore`. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Config, readConfig } from '../../config.ts'
import { backUp, type Restored, restore } from '../../copy/backup.ts'
import { type Place, parsePlace } from '../../copy/place.ts'
import { invalid } from '../../errors.ts'
import { recordOnAll } from '../../open.ts'
import { print, printJson } from '../output.ts'
import { decrypterWith, encrypterFor, type ForWhom, readEncrypted, type WithWhat, writeEncrypted } from './age.ts'
import { hostAsker } from './with-vault.ts'

interface Parts {
  /** The path that the names of both files begin with. */
  readonly from: string
}

export async function make(options: ForWhom & { readonly out?: string; readonly json?: boolean }): Promise<void> {
  const { out } = options
  if (out === undefined) throw invalid('--out', 'Say what the names of the two files begin with.')
  process.umask(0o077)
  const encrypter = encrypterFor(options)
  const config = readConfig()
  await recordOnAll(config, 'store.backup', hostAsker())
  const backup = await backUp(config, new Date(), (part, text) => {
    return writeEncrypted(pathOf(out, part), encrypter, text)
  })
  const files = { values: pathOf(out, 'values'), keys: pathOf(out, 'keys') }
  if (options.json) return printJson({ backup, files })
  print(`Backup ${backup} is made. Keep its parts apart from each other, and both from the root key:`)
  print(`  ${files.values}`)
  print(`  ${files.keys}`)
}

/** Restores into a store that is thrown away afterwards. */
export async function verify(options: WithWhat & Parts & { readonly json?: boolean }): Promise<void> {
  process.umask(0o077)
  const config = existing(readConfig())
  const dataDir = mkdtempSync(join(tmpdir(), 'strongroom-verify-'))
  try {
    const restored = await open(config, { dataDir, databaseUrl: undefined }, options)
    if (options.json) return printJson(shown(restored))
    print(`Backup ${restored.backup} of ${restored.madeAt} can be restored: ${told(restored)}.`)
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
}

export async function bring(
  options: WithWhat & Parts & { readonly to?: string; readonly json?: boolean },
): Promise<void> {
  process.umask(0o077)
  const config = existing(readConfig())
  const place: Place = options.to === undefined ? config : parsePlace(options.to, '--to', config.dataDir)
  const restored = await open(config, place, options)
  await recordOnAll({ ...config, ...place }, 'store.restore', hostAsker())
  if (options.json) return printJson(shown(restored))
  print(`Backup ${restored.backup} of ${restored.madeAt} is restored: ${told(restored)}.`)
  print('API keys that were revoked since are good again. Hold the store against what was kept elsewhere:')
  print('  strongroom audit verify --state --checkpoint FILE')
}

function open(config: Config, place: Place, options: WithWhat & Parts): Promise<Restored> {
  const decrypter = decrypterWith(options)
  return restore(config, place, (part) => readEncrypted(pathOf(options.from, part), decrypter))
}

/** The root key of a backup is never one that is made now. */
export function existing(config: Config): Config {
  const { rootKey } = config
  return { ...config, rootKey: rootKey.kind === 'file' ? { ...rootKey, create: false } : rootKey }
}

function pathOf(prefix: string, part: 'keys' | 'values'): string {
  return `${prefix}.${part}.age`
}

function shown({ backup, madeAt, accounts, secrets, opened, records }: Restored) {
  return { backup, made_at: madeAt, accounts, secrets, values_opened: opened, records }
}

function told({ accounts, secrets, opened, records }: Restored): string {
  return `${accounts} accounts, ${secrets} secrets, all of their ${opened} values opened, ${records} audit records`
}
