/** HTTP by hand: bytes as they are, for requests that no client would send. */
import { connect } from 'node:net'

export interface RawAnswer {
  readonly status: number
  readonly head: string
  readonly body: string
  /** Whether the server closed the connection. */
  readonly isClosed: boolean
}

/** Sends bytes and waits for so many answers (their text in one), or for the end of the connection. */
export function sendRaw(url: string, request: string | Uint8Array, answers = 1): Promise<RawAnswer> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname)
    let received = ''
    const finish = (isClosed: boolean) => {
      socket.destroy()
      const at = received.indexOf('\r\n\r\n')
      const [head, body] = at < 0 ? [received, ''] : [received.slice(0, at), received.slice(at + 4)]
      resolve({ status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0), head, body, isClosed })
    }
    socket.setEncoding('latin1')
    socket.setTimeout(20_000, () => reject(new Error(`No answer to ${String(request).slice(0, 80)}`)))
    socket.once('error', () => finish(true))
    socket.once('end', () => finish(true))
    socket.on('data', (text: string) => {
      received += text
      const heads = received.split(/(?<=\r\n\r\n)/)
      if (heads.length <= answers && !/^content-length: 0$/im.test(received)) return
      const length = /^content-length: (\d+)\r$/im.exec(heads[answers - 1] ?? '')?.[1]
      const isWhole = (heads[answers] ?? '').length >= Number(length ?? Number.POSITIVE_INFINITY)
      if (isWhole && !/^connection: close\r$/im.test(received)) finish(false)
    })
    socket.write(request)
  })
}
