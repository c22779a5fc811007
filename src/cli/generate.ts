/** `strongroom secrets generate`: stores a value that nobody has seen. */
import type { OneToStore, StoredSecret } from '../client/model.ts'
import type { Strongroom } from '../client/strongroom.ts'
import { connectToStore } from './connection.ts'
import type { RemoteOptions } from './define.ts'
import { type DetailOptions, detailsIn, type GivenDetails } from './details.ts'
import { checkedName, idIn } from './find.ts'
import { numberOf } from './input.ts'
import { complain, Fault, print, printJson, tell } from './output.ts'
import { generateValue } from './random-value.ts'
import { existing } from './set.ts'
import type { Kind } from './value-kinds.ts'
import { showNewValue } from './what-if.ts'

interface Options extends RemoteOptions, DetailOptions {
  readonly kind: Kind
  readonly length?: string
  readonly alphabet?: string
  readonly print?: boolean
  readonly ifVersion?: string
  readonly list?: string
  readonly dryRun?: boolean
}

/** Fewer can be tried one after the other. */
const weakBits = 64

export async function generate(name: string, options: Options): Promise<void> {
  if (idIn(name) !== undefined) throw new Fault('usage', 'Name the secret by its name: it may be a new one.')
  checkedName(name)
  const { kind, alphabet, length } = options
  const wanted = length === undefined ? undefined : numberOf('--length', length, 1, 8192)
  const client = await connectToStore(options)
  if (options.dryRun) return showNewValue(client, name, await existing(client, name), options.json)
  const { value, publicKey, bits } = await generateValue({ kind, length: wanted, alphabet })
  const details = detailsIn(options)
  const { list } = options
  const common = { ...details, ...(list === undefined ? {} : { list }), encoding: 'utf-8' } as const
  const all: OneToStore[] = [{ name, value, ...common, ...versionIn(options) }]
  // Together: a private key whose public one is another's is worse than none.
  if (publicKey !== undefined) all.push({ name: checkedName(`${name}.pub`), value: publicKey, ...common })
  const stored = await client.secrets.storeMany(all)
  await describe(client, stored, details, options.list)
  if (options.json) {
    const shown = stored.map(({ id, name: one, version, state }) => ({
      id,
      name: one,
      version,
      created: state === 'new',
    }))
    return printJson({
      stored: shown,
      kind,
      bits,
      ...(publicKey === undefined ? {} : { public_key: publicKey }),
      ...(options.print ? { value } : {}),
    })
  }
  for (const { name: one, version } of stored)
    tell(`${one} is stored${version === 1 ? '' : `, as version ${version}`}.`)
  tell(publicKey === undefined ? `It has ${bits} bits of randomness.` : `As strong as ${bits} random bits.`)
  if (bits < weakBits) complain(`${bits} bits can be guessed by trying. Make it longer with --length.`)
  if (options.print) print(value)
  else if (publicKey !== undefined) print(publicKey.trimEnd())
}

function versionIn({ ifVersion }: Options): { readonly version?: number } {
  return ifVersion === undefined ? {} : { version: numberOf('--if-version', ifVersion, 0, 1e15) }
}

/** Of a secret that was there, what is said of it is changed by itself. */
async function describe(
  client: Strongroom,
  stored: readonly StoredSecret[],
  details: GivenDetails,
  list: string | undefined,
): Promise<void> {
  for (const { id, name, state } of stored) {
    if (state === 'new' || id === null) continue
    if (Object.keys(details).length > 0) await client.secrets.updateMetadata(id, details)
    if (list !== undefined) {
      complain(`${name} was there and stays in its list. Move it with "strongroom secrets move".`)
    }
  }
}
