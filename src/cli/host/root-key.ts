/** `strongroom root-key`: which root keys open the store, asked one by one; and one that the TPM seals. */
import { resolve } from 'node:path'
import { readConfig, rootKeyOf } from '../../config.ts'
import { Refusal } from '../../errors.ts'
import { beginStore, checkRootKeys, makeRootKey, type RootKeyCheck } from '../../root-keys.ts'
import { print, printJson } from '../output.ts'
import { printShares } from './shares.ts'
import { begin, hostConfig } from './with-vault.ts'

/**
 * Ends with 1 when one of the settings does not open the store, though others may. Of one that people have, that is not known
 * unless they are asked: then one other has to.
 */
export async function check({
  json = false,
  shares = false,
}: {
  readonly json?: boolean
  readonly shares?: boolean
}): Promise<void> {
  begin()
  const found = await checkRootKeys(shares ? hostConfig() : readConfig())
  if (json) printJson(shown(found))
  else explain(found)
  const asked = found.findings.filter(({ state }) => state !== 'locked')
  if (asked.length === 0 || asked.some(({ state }) => state !== 'opens')) process.exitCode = 1
}

function shown({ findings, others }: RootKeyCheck) {
  return {
    root_keys: findings.map(({ shown: key, name, state, detail, ms }) => ({
      ...{ key, name, state, detail },
      milliseconds: Math.round(ms),
    })),
    not_in_settings: others,
  }
}

function explain({ findings, others }: RootKeyCheck): void {
  for (const { shown: key, name, state, detail, ms } of findings) {
    const how = state === 'opens' ? 'opens the store' : `${state}. ${detail}`
    print(`${key} (${name}): ${how}${state === 'opens' ? `, in ${Math.round(ms)} ms` : ''}`)
  }
  for (const name of others) print(`${name}: opens the store too, and is not in the settings.`)
}

export async function make(url: string, { from }: { readonly from?: string }): Promise<void> {
  begin()
  const source = rootKeyOf(url)
  if (typeof source === 'string') throw new Refusal('invalid', `The root key ${source}.`)
  const { name, shown } = await makeRootKey(source, from === undefined ? undefined : resolve(from))
  print(`${shown} has a root key now (${name}), which the TPM of this machine sealed. It opens no store yet.`)
  print('A second root key elsewhere opens the store when this machine, or what the key is sealed to, is lost.')
}

/** Makes a new store, whose root key people have. */
export async function init({ json = false }: { readonly json?: boolean }): Promise<void> {
  begin()
  const { name, shown, shares, madeIn } = await beginStore(readConfig())
  if (json) return printJson({ root_key: shown, name, shares })
  print(`A new store is in ${madeIn}, and the root keys of the settings open it (${name}).`)
  print('Start the server, or leave it running: it is sealed until "strongroom unseal" has given it enough shares.')
  printShares({ name, shown, shares }, 'before there is anything in it')
}
