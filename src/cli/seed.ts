/** `strongroom seed`: one-time seeds for machines. */
import type { Seed } from '../client/model.ts'
import { connect } from './connection.ts'
import type { RemoteOptions } from './define.ts'
import { idOf } from './find.ts'
import { numberOf, readInputFile, secondsOf } from './input.ts'
import { Fault, print, printJson, printTable, shown, tell } from './output.ts'

interface CreateOptions extends RemoteOptions {
  readonly target: string
  readonly userData: string
  readonly metaData?: string
  readonly vendorData?: string
  readonly networkConfig?: string
  readonly expiresIn: string
  readonly maxFetches: string
  /** `false` with `--no-check`. */
  readonly check: boolean
}

export async function create(options: CreateOptions): Promise<void> {
  const { target, metaData, vendorData, networkConfig } = options
  const seed = await (await connect(options)).seeds.create({
    target,
    user_data: templateIn(options.userData),
    expires_in: secondsOf('--expires-in', options.expiresIn),
    max_fetches: numberOf('--max-fetches', options.maxFetches, 1, 100),
    ...(options.check ? {} : { check: false }),
    ...(metaData === undefined ? {} : { meta_data: templateIn(metaData) }),
    ...(vendorData === undefined ? {} : { vendor_data: templateIn(vendorData) }),
    ...(networkConfig === undefined ? {} : { network_config: templateIn(networkConfig) }),
  })
  if (options.json) return printJson(seed)
  tell(`Seed ${seed.id} for ${shown(seed.target)}, until ${seed.expires_at}. Its URL is not shown again:`)
  print(seed.url)
}

export async function list(options: RemoteOptions): Promise<void> {
  const seeds = await Array.fromAsync((await connect(options)).seeds.list())
  if (options.json) return printJson({ seeds })
  if (seeds.length === 0) return tell('There is no seed, or none that this key made.')
  printTable(
    ['ID', 'TARGET', 'STATE', 'FETCHED', 'UNTIL'],
    seeds.map((seed) => [String(seed.id), seed.target, seed.state, fetchedOf(seed), seed.expires_at]),
  )
}

export async function show(id: string, options: RemoteOptions): Promise<void> {
  const seed = await (await connect(options)).seeds.get(idOf('seed', id))
  if (options.json) return printJson(seed)
  print(`Seed ${seed.id} for ${shown(seed.target)}: ${seed.state}`)
  print(`  created  ${seed.created_at}`)
  print(`  until    ${seed.expires_at}`)
  print(`  fetched  user-data ${fetchedOf(seed)}, meta-data ${seed.fetches.meta_data}`)
  if (seed.refetched_at !== null) print(`  again    ${seed.refetched_at}, without a value`)
}

export async function revoke(idText: string, options: RemoteOptions): Promise<void> {
  const id = idOf('seed', idText)
  await (await connect(options)).seeds.delete(id)
  if (options.json) return printJson({ revoked: { id } })
  print(`The seed ${id} is taken back.`)
}

function fetchedOf({ fetches, max_fetches }: Seed): string {
  return `${fetches.user_data}/${max_fetches}`
}

function templateIn(path: string): string {
  const bytes = readInputFile(path)
  const text = bytes.toString()
  if (Buffer.from(text).equals(bytes)) return text
  throw new Fault('usage', `${path} is not UTF-8.`)
}
