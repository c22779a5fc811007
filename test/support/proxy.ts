/** Stands between a server and PostgreSQL, and breaks the line at COMMIT, or lets nothing through, when told to. */
import { connect, createServer, type Server, type Socket } from 'node:net'

/** `before`: COMMIT never arrives. `after`: it is carried out, and its answer never arrives. */
export type Cut = 'before' | 'after'

export class CommitProxy {
  /** Connection string through the proxy. */
  readonly url: string
  cuts = 0
  /** Connections through it since it began. */
  opened = 0
  /** For so long the database is sent nothing after the last byte that came for it: what is sent at once arrives at once. */
  quietMs = 0
  /** How often something was sent to the database. */
  turns = 0
  #next: Cut | undefined
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #lines = new Set<{ isHushed: boolean }>()

  private constructor(server: Server, url: string) {
    this.#server = server
    this.url = url
  }

  /** @param at a port; without it a free one */
  static async start(databaseUrl: string, at = 0): Promise<CommitProxy> {
    const target = new URL(databaseUrl)
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(at, '127.0.0.1', resolve))
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('No port.')
    const url = new URL(databaseUrl)
    url.host = `127.0.0.1:${address.port}`
    const proxy = new CommitProxy(server, url.href)
    server.on('connection', (client) => proxy.#join(client, connect(Number(target.port), target.hostname)))
    return proxy
  }

  /** Breaks the line at the next COMMIT. */
  cutNext(cut: Cut): void {
    this.#next = cut
  }

  /** Lets nothing through any more on the lines that are there, in neither direction: as a network that was cut does. */
  hush(): void {
    for (const line of this.#lines) line.isHushed = true
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #join(client: Socket, database: Socket): void {
    let isCommitting = false
    const line = { isHushed: false }
    this.#lines.add(line)
    this.opened++
    const end = () => {
      client.destroy()
      database.destroy()
    }
    for (const socket of [client, database]) {
      this.#sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', end)
      socket.on('close', end)
    }
    const held: Uint8Array[] = []
    const flush = () => {
      const sent = Buffer.concat(held.splice(0))
      // What is told to other nodes, nobody waits for.
      if (!sent.includes('pg_notify')) this.turns++
      database.write(sent)
    }
    let timer: NodeJS.Timeout | undefined
    const pass = (bytes: Uint8Array) => {
      held.push(bytes)
      clearTimeout(timer)
      if (this.quietMs === 0) flush()
      else timer = setTimeout(flush, this.quietMs)
    }
    client.on('data', (bytes) => {
      if (line.isHushed) return
      if (this.#next !== undefined && bytes.includes('commit\0')) {
        const cut = this.#next
        this.#next = undefined
        this.cuts++
        if (cut === 'before') return end()
        isCommitting = true
      }
      pass(Buffer.from(bytes))
    })
    database.on('data', (bytes) => {
      if (line.isHushed) return
      if (isCommitting) end()
      else client.write(bytes)
    })
  }
}
