/** The account itself, and the key that wraps the keys of its secrets. */

import type { Connection } from './connection.ts'
import type { AccountInfo, AccountKey, CustomerKey, NewCustomerKey } from './model.ts'
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

  /** The provider that the account keeps its key with. @throws NotFound where there is none */
  async customerKey(options?: CallOptions): Promise<CustomerKey> {
    return (await this.#connection.send('GET /v3/account/customer-key', {}, options)).body
  }

  /** Keeps the account's key with a provider, or with another one. Values are not touched. */
  async setCustomerKey(input: NewCustomerKey, options?: CallOptions): Promise<CustomerKey> {
    return (await this.#connection.send('PUT /v3/account/customer-key', { body: input }, options)).body
  }

  /** Leaves it to the operator alone again, while the provider opens it. */
  async removeCustomerKey(options?: CallOptions): Promise<void> {
    await this.#connection.send('DELETE /v3/account/customer-key', {}, options)
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
