/** `strongroom backup`, `backup verify` and `restore`. */
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Config } from '../../config.ts'
import { backUp, type OpenPart, type Restored, restore } from '../../copy/backup.ts'
import { parseLocation, type StoreLocation } from '../../copy/location.ts'
import type { PartName } from '../../copy/part.ts'
import { invalid } from '../../errors.ts'
import { existing, recordOnAll } from '../../open.ts'
import { Fault, print, printJson } from '../output.ts'
import { type ProgressOfParts, progressOfParts } from '../progress.ts'
import { decrypterWith, encrypterFor, type ForWhom, readEncrypted, type WithWhat, writeEncrypted } from './age.ts'
import { UnfinishedFiles } from './unfinished.ts'
import { begin, hostAsker, hostConfig } from './with-vault.ts'

interface Parts {
  /** The path that the names of both files begin with. */
  readonly from: string
}

interface MakeOptions extends ForWhom {
  readonly out?: string
  readonly replace?: boolean
  readonly json?: boolean
}

/** Both parts are there whole in the end, or neither is, and what was there before stays. */
export async function make(options: MakeOptions): Promise<void> {
  const { out, replace = false } = options
  if (out === undefined) throw invalid('--out', 'Say what the names of the two files begin with.')
  begin()
  const encrypter = encrypterFor(options)
  const config = hostConfig()
  const files = { values: pathOf(out, 'values'), keys: pathOf(out, 'keys') }
  const there = Object.values(files).filter((path) => existsSync(path))
  if (!replace && there.length > 0) {
    const are = there.length === 1 ? 'is' : 'are'
    throw new Fault('conflict', `${there.join(' and ')} ${are} there already. Say another --out, or --replace.`)
  }
  const parts = new UnfinishedFiles()
  try {
    // Before the record: a folder may not be there, or not be for this user.
    for (const path of Object.values(files)) await parts.open(path)
    await recordOnAll(config, 'store.backup', hostAsker())
    const bar = progressOfParts(!options.json)
    const keep = (part: PartName, text: AsyncIterable<string>) =>
      writeEncrypted(parts.handleOf(files[part]), encrypter, text)
    const made = await backUp(config, new Date(), keep, bar.isShown ? bar.at : undefined).finally(bar.end)
    await parts.finish()
    tell(made, files, options)
  } finally {
    await parts.close()
  }
}

type Made = Awaited<ReturnType<typeof backUp>>

function tell(
  { backup, rootKeys, customerKeys }: Made,
  files: Readonly<Record<PartName, string>>,
  options: MakeOptions,
): void {
  if (options.json) printJson({ backup, files, root_keys: rootKeys, customer_keys: customerKeys })
  if (options.json) return
  print(`Backup ${backup} is made. Keep its parts apart from each other, and both from the root key:`)
  print(`  ${files.values}`)
  print(`  ${files.keys}`)
  print(`What opens it: ${rootKeys.join(', ')}.`)
  for (const { account, provider } of customerKeys) print(`The values of account ${account} need ${provider} as well.`)
}

/** Restores into a store that is thrown away afterwards. */
export async function verify(options: WithWhat & Parts & { readonly json?: boolean }): Promise<void> {
  begin()
  const config = withExistingKey(hostConfig())
  const dataDir = mkdtempSync(join(tmpdir(), 'strongroom-verify-'))
  const clear = () => rmSync(dataDir, { recursive: true, force: true })
  process.once('exit', clear)
  try {
    const restored = await open(config, { dataDir, databaseUrl: undefined }, options)
    if (options.json) return printJson(shown(restored))
    print(`Backup ${restored.backup} of ${restored.madeAt} can be restored: ${told(restored)}.`)
    if (restored.rootKeys.length > 0) print(`What opens it: ${restored.rootKeys.join(', ')}.`)
    tellClosed(restored)
  } finally {
    clear()
  }
}

export async function bring(
  options: WithWhat & Parts & { readonly to?: string; readonly json?: boolean },
): Promise<void> {
  begin()
  const config = withExistingKey(hostConfig())
  const location: StoreLocation = options.to === undefined ? config : parseLocation(options.to, '--to', config.dataDir)
  const restored = await open(config, location, options)
  await recordOnAll({ ...config, ...location }, 'store.restore', hostAsker())
  if (options.json) return printJson(shown(restored))
  print(`Backup ${restored.backup} of ${restored.madeAt} is restored: ${told(restored)}.`)
  tellClosed(restored)
  print('API keys that were revoked since are good again. Hold the store against what was kept elsewhere:')
  print('  strongroom audit verify --state --checkpoint FILE')
}

function open(
  config: Config,
  location: StoreLocation,
  options: WithWhat & Parts & { readonly json?: boolean },
): Promise<Restored> {
  const decrypter = decrypterWith(options)
  const bar = progressOfParts(!options.json)
  const onBytes = bytesRead(options, bar)
  const openPart: OpenPart = (part) => readEncrypted(pathOf(options.from, part), decrypter, onBytes)
  return restore(config, location, openPart, bar.at).finally(bar.end)
}

/** How many rows a backup has is known at its end alone: until then, its bytes are counted. */
function bytesRead({ from }: Parts, bar: ProgressOfParts): (count: number) => void {
  const paths = (['values', 'keys'] as const).map((part) => pathOf(from, part))
  const total = paths.reduce((sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0)
  let done = 0
  return (count) => {
    done += count
    bar.at('MB read', megabytes(done), megabytes(total))
  }
}

function megabytes(bytes: number): number {
  return Math.ceil(bytes / 1e6)
}

/** A root key of a backup is never one that is made now. */
export function withExistingKey(config: Config): Config {
  return { ...config, rootKeys: config.rootKeys.map(existing) }
}

function pathOf(prefix: string, part: PartName): string {
  return `${prefix}.${part}.age`
}

function shown({ backup, madeAt, accounts, secrets, opened, records, rootKeys, closed }: Restored) {
  const counts = { accounts, secrets, values_opened: opened, records }
  return { backup, made_at: madeAt, ...counts, root_keys: rootKeys, closed_accounts: closed }
}

/** Whose values were not opened, and what opens them. */
export function tellClosed({ closed }: Pick<Restored, 'closed'>): void {
  for (const { account, provider } of closed) {
    print(
      `Not opened: the values of account ${account}. Their key is kept with ${provider}, which does not open it now.`,
    )
  }
}

function told({ accounts, secrets, opened, records, closed }: Restored): string {
  const values = closed.length === 0 ? `all of their ${opened} values opened` : `${opened} values opened`
  return `${accounts} accounts, ${secrets} secrets, ${values}, ${records} audit records`
}
