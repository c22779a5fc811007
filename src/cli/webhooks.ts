/** `strongroom webhooks`: where records of the trail are told of, and what became of each. */

import type { Delivery, Webhook } from '../client/model.ts'
import { connect } from './connection.ts'
import type { RemoteOptions } from './define.ts'
import { idOf } from './find.ts'
import { makerText } from './made.ts'
import { Fault, print, printJson, printTable, shown, tell } from './output.ts'
import { confirm } from './prompt.ts'

interface Parts extends RemoteOptions {
  readonly action?: readonly string[]
  readonly name?: string
  readonly in?: string
}

export async function list(options: RemoteOptions): Promise<void> {
  const webhooks = await Array.fromAsync((await connect(options)).webhooks.list())
  if (options.json) return printJson({ webhooks })
  if (webhooks.length === 0) return tell('There is no webhook.')
  printTable(
    ['ID', 'URL', 'ACTIONS', 'ABOUT', 'STATE'],
    webhooks.map((one) => [String(one.id), one.url, one.actions.join(' '), aboutOf(one), stateOf(one)]),
  )
}

export async function show(id: string, options: RemoteOptions): Promise<void> {
  const one = await (await connect(options)).webhooks.get(idOf('webhook', id))
  if (options.json) return printJson(one)
  print(`${shown(one.url)} (id ${one.id})`)
  print(`  actions  ${one.actions.join(' ')}`)
  print(`  about    ${shown(aboutOf(one))}`)
  print(`  state    ${stateOf(one)}`)
  print(`  made by  ${makerText(one.created_by)}`)
}

export async function create(url: string, options: Parts): Promise<void> {
  const { action: actions = [] } = options
  if (actions.length === 0) throw new Fault('usage', "Say --action, such as --action 'secret.*'.")
  const made = await (await connect(options)).webhooks.create({ url, actions, ...narrowing(options) })
  if (options.json) return printJson(made)
  warn(made)
  tell(`The webhook ${made.id} is made. What receivers check its signatures with is not shown again:`)
  print(made.secret)
}

export async function update(
  id: string,
  options: Parts & { readonly url?: string; readonly enable?: boolean; readonly disable?: boolean },
): Promise<void> {
  const { url, action: actions, enable, disable } = options
  if (enable && disable) throw new Fault('usage', 'Say --enable or --disable, not both.')
  const changed = await (await connect(options)).webhooks.update(idOf('webhook', id), {
    ...(url === undefined ? {} : { url }),
    ...(actions === undefined ? {} : { actions }),
    ...narrowing(options),
    ...(enable === true ? { enabled: true } : disable === true ? { enabled: false } : {}),
  })
  if (options.json) return printJson(changed)
  if (changed.enabled) warn(changed)
  print(`The webhook ${changed.id} is changed: ${stateOf(changed)}. It tells from now on what you may see.`)
}

export async function rotate(id: string, options: RemoteOptions): Promise<void> {
  const made = await (await connect(options)).webhooks.rotate(idOf('webhook', id))
  if (options.json) return printJson(made)
  warn(made)
  tell(`The secret before signs too until ${made.previous_secret_until ?? 'now'}. The new one is not shown again:`)
  print(made.secret)
}

export async function remove(idText: string, options: RemoteOptions & { readonly yes?: boolean }): Promise<void> {
  const id = idOf('webhook', idText)
  const client = await connect(options)
  const { url } = await client.webhooks.get(id)
  if (!options.yes) {
    const isSure = await confirm(`Delete the webhook ${id} to ${shown(url)}?`, 'Say --yes to delete it.')
    if (!isSure) throw new Fault('failure', 'Nothing is deleted.')
  }
  await client.webhooks.delete(id)
  if (options.json) return printJson({ deleted: { id } })
  print(`The webhook ${id} is deleted.`)
}

const shownAtOnce = 50
const allowing = 'STRONGROOM_OUTBOUND_ALLOWED_ADDRESSES in its settings allows it.'

export async function deliveries(
  id: string,
  options: RemoteOptions & { readonly state?: Delivery['state'] },
): Promise<void> {
  const { state } = options
  const found: Delivery[] = []
  for await (const one of (await connect(options)).webhooks.deliveries(
    idOf('webhook', id),
    state === undefined ? {} : { state },
  )) {
    found.push(one)
    if (found.length === shownAtOnce) break
  }
  if (options.json) return printJson({ deliveries: found })
  printTable(
    ['ID', 'ACTION', 'STATE', 'ATTEMPTS', 'LAST', 'ANSWER', 'NEXT'],
    found.map((one) => [
      ...[String(one.id), one.action, one.state, String(one.attempts), one.attempted_at ?? ''],
      ...[answerOf(one), one.next_attempt_at ?? ''],
    ]),
  )
  if (found.some(({ fault }) => fault === 'address')) {
    tell(`address: the server may not send there. ${allowing}`)
  }
}

export async function retry(id: string, delivery: string, options: RemoteOptions): Promise<void> {
  const again = await (await connect(options)).webhooks.retry(idOf('webhook', id), idOf('delivery', delivery))
  if (options.json) return printJson(again)
  print(`The delivery ${again.id} is sent again.`)
}

export async function test(id: string, options: RemoteOptions): Promise<void> {
  const sent = await (await connect(options)).webhooks.test(idOf('webhook', id))
  if (options.json) return printJson(sent)
  print(`The test is delivery ${sent.id}: "strongroom webhooks deliveries ${id}" shows what becomes of it.`)
}

/** Faults of what a setting of the server allows. */
const allowed = ['address', 'scheme', 'port']

function warn({ warning }: Pick<Webhook, 'warning'>): void {
  if (warning === undefined) return
  const { fault, detail } = warning
  tell(`Nothing can be sent there now: ${shown(detail)}${allowed.includes(fault) ? ` ${allowing}` : ''}`)
}

/** `*` and an empty text are all. */
function narrowing({ name, in: environment }: Parts) {
  const orAll = (text: string) => (text === '' || text === '*' ? null : text)
  return {
    ...(name === undefined ? {} : { name: orAll(name) }),
    ...(environment === undefined ? {} : { environment: orAll(environment) }),
  }
}

function aboutOf({ name, environment }: Webhook): string {
  const where = environment === null ? [] : [`in ${environment.name ?? 'an environment that is gone'}`]
  return [name ?? 'everything', ...where].join(' ')
}

function stateOf({ enabled, disabled_for: reason }: Webhook): string {
  return enabled ? 'enabled' : reason === null ? 'disabled' : `disabled: ${reason}`
}

function answerOf({ status, fault }: Delivery): string {
  return status === null ? (fault ?? '') : String(status)
}
