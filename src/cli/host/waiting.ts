/** Answers for the server while it waits for its store: whoever looks whether the process is up is told so. */
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import type { Config } from '../../config.ts'
import { codeOf } from '../../error-code.ts'
import { Refusal } from '../../errors.ts'
import type { Unsealing } from '../../http/sealed.ts'
import type { TlsPair } from '../../http/tls.ts'
import type { WaitingOptions } from '../../http/waiting-server.ts'
import type { Address, SocketPath } from '../../listen.ts'
import { listen } from './listen.ts'

type Settings = Pick<
  Config,
  'listen' | 'metricsListen' | 'rootKeys' | 'unsealSocket' | 'isUnsealedByHttp' | 'isVaultApiServed' | 'rateLimit'
>

interface Place {
  readonly address: Address | SocketPath
  readonly setting: string
  readonly options: WaitingOptions
}

export class Waiting {
  readonly #settings: Settings
  readonly #tls: TlsPair | undefined
  readonly #logger: Logger
  #isOver = false
  #isSealed = false
  #starting: Promise<readonly FastifyInstance[]> | undefined

  constructor(settings: Settings, tls: TlsPair | undefined, logger: Logger) {
    this.#settings = settings
    this.#tls = tls
    this.#logger = logger
  }

  /** From now on `/healthz` and `/readyz` are answered. Once more is no fault. */
  begin(): void {
    if (!this.#isOver) this.#starting ??= this.#start()
  }

  /**
   * It is a root key that is waited for, which may take long.
   *
   * @param onFirst told once, when it listens
   */
  seal(onFirst: () => void): void {
    const isFirst = !this.#isSealed
    this.#isSealed = true
    this.begin()
    if (isFirst) void this.#starting?.then(onFirst)
  }

  /** Lets go of the addresses. */
  async end(): Promise<void> {
    this.#isOver = true
    for (const app of (await this.#starting) ?? []) await app.close()
  }

  async #start(): Promise<readonly FastifyInstance[]> {
    const { createWaitingServer } = await import('../../http/waiting-server.ts')
    const apps: FastifyInstance[] = []
    for (const { address, setting, options } of this.#places()) {
      const app = await createWaitingServer({ ...options, isSealed: () => this.#isSealed })
      try {
        await listen(app, address, setting)
        apps.push(app)
      } catch (error) {
        // The server itself says why, when its turn comes.
        const code = codeOf(error)
        const reason = error instanceof Refusal ? error.message : undefined
        this.#logger.warn(
          { code, setting, reason },
          'nothing can be answered here while the server waits for its store',
        )
        await app.close()
      }
    }
    return apps
  }

  #places(): readonly Place[] {
    const { listen: main, metricsListen, unsealSocket, isUnsealedByHttp, isVaultApiServed } = this.#settings
    const unsealing = this.#unsealing()
    const shown = { unsealing, isVaultApiServed }
    return [
      {
        address: main,
        setting: 'STRONGROOM_LISTEN',
        options: {
          ...shown,
          tls: this.#tls,
          way: isUnsealedByHttp ? 'network' : undefined,
          hasMetrics: metricsListen === undefined,
        },
      },
      ...(metricsListen === undefined
        ? []
        : [{ address: metricsListen, setting: 'STRONGROOM_METRICS_LISTEN', options: { ...shown, hasMetrics: true } }]),
      ...(unsealSocket === undefined
        ? []
        : [
            { address: unsealSocket, setting: 'STRONGROOM_UNSEAL_SOCKET', options: { ...shown, way: 'host' as const } },
          ]),
    ]
  }

  #unsealing(): Unsealing | undefined {
    const source = this.#settings.rootKeys.find((one) => one.kind === 'shamir')
    if (source === undefined) return undefined
    return {
      shares: source.shares,
      isLimited: this.#settings.rateLimit !== undefined,
      onGiven: ({ outcome, have, threshold, wrong }, way) =>
        this.#logger.info({ outcome, have, threshold, wrong, way }, 'a share of the root key was given'),
    }
  }
}
