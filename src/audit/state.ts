/**
 * What the trail says that an account holds, to be held against what it does hold: a database that was rolled back, or
 * changed behind the server's back, says something else.
 */
import type { AuditRecord } from './record.ts'

/** A secret as it stands in the tables. */
export interface LiveSecret {
  readonly id: number
  readonly uid: string
  readonly name: string
  readonly version: number
  /** SHA-256 of its sealed value, hexadecimal. */
  readonly hash: string
}

/** An API key as it stands in the tables. */
export interface LiveKey {
  readonly id: number
  readonly uid: string
  readonly isRevoked: boolean
}

interface Known {
  readonly seq: number
  readonly text: string | null
}

const changes = new Set(['secret.create', 'secret.update', 'version.restore'])

/** Follows the records of one account, from the first on. */
export class Replay {
  readonly #secrets = new Map<string, Known>()
  readonly #keys = new Map<string, { seq: number; isRevoked: boolean }>()
  readonly #settled: number

  /** @param settled records after this one may be newer than the tables were when they were read */
  constructor(settled: number) {
    this.#settled = settled
  }

  take({ seq, action, object, outcome }: AuditRecord): void {
    if (outcome !== 'ok' || object === null || object.uid === null) return
    const { uid, id, name, version, hash } = object
    if (changes.has(action)) this.#secrets.set(uid, { seq, text: textOf({ id, name, version, hash }) })
    else if (action === 'secret.delete') this.#secrets.set(uid, { seq, text: null })
    else if (action === 'key.create') this.#keys.set(uid, { seq, isRevoked: false })
    else if (action === 'key.revoke') this.#keys.set(uid, { seq, isRevoked: true })
  }

  /** What the tables have otherwise than the trail says, one sentence each. */
  differences(secrets: readonly LiveSecret[], keys: readonly LiveKey[]): string[] {
    return [...this.#ofSecrets(secrets), ...this.#ofKeys(keys)]
  }

  #ofSecrets(secrets: readonly LiveSecret[]): string[] {
    const found: string[] = []
    const seen = new Set<string>()
    for (const secret of secrets) {
      seen.add(secret.uid)
      const known = this.#secrets.get(secret.uid)
      if (known !== undefined && known.seq > this.#settled) continue
      if (known === undefined) found.push(`Secret ${secret.id} is in the store, and the trail knows nothing of it.`)
      else if (known.text === null)
        found.push(`Secret ${secret.id} is in the store, though record ${known.seq} deleted it.`)
      else if (known.text !== textOf(secret)) found.push(`Secret ${secret.id} is not as record ${known.seq} left it.`)
    }
    for (const [uid, { seq, text }] of this.#secrets) {
      if (text !== null && seq <= this.#settled && !seen.has(uid)) {
        found.push(`A secret that record ${seq} left in the store is not there.`)
      }
    }
    return found
  }

  #ofKeys(keys: readonly LiveKey[]): string[] {
    return keys.flatMap(({ id, uid, isRevoked }) => {
      const known = this.#keys.get(uid)
      if (known !== undefined && known.seq > this.#settled) return []
      // The first key comes with its account, in one record.
      if (known === undefined)
        return id === 1 ? [] : [`API key ${id} is in the store, and the trail knows nothing of it.`]
      return known.isRevoked && !isRevoked ? [`API key ${id} is good, though record ${known.seq} revoked it.`] : []
    })
  }
}

function textOf({
  id,
  name,
  version,
  hash,
}: { readonly [part in 'id' | 'name' | 'version' | 'hash']: unknown }): string {
  return JSON.stringify([id, name, version, hash])
}
