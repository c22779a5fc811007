/**
 * A root key sealed by the TPM of this machine, with tpm2-tools: two files that no other TPM opens. It is unsealed each time
 * that it is used, and is then in this process. In the folder:
 *
 *   sealed.pub, sealed.priv   as `tpm2_create` writes them, below the primary key of the owner's hierarchy (ECC, SHA-256)
 *   id                        what tells the root key, and nothing about it
 */
import { createSecretKey, type KeyObject } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Refusal } from '../../errors.ts'
import { randomBytes } from '../random.ts'
import { idOf, keptElsewhere, rootKeyBytes } from './local.ts'
import { type Ran, run, usualPath } from './program.ts'
import { ProviderTrouble, patienceMs, type RootKeyProvider, type RootKeySource, usualTcti } from './provider.ts'

export type Tpm2Source = Extract<RootKeySource, { readonly kind: 'tpm2' }>

const primary = 'tpm2_createprimary -Q -C o -g sha256 -G ecc -c primary.ctx'.split(' ')
const idForm = /^[0-9a-f]{16}$/
/** Whoever speaks to the TPM itself has to make room between commands: there is little of it. */
const fills = new Set(['tpm2_create', 'tpm2_load', 'tpm2_unseal'])
const managed = /^(device:\/dev\/tpmrm\d+|tabrmd(:.*)?)$/

/** @throws Refusal `invalid` when nothing is sealed there */
export function tpm2Key(source: Tpm2Source, timeoutMs = patienceMs): RootKeyProvider {
  const id = readId(source)
  let reading: Promise<KeyObject> | undefined
  // Versions of the master key are opened all at once: the TPM is asked once for them.
  const read = () => {
    reading ??= unseal(source, id, timeoutMs).finally(() => {
      reading = undefined
    })
    return reading
  }
  return keptElsewhere(read, id, `tpm2:${source.path}`)
}

/**
 * Seals a root key into a folder that is made for it.
 *
 * @param key a new one when not given
 * @throws Refusal `invalid` when the folder is there, ProviderTrouble
 */
export async function makeTpm2Key(source: Tpm2Source, key?: KeyObject): Promise<RootKeyProvider> {
  const { path } = source
  if (existsSync(path)) throw new Refusal('invalid', `${path} is there already: name a folder that is not.`)
  // Whole or not at all.
  const making = mkdtempSync(`${path}.making-`)
  const bytes = key?.export() ?? randomBytes(rootKeyBytes)
  try {
    const id = idOf(createSecretKey(bytes))
    await seal(source, making, bytes)
    writeFileSync(join(making, 'id'), `${id}\n`, { mode: 0o600 })
    await unseal({ ...source, path: making }, id, patienceMs)
    for (const name of ['sealed.pub', 'sealed.priv', 'id', '.']) sync(join(making, name))
    renameSync(making, path)
    sync(dirname(path))
  } finally {
    bytes.fill(0)
    rmSync(making, { recursive: true, force: true })
  }
  return tpm2Key(source)
}

async function seal(source: Tpm2Source, folder: string, bytes: Uint8Array): Promise<void> {
  const sealed = ['-u', join(folder, 'sealed.pub'), '-r', join(folder, 'sealed.priv')]
  await withTools(source, patienceMs, async (tool) => {
    const { pcrs } = source
    if (pcrs !== undefined) await tool(['tpm2_createpolicy', '-Q', '--policy-pcr', '-l', pcrs, '-L', 'policy'])
    await tool(primary)
    // To PCRs: by them alone. Failures lock nothing, for there is no password to be guessed.
    const attributes = `fixedtpm|fixedparent|noda${pcrs === undefined ? '|userwithauth' : ''}`
    const policy = pcrs === undefined ? [] : ['-L', 'policy']
    await tool(['tpm2_create', '-Q', '-C', 'primary.ctx', ...sealed, '-a', attributes, ...policy, '-i', '-'], bytes)
  })
}

