/**
 * Response wrapping: an answer is kept here, sealed, and whoever asked gets a token in its place, which they hand on. It opens the
 * answer once; who comes second learns that somebody was there before.
 */
import { keyChanged, keyUnavailable } from '../crypto/guards.ts'
import { newUid } from '../crypto/random.ts'
import { generateToken, isToken } from '../crypto/token.ts'
import { Refusal } from '../errors.ts'
import { maxWrappingPath, type Wrapping } from '../model/wrapping.ts'
import {
  type Asker,
  ask,
  authenticate,
  integrityFailure,
  outdated,
  recordUnavailable,
  tryAsk,
  type Vault,
} from './vault.ts'

/** So often the account's key may be changed while an answer is sealed. */
const maxTries = 5

/** With which token, and who has it. */
export interface Opener extends Pick<Asker, 'requestId' | 'address'> {
  readonly token: string
  /** The look-up hash of the API key that came with it. */
  readonly by: string | undefined
}

export interface Wrapped {
  readonly wrapping: Wrapping
  readonly token: string
}

/**
 * Keeps an answer, for as long as is wanted, and no longer than the asker's key lives.
 *
 * @param asker with an API key, to which the answer was given
 * @param path what was asked for
 * @throws Refusal `forbidden` for whoever has no API key; `overloaded` when the key of the account keeps changing
 */
export async function wrapAnswer(
  vault: Vault,
  asker: Asker,
  path: string,
  answer: Uint8Array,
  lifetimeSeconds: number,
): Promise<Wrapped> {
  for (let tries = 0; tries < maxTries; tries++) {
    const { accountId, accountKey } = await authenticate(vault, asker)
    const { guard } = accountKey
    const [token, uid] = [generateToken(), newUid()]
    const place = { accountId, uid, path: path.slice(0, maxWrappingPath) }
    const sealed = vault.keyring.sealWrapped(place, answer, guard)
    const wrapping = { ...place, tokenHash: vault.keyring.wrappingHash(token), sealed, lifetimeSeconds }
    const made = await tryAsk(vault, asker, { kind: 'wrap_answer', wrapping, guard })
    if (made !== outdated) return { wrapping: made, token }
  }
  throw keyChanged()
}

/** What is known of a wrapped answer, which stays where it is. @throws Refusal `not_found` where it cannot be opened any more */
export function readWrapping(vault: Vault, opener: Opener): Promise<Wrapping> {
  const { asker, tokenHash } = asOpener(vault, opener)
  return ask(vault, asker, { kind: 'read_wrapping', tokenHash })
}

/**
 * The answer, which is kept no longer; it is kept where it cannot be opened now. Who opened it is in the audit trail before this resolves, and so is whoever tries it later.
 *
 * @throws Refusal `not_found` where it cannot be opened any more; `unauthenticated` for a bad key beside it; `integrity_failure`
 */
export async function openWrapping(vault: Vault, opener: Opener): Promise<Buffer> {
  const { asker, tokenHash } = asOpener(vault, opener)
  const wrapping = await ask(vault, asker, { kind: 'find_wrapping', tokenHash })
  const { accountId } = wrapping
  await vault.customerKeys.learn(accountId)
  if (!vault.keyring.guards.isOpen(accountId)) {
    await recordUnavailable(vault, asker, accountId, 'wrapping.open', null)
    throw keyUnavailable()
  }
  // Before it is used up, whatever comes in between: what cannot be opened is not.
  const answer = await openedOf(vault, asker, wrapping)
  try {
    await ask(vault, asker, { kind: 'open_wrapping', tokenHash })
    return answer
  } catch (error) {
    answer.fill(0)
    throw error
  }
}

/** @throws Refusal `not_found` where nobody opens it any more, which is recorded; `integrity_failure` */
async function openedOf(vault: Vault, asker: Asker, wrapping: Wrapping): Promise<Buffer> {
  try {
    const answer = vault.keyring.openWrapped(wrapping, wrapping.sealed)
    if (answer !== undefined) return answer
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'integrity_failure') throw error
    const { accountId, id, uid, path } = wrapping
    const object = { kind: 'wrapping', id, uid, name: path, version: null, hash: null } as const
    throw await integrityFailure(vault, asker, accountId, 'wrapping.open', object)
  }
  await ask(vault, asker, { kind: 'find_wrapping', tokenHash: wrapping.tokenHash, isLost: true })
  throw noToken()
}

/** The same answer under another token; the one before opens nothing. @throws Refusal `not_found` */
export async function rotateWrapping(vault: Vault, opener: Opener): Promise<Wrapped> {
  const { asker, tokenHash } = asOpener(vault, opener)
  const token = generateToken()
  const nextHash = vault.keyring.wrappingHash(token)
  return { wrapping: await ask(vault, asker, { kind: 'rotate_wrapping', tokenHash, nextHash }), token }
}

/** @throws Refusal `not_found` for what can be no token */
function asOpener({ keyring }: Vault, { token, by, requestId, address }: Opener) {
  if (!isToken(token)) throw noToken()
  const tokenHash = keyring.wrappingHash(token)
  return { tokenHash, asker: { caller: { kind: 'wrapping', hash: tokenHash, by }, requestId, address } as const }
}

function noToken(): Refusal {
  return new Refusal('not_found', 'wrapping token is not valid or does not exist')
}
