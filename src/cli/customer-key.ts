/** `strongroom settings customer-key` and its like: the provider that the account keeps its key with. */
import { NotFound } from '../client/errors.ts'
import type { CustomerKey, NewCustomerKey } from '../client/model.ts'
import { connect } from './connection.ts'
import type { RemoteOptions } from './define.ts'
import { readInputFile, readStandardInput } from './input.ts'
import { Fault, print, printJson, shown } from './output.ts'
import { confirm } from './prompt.ts'

export async function show(options: RemoteOptions): Promise<void> {
  const { account } = await connect(options)
  const found = await account.customerKey().catch((error: unknown) => {
    if (error instanceof NotFound) return null
    throw error
  })
  if (options.json) return printJson(found)
  if (found === null) print('The account has no key of its own: its values open with the keys of the operator alone.')
  else tellOf(found)
}

interface SetOptions extends RemoteOptions {
  readonly credentials?: string
}

export async function set(provider: string, options: SetOptions): Promise<void> {
  const credentials = options.credentials === undefined ? undefined : await credentialsIn(options.credentials)
  const { account } = await connect(options)
  const made = await account.setCustomerKey({ provider, ...(credentials === undefined ? {} : { credentials }) })
  if (options.json) return printJson(made)
  tellOf(made)
}

export async function remove(options: RemoteOptions & { readonly yes?: boolean }): Promise<void> {
  const { account } = await connect(options)
  if (
    !options.yes &&
    !(await confirm('Let the operator open the values without the provider?', 'Say --yes to do it.'))
  ) {
    throw new Fault('failure', 'Nothing is changed.')
  }
  await account.removeCustomerKey()
  if (options.json) printJson({ removed: true })
  else print('The account has no key of its own any more.')
}

function tellOf({ provider, open, closed_at: at, closed_for: why }: CustomerKey): void {
  print(`Provider  ${shown(provider)}`)
  print(open ? 'Access    open' : `Access    closed since ${at}: ${why}`)
}

/** What the provider is shown, as JSON: never in an argument, which others of the computer see. */
async function credentialsIn(path: string): Promise<NonNullable<NewCustomerKey['credentials']>> {
  const bytes = path === '-' ? await readStandardInput() : readInputFile(path)
  try {
    const parsed: unknown = JSON.parse(bytes.toString())
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed
  } catch {
    // Said below, without what was read.
  } finally {
    bytes.fill(0)
  }
  throw new Fault('usage', '--credentials: Must be a JSON object, such as {"token":"…"}.')
}