async function unseal(source: Tpm2Source, id: string, timeoutMs: number): Promise<KeyObject> {
  const sealed = ['-u', join(source.path, 'sealed.pub'), '-r', join(source.path, 'sealed.priv')]
  const output = await withTools(source, timeoutMs, async (tool) => {
    await tool(primary)
    await tool(['tpm2_load', '-Q', '-C', 'primary.ctx', ...sealed, '-c', 'sealed.ctx'])
    const auth = source.pcrs === undefined ? [] : ['-p', `pcr:${source.pcrs}`]
    return (await tool(['tpm2_unseal', '-c', 'sealed.ctx', ...auth])).output
  })
  try {
    const key = output.length === rootKeyBytes ? createSecretKey(output) : undefined
    if (key !== undefined && idOf(key) === id) return key
    throw new ProviderTrouble('denied', `The files in ${source.path} do not belong together.`)
  } finally {
    output.fill(0)
  }
}

type Tool = (words: readonly string[], input?: Uint8Array) => Promise<Ran>

/** What tools hand on to each other is in a folder that is gone afterwards. The TPM has encrypted it. */
async function withTools<T>(source: Tpm2Source, timeoutMs: number, work: (tool: Tool) => Promise<T>): Promise<T> {
  const end = performance.now() + timeoutMs
  const cwd = mkdtempSync(join(tmpdir(), 'strongroom-tpm2-'))
  const call = ([path = '', ...args]: readonly string[], input?: Uint8Array) =>
    run({
      called: `The program ${path} (tpm2-tools)`,
      ...{ path, args, cwd, areErrorsKept: true },
      ...(input === undefined ? {} : { input }),
      env: { PATH: usualPath, LC_ALL: 'C', TPM2TOOLS_TCTI: source.tcti, TSS2_LOG: 'all+NONE' },
      timeoutMs: Math.max(1, Math.ceil(end - performance.now())),
    })
  const makeRoom = async (isFailed: boolean) => {
    if (managed.test(source.tcti)) return
    // Only who failed leaves a session behind.
    for (const what of isFailed ? ['-t', '-l'] : ['-t']) await call(['tpm2_flushcontext', what])
  }
  try {
    return await work(async (words, input) => {
      const ran = await call(words, input)
      if (ran.code !== 0 || fills.has(words[0] ?? '')) await makeRoom(ran.code !== 0)
      if (ran.code === 0) return ran
      ran.output.fill(0)
      throw troubleOf(source, words[0] ?? '', ran.errors)
    })
  } finally {
    rmSync(cwd, { recursive: true, force: true })
  }
}

/** By the code of the TPM, as the tools write it. */
function troubleOf({ path, pcrs, tcti }: Tpm2Source, tool: string, errors: string): ProviderTrouble {
  const code = /\((0x[0-9a-f]{3,8})\)/i.exec(errors)?.[1]?.toLowerCase() ?? 'no code'
  if (/could not load tcti/i.test(errors)) {
    const why = `The TPM cannot be reached (${tcti}): see whether it is there, and whether this user may use it.`
    return new ProviderTrouble('away', why)
  }
  switch (code) {
    case '0x99d': {
      const why = `The TPM does not unseal the root key: its PCRs (${pcrs}) are not what they were when it was sealed, or it was sealed to others.`
      return new ProviderTrouble('denied', why)
    }
    case '0x9a2': {
      const why =
        'The owner hierarchy of the TPM has a password, which Strongroom has no place for: take it away (tpm2_changeauth -c owner).'
      return new ProviderTrouble('denied', why)
    }
    case '0x12f':
      return new ProviderTrouble('denied', 'The root key is sealed to PCRs: say to which, by pcrs=.')
    case '0x1df':
      return new ProviderTrouble(
        'denied',
        `What is in ${path} was sealed by another TPM, or this one was cleared since.`,
      )
    default:
      return new ProviderTrouble('away', `The TPM cannot do it now (${tool}, ${code}).`)
  }
}

function readId({ path, pcrs, tcti }: Tpm2Source): string {
  const text = ['sealed.pub', 'sealed.priv'].every((name) => existsSync(join(path, name)))
    ? readText(join(path, 'id'))
    : ''
  if (idForm.test(text)) return text
  // What it is sealed to is in the URL: copied without, it would be sealed to nothing.
  const parameters = new URLSearchParams({
    ...(pcrs === undefined ? {} : { pcrs }),
    ...(tcti === usualTcti ? {} : { tcti }),
  })
  const query = parameters.size === 0 ? '' : `?${decodeURIComponent(String(parameters))}`
  throw new Refusal(
    'invalid',
    `The folder ${path} has no root key that a TPM sealed. Make one: strongroom root-key make 'tpm2:${path}${query}'`,
  )
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}

function sync(path: string): void {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
