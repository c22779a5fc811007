/** The v3 API as a person would explain it, in memory and without a store: what both stores are held against. */

interface Kept {
  readonly id: number
  readonly name: string
  value: string
  version: number
}

interface Key {
  readonly id: number
  readonly scopes: readonly string[]
  isRevoked: boolean
}

interface Account {
  readonly secrets: Map<number, Kept>
  readonly keys: Key[]
  lastSecret: number
}

/** What is compared of an answer. */
export interface Expected {
  readonly status: number
  readonly code?: string
  readonly etag?: string
  readonly body?: unknown
}

export interface KeyRef {
  readonly account: number
  readonly id: number
}

const all = ['secrets:list', 'secrets:read', 'secrets:write', 'secrets:delete', 'keys:manage', 'audit:read']

export class Reference {
  readonly #accounts: Account[] = []

  addAccount(): void {
    this.#accounts.push({ secrets: new Map(), keys: [{ id: 1, scopes: all, isRevoked: false }], lastSecret: 0 })
  }

  list(by: KeyRef): Expected {
    return this.#as(by, 'secrets:list', ({ secrets }) => {
      const body = [...secrets.values()].map(({ id, name }) => ({ id, name }))
      return { status: 200, body }
    })
  }

  read(by: KeyRef, id: number): Expected {
    return this.#as(by, 'secrets:read', ({ secrets }) => {
      const secret = secrets.get(id)
      if (secret === undefined) return { status: 404, code: 'not_found' }
      return { status: 200, etag: `"${secret.version}"`, body: { id, name: secret.name, value: secret.value } }
    })
  }

  create(by: KeyRef, name: string, value: string): Expected {
    return this.#as(by, 'secrets:write', (account) => {
      if ([...account.secrets.values()].some((secret) => secret.name === name))
        return { status: 409, code: 'name_taken' }
      const id = ++account.lastSecret
      account.secrets.set(id, { id, name, value, version: 1 })
      return { status: 201, etag: '"1"', body: { id, name } }
    })
  }

  /** @param match a version, `*`, or nothing */
  update(by: KeyRef, id: number, value: string, match?: number | '*'): Expected {
    return this.#change(by, 'secrets:write', id, match, (secret) => {
      secret.value = value
      secret.version++
      return { status: 200, etag: `"${secret.version}"`, body: { id, name: secret.name } }
    })
  }

  delete(by: KeyRef, id: number, match?: number | '*'): Expected {
    return this.#change(by, 'secrets:delete', id, match, (_, account) => {
      account.secrets.delete(id)
      return { status: 200, body: { message: 'Secret deleted successfully' } }
    })
  }

  makeKey(by: KeyRef, scopes: readonly string[]): Expected {
    return this.#as(by, 'keys:manage', (account, maker) => {
      if (!scopes.every((scope) => maker.scopes.includes(scope))) return { status: 403, code: 'forbidden' }
      account.keys.push({ id: account.keys.length + 1, scopes, isRevoked: false })
      return { status: 201, body: { id: account.keys.length } }
    })
  }

  revokeKey(by: KeyRef, id: number): Expected {
    return this.#as(by, 'keys:manage', ({ keys }) => {
      const key = keys[id - 1]
      if (key === undefined) return { status: 404, code: 'not_found' }
      key.isRevoked = true
      return { status: 200, body: { message: 'API key revoked successfully' } }
    })
  }

  #change(
    by: KeyRef,
    right: string,
    id: number,
    match: number | '*' | undefined,
    act: (secret: Kept, account: Account) => Expected,
  ): Expected {
    return this.#as(by, right, (account) => {
      const secret = account.secrets.get(id)
      if (secret === undefined && match !== '*') return { status: 404, code: 'not_found' }
      if (secret === undefined || (typeof match === 'number' && match !== secret.version)) {
        return { status: 412, code: 'stale_version' }
      }
      return act(secret, account)
    })
  }

  #as({ account, id }: KeyRef, right: string, act: (account: Account, key: Key) => Expected): Expected {
    const found = this.#accounts[account]
    const key = found?.keys[id - 1]
    if (found === undefined || key === undefined || key.isRevoked) return { status: 401, code: 'unauthenticated' }
    if (!key.scopes.includes(right)) return { status: 403, code: 'forbidden' }
    return act(found, key)
  }
}
