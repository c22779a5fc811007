/** A receiver that takes records as JSON lines by HTTP; all that it takes, put together, is an export. */
import { hash } from 'node:crypto'
import { signedHeaders, signingKeyIn } from '../crypto/webhook-signature.ts'
import { linesOf } from './lines.ts'
import { post } from './post.ts'
import { all, NotTaken, type Piece, type Receiver, type Taken } from './receiver.ts'
import type { SinkPlace } from './settings.ts'
import { readSmall } from './tls.ts'

type Place = Extract<SinkPlace, { readonly kind: 'http' }>

export class HttpReceiver implements Receiver {
  readonly #place: Place
  readonly #storeId: string
  readonly #now: () => number

  constructor(place: Place, storeId: string, now: () => number) {
    this.#place = place
    this.#storeId = storeId
    this.#now = now
  }

  async close(): Promise<void> {}

  async take(pieces: readonly Piece[], stop: AbortSignal): Promise<Taken> {
    const body = Buffer.from(pieces.flatMap((piece) => linesOf(this.#storeId, piece, false)).join(''))
    const headers = { 'content-type': 'application/jsonl; charset=utf-8', ...(await this.#signature(body)) }
    await post(this.#place, headers, body, stop)
    return all
  }

  /** As Standard Webhooks signs: the id is the body's, the same when it comes again. */
  async #signature(body: Buffer): Promise<Readonly<Record<string, string>>> {
    const { signingKeyPath } = this.#place
    if (signingKeyPath === undefined) return {}
    const key = signingKeyIn(await readSmall(signingKeyPath, 'signing-key-file'))
    if (key === undefined) {
      throw new NotTaken('The file of signing-key-file must hold whsec_ and 24 to 64 bytes in base64.')
    }
    return signedHeaders([key], `msg_${hash('sha256', body, 'base64url').slice(0, 32)}`, this.#now(), body)
  }
}
