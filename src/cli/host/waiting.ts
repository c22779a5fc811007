/** Answers for the server while it waits for its store: whoever looks whether the process is up is told so. */
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import type { Config } from '../../config.ts'
import type { TlsPair } from '../../http/tls.ts'
import { listen } from './listen.ts'

type Addresses = Pick<Config, 'listen' | 'metricsListen'>

export class Waiting {
  readonly #addresses: Addresses
  readonly #tls: TlsPair | undefined
  readonly #logger: Logger
  #isOver = false
  #isSealed = false
  #starting: Promise<readonly FastifyInstance[]> | undefined

  constructor(addresses: Addresses, tls: TlsPair | undefined, logger: Logger) {
    this.#addresses = addresses
    this.#tls = tls
    this.#logger = logger
  }

  /** From now on `/healthz` and `/readyz` are answered. Once more is no fault. */
  begin(): void {
    if (!this.#isOver) this.#starting ??= this.#start()
  }

  /** It is a root key that is waited for, which may take long. */
  seal(): void {
    this.#isSealed = true
    this.begin()
  }

  /** Lets go of the addresses. */
  async end(): Promise<void> {
    this.#isOver = true
    for (const app of (await this.#starting) ?? []) await app.close()
  }

  async #start(): Promise<readonly FastifyInstance[]> {
    const { createWaitingServer } = await import('../../http/waiting-server.ts')
    const { listen: main, metricsListen } = this.#addresses
    const wanted = [
      { address: main, tls: this.#tls },
      ...(metricsListen ? [{ address: metricsListen, tls: undefined }] : []),
    ]
    const apps: FastifyInstance[] = []
    for (const { address, tls } of wanted) {
      const app = await createWaitingServer(tls, () => this.#isSealed)
      try {
        await listen(app, address)
        apps.push(app)
      } catch (error) {
        // The server itself says why, when its turn comes.
        const code = error instanceof Error && 'code' in error ? error.code : undefined
        this.#logger.warn({ code }, 'nothing can be answered while the server waits for its store')
        await app.close()
      }
    }
    return apps
  }
}
