/** An authenticator in software: makes passkeys and answers challenges as a browser would pass them on (ES256). */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

interface Passkey {
  readonly id: Buffer
  readonly privateKey: KeyObject
  readonly handle: string
}

/** What may be otherwise than it should be. */
export interface Odd {
  readonly origin?: string
  readonly rpId?: string
  readonly challenge?: string
  readonly isUnverified?: boolean
  readonly handle?: string
  readonly id?: Buffer
}

export class Authenticator {
  counter = 0
  passkey: Passkey | undefined
  readonly #origin: string

  constructor(origin: string) {
    this.#origin = origin
  }

  /** Answers the options of `navigator.credentials.create`. */
  create(options: { readonly challenge: string; readonly user: { readonly id: string } }, odd: Odd = {}) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    this.passkey = { id: odd.id ?? randomBytes(32), privateKey, handle: options.user.id }
    const { id } = this.passkey
    const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
    const key = Buffer.concat([
      Buffer.from('a5010203262001215820', 'hex'),
      Buffer.from(x, 'base64url'),
      Buffer.from('225820', 'hex'),
      Buffer.from(y, 'base64url'),
    ])
    const length = Buffer.alloc(2)
    length.writeUInt16BE(id.length)
    const data = Buffer.concat([this.#data(odd, 0x40), Buffer.alloc(16), length, id, key])
    const size = Buffer.alloc(2)
    size.writeUInt16BE(data.length)
    const attestation = Buffer.concat([
      Buffer.from('a363666d74646e6f6e656761747453746d74a068617574684461746159', 'hex'),
      size,
      data,
    ])
    const client = this.#client('webauthn.create', odd.challenge ?? options.challenge, odd)
    return this.#credential({
      clientDataJSON: client.toString('base64url'),
      attestationObject: attestation.toString('base64url'),
      transports: ['internal'],
    })
  }

  /** Answers the options of `navigator.credentials.get`. */
  get(options: { readonly challenge: string }, odd: Odd = {}) {
    const { privateKey, handle } = this.passkey ?? missing()
    const data = this.#data(odd)
    const client = this.#client('webauthn.get', odd.challenge ?? options.challenge, odd)
    const signed = Buffer.concat([data, createHash('sha256').update(client).digest()])
    return this.#credential({
      clientDataJSON: client.toString('base64url'),
      authenticatorData: data.toString('base64url'),
      signature: sign('sha256', signed, privateKey).toString('base64url'),
      userHandle: odd.handle ?? handle,
    })
  }

  #credential<Response>(response: Response) {
    const id = (this.passkey ?? missing()).id.toString('base64url')
    return { id, rawId: id, type: 'public-key', response, clientExtensionResults: {} }
  }

  #client(type: string, challenge: string, { origin = this.#origin }: Odd): Buffer {
    return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }))
  }

  /** Present, and verified: `0x05`. */
  #data({ rpId = new URL(this.#origin).hostname, isUnverified = false }: Odd, more = 0): Buffer {
    const counter = Buffer.alloc(4)
    counter.writeUInt32BE(this.counter)
    const flags = Buffer.from([(isUnverified ? 0x01 : 0x05) | more])
    return Buffer.concat([createHash('sha256').update(rpId).digest(), flags, counter])
  }
}

function missing(): never {
  throw new Error('It has no passkey yet.')
}
