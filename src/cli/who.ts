/** `strongroom secrets who`: who has read a secret, who can, and what holds it. */
import type { Access, Deployment, Metadata, Principal } from '../client/model.ts'
import type { Strongroom } from '../client/strongroom.ts'
import { ifAllowed } from './allowed.ts'
import { LeftOut } from './audit.ts'
import { connect } from './connection.ts'
import type { RemoteOptions } from './define.ts'
import { findSecret, withInherited } from './find.ts'
import { timeOf } from './input.ts'
import { makerText } from './made.ts'
import { complain, print, printJson, printTable, shown, styled } from './output.ts'

interface Options extends RemoteOptions {
  readonly since?: string
}

/** What one principal has read of it. */
interface Reader {
  readonly principal: Principal
  readonly last: string
  readonly address: string
  readonly version: number | null
  readonly reads: number
}

/** So many of the newest reads are looked at. */
const maxReads = 10_000

export async function who(ref: string, options: Options): Promise<void> {
  const from = options.since === undefined ? undefined : timeOf('--since', options.since, -1)
  const client = await connect(options)
  const secret = await findSecret(client, ref, withInherited)
  const readers = await ifAllowed(() => readersOf(client, secret, from))
  const access = await ifAllowed(() => client.secrets.access(secret.id, from === undefined ? {} : { from }))
  const holders = await client.deployments.ofSecret(secret.id)
  const { id, name, version } = secret
  if (options.json) {
    const told = readers === undefined ? null : [...readers.found.values()]
    return printJson({
      id,
      name,
      version,
      readers: told,
      complete: readers?.isWhole === true && readers.left.all.length === 0,
      can: access?.can ?? null,
      no_longer: access === undefined ? null : ghostsOf(access),
      holders: holders.map(heldOf(id)),
    })
  }
  showReaders(readers, name)
  if (access !== undefined) showAble(access)
  print('')
  showHolders(holders, secret)
}

interface Readers {
  readonly found: ReadonlyMap<string, Reader>
  readonly isWhole: boolean
  readonly left: LeftOut
}

/** Newest first, so that the first record of somebody is the last time. */
async function readersOf({ audit }: Strongroom, { id }: Metadata, from: string | undefined): Promise<Readers> {
  const found = new Map<string, Reader>()
  const left = new LeftOut()
  let count = 0
  for (const action of ['secret.read', 'version.read']) {
    const filter = { secret: id, action, outcome: 'ok', ...(from === undefined ? {} : { from }) }
    const reads = audit.list(filter, { onLeftOut: (part) => left.add(part) })
    for await (const { principal, time, address, object } of reads) {
      if (++count > maxReads) return { found, left, isWhole: false }
      const key = JSON.stringify([principal.kind, principal.id, principal.name])
      const known = found.get(key)
      const latest = { principal, last: time, address, version: object?.version ?? null }
      const shownLast = known === undefined || time > known.last ? latest : known
      found.set(key, { ...shownLast, reads: (known?.reads ?? 0) + 1 })
    }
  }
  return { found, left, isWhole: true }
}

function showReaders(readers: Readers | undefined, name: string): void {
  print(styled('bold', 'Read by'))
  if (readers === undefined) {
    complain('This key may not read the audit log (audit:read): who has read it is not shown.')
    return
  }
  const all = [...readers.found.values()].toSorted((a, b) => (a.last < b.last ? 1 : -1))
  const rows = all.map(({ principal, reads, last, version, address }) => {
    return [makerText(principal), String(reads), last, String(version ?? ''), address]
  })
  if (rows.length === 0) print(`Nobody has read ${name}.`)
  else printTable(['WHO', 'READS', 'LAST READ', 'VERSION', 'FROM'], rows)
  readers.left.tell()
  if (!readers.isWhole) complain(`Only the newest ${maxReads} reads were looked at: choose a time with --since.`)
}

/** Who can read it now; and who has, and cannot any more. */
function showAble(access: Access): void {
  print('')
  print(styled('bold', 'Can read'))
  const rows = access.can.map(({ principal, environments, networks }) => [
    makerText(principal),
    environments.map(({ name }) => name).join(', '),
    [...new Set(environments.map(({ scope }) => scope))].join(', '),
    networks.join(', '),
  ])
  printTable(['WHO', 'ENVIRONMENT', 'SCOPE', 'NETWORKS'], rows)
  const ghosts = ghostsOf(access)
  if (ghosts.length === 0) return
  print('')
  print(styled('bold', 'Can no longer read'))
  const past = ghosts.map(({ principal, reads, last_at, version }) => {
    return [makerText(principal), String(reads), last_at, String(version ?? '')]
  })
  printTable(['WHO', 'READS', 'LAST READ', 'VERSION'], past)
}

function ghostsOf({ did = [] }: Access) {
  return did.filter(({ can }) => !can)
}

function showHolders(holders: readonly Deployment[], { id, name, version }: Metadata): void {
  print(styled('bold', 'Deployed to'))
  const rows = holders.map(heldOf(id)).map(({ target, version: held, since }) => {
    const note = held === version ? '' : 'out of date'
    return [shown(target), String(held ?? ''), since, { text: note, style: 'yellow' } as const]
  })
  if (rows.length === 0) print(`No target holds ${name}.`)
  else printTable(['TARGET', 'VERSION', 'SINCE', ''], rows)
}

function heldOf(id: number) {
  return ({ target, secrets, created_at: since }: Deployment) => {
    const held = secrets.find((one) => one.id === id)
    return { target, version: held?.version ?? null, since }
  }
}
