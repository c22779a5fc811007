/** `strongroom user`: makes, lists, disables and resets users, when nobody can sign in who may. */
import { readConfig } from '../../config.ts'
import { invalid, Refusal } from '../../errors.ts'
import { type Role, stateOf, type User } from '../../model/user.ts'
import { askerOf, findAccount, type HostAsker } from '../../vault/accounts.ts'
import { resetFactors } from '../../vault/factors.ts'
import { listMade, namesOf } from '../../vault/made.ts'
import { allOf, everything } from '../../vault/pages.ts'
import { type Invited, inviteOwner, inviteUser, listUsers, resetUser, updateUser } from '../../vault/users.ts'
import type { Asker, Vault } from '../../vault/vault.ts'
import { countsOf } from '../made.ts'
import { print, printJson, printTable } from '../output.ts'
import { portalOriginOf } from './listen.ts'
import { withVault } from './with-vault.ts'

interface Options {
  readonly account: string
  readonly json?: boolean
}

interface ResetOptions extends Options {
  readonly factors?: boolean
}

interface CreateOptions extends Options {
  readonly role: Role
  readonly name?: string
  readonly pattern?: readonly string[]
}

/** @param email without it, the owner's link, which asks for the address */
export async function create(email: string | undefined, options: CreateOptions): Promise<void> {
  const { role, name, pattern: patterns } = options
  if (email === undefined && role !== 'owner') throw invalid('email', 'Say which address the user signs in with.')
  const invited = await inAccount(options, (vault, asker, accountId) =>
    email === undefined
      ? inviteOwner(vault, asker, accountId)
      : inviteUser(vault, asker, accountId, { email, name, role, patterns }),
  )
  tell(invited, options)
}

export async function list(options: Options): Promise<void> {
  const users = (await inAccount(options, everybody)).map(shown)
  if (options.json) return printJson({ users })
  printTable(
    ['ID', 'EMAIL', 'NAME', 'ROLE', 'STATE', 'SECOND FACTOR'],
    users.map(({ id, email, name, role, state, second_factor: has }) => [
      ...[String(id), email ?? '-', name, role, state],
      has ? 'yes' : 'no',
    ]),
  )
}

/** Ends their sessions at once. */
export async function disable(email: string, options: Options & { readonly cascade?: boolean }): Promise<void> {
  const { cascade = false } = options
  const { made, left } = await inAccount(options, async (vault, asker) => {
    const { id } = await find(vault, asker, email)
    const changed = await updateUser(vault, asker, id, { isDisabled: true }, cascade)
    return { ...changed, left: await listMade(vault, asker, { kind: 'user', id }) }
  })
  if (options.json) return printJson({ email, state: 'disabled', ...(cascade ? { ended: namesOf(made) } : {}) })
  const counts = countsOf(namesOf(made))
  print(`${email} is disabled, and signed out everywhere.${counts === undefined ? '' : ` With them ended ${counts}.`}`)
  const goesOn = countsOf(namesOf(left))
  if (goesOn !== undefined) print(`They made ${goesOn}, which go on. With --cascade they end too.`)
}

/** With `--factors` passkeys, authenticator app, recovery codes and the link to a provider go too. */
export async function reset(email: string, options: ResetOptions): Promise<void> {
  const invited = await inAccount(options, async (vault, asker) => {
    const { id } = await find(vault, asker, email)
    if (options.factors) await resetFactors(vault, asker, id)
    return resetUser(vault, asker, id)
  })
  tell(invited, options)
}

function tell({ user, token }: Invited, { json }: Options): void {
  const { publicUrl, listen, tls } = readConfig()
  const link = `${portalOriginOf(publicUrl, listen, tls !== undefined)}/portal/welcome#${token}`
  if (json) printJson({ ...shown(user), invitation_url: link })
  if (json) return
  print(`The link sets the password of ${user.email ?? 'the owner'}, once, until ${expiryOf(user)}:`)
  print(`  ${link}`)
}

function expiryOf({ linkExpiresAt }: User): string {
  return `${new Date(linkExpiresAt ?? 0).toISOString().slice(0, 19)}Z`
}

function shown(user: User) {
  const { id, email, name, role, hasSecondFactor } = user
  return { id, email, name, role, state: stateOf(user), second_factor: hasSecondFactor }
}

async function find(vault: Vault, asker: Asker, email: string): Promise<User> {
  const found = (await everybody(vault, asker)).find((user) => user.email === email.trim().toLowerCase())
  if (found === undefined) throw new Refusal('not_found', 'No user of this account has the address.')
  return found
}

async function everybody(vault: Vault, asker: Asker): Promise<readonly User[]> {
  return allOf(await listUsers(vault, asker, everything))
}

function inAccount<T>(
  { account }: Options,
  work: (vault: Vault, asker: Asker, accountId: number) => Promise<T>,
): Promise<T> {
  return withVault(async (vault: Vault, host: HostAsker) => {
    const { id } = await findAccount(vault, account)
    return work(vault, askerOf(host, id), id)
  })
}
