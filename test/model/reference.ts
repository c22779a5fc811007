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
  /** Whether it ends some day: never within a sequence. */
  expires: boolean
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
    this.#accounts.push({
      secrets: new Map(),
      keys: [{ id: 1, scopes: all, isRevoked: false, expires: false }],
      lastSecret: 0,
    })
  }

  /** @param pattern a name in which `*` stands for any characters */
  list(by: KeyRef, pattern = '*'): Expected {
    return this.#as(by, 'secrets:list', ({ secrets }) => {
      const wanted = new RegExp(`^${pattern.replaceAll('*', '.*')}$`)
      const body = [...secrets.values()].filter(({ name }) => wanted.test(name)).map(({ id, name }) => ({ id, name }))
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
    return this.#as(by, 'keys:manage', (account, maker) => this.#addKey(account, maker, scopes))
  }

  /** Rotates a key into one that never ends; the old one stays good for longer than a sequence takes. */
  rotateKey(by: KeyRef, id: number): Expected {
    return this.#as(by, 'keys:manage', (account, maker) => {
      const old = account.keys[id - 1]
      if (old === undefined) return { status: 404, code: 'not_found' }
      if (old.isRevoked) return { status: 400, code: 'invalid' }
      const made = this.#addKey(account, maker, old.scopes)
      if (made.status === 201) old.expires = true
      return made
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

  /** Nobody hands on more than they have, nor for longer. */
  #addKey({ keys }: Account, maker: Key, scopes: readonly string[]): Expected {
    if (maker.expires || !scopes.every((scope) => maker.scopes.includes(scope))) {
      return { status: 403, code: 'forbidden' }
    }
    const id = keys.length + 1
    keys.push({ id, scopes, isRevoked: false, expires: false })
    return { status: 201, body: { id } }
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
