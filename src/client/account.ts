/** The account itself, and the key that wraps the keys of its secrets. */

import type { Connection } from './connection.ts'
import type { AccountInfo, AccountKey } from './model.ts'
import type { CallOptions } from './options.ts'

export class Account {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  async get(options?: CallOptions): Promise<AccountInfo> {
    return (await this.#connection.send('GET /v3/account', {}, options)).body
  }

  /** Does a part of a rotation to this version. Done twice, it has the same effect. */
  async rotateKeyPart(version: number, options?: CallOptions): Promise<AccountKey> {
    return (await this.#connection.send('POST /v3/account/rotate-key', { body: { version } }, options)).body
  }

  /** Replaces the key, or finishes a rotation that was broken off, part by part. */
  async rotateKey(onProgress: (key: AccountKey) => void = () => {}, options?: CallOptions): Promise<AccountKey> {
    let { key } = await this.get(options)
    const version = key.rotating ? key.version : key.version + 1
    do {
      key = await this.rotateKeyPart(version, options)
      onProgress(key)
    } while (key.rotating)
    return key
  }
}
