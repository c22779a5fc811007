/**
 * `LIST`, which clients of Vault send, and Node's HTTP parser refuses as no method. Where a request begins, it becomes `LINK`
 * (RFC 2068, section 19.6.1.2), which the parser knows, nobody else uses, and is as long: what is framed how stays as it is.
 */
import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** What `LIST` arrives as. */
export const listMethod = 'LINK'

const sent = Buffer.from('LIST /v1/')

/** @param event with which a connection is there, whose bytes are those of HTTP: another one with TLS */
export function takeList(server: Server, event: 'connection' | 'secureConnection'): void {
  /** Connections on which a request is on its way. */
  const busy = new WeakSet<Socket>()
  server.on(event, (socket: Socket) => {
    // Before the parser, which from now on is handed what arrives by the stream.
    socket.prependListener('data', (chunk: Buffer) => {
      if (!busy.has(socket) && chunk.subarray(0, sent.length).equals(sent)) chunk.write(listMethod, 'latin1')
      busy.add(socket)
    })
  })
  // Whoever does not wait for an answer before asking again cannot ask for a list.
  server.on('request', ({ socket }: { readonly socket: Socket }, response: ServerResponse) => {
    response.once('close', () => busy.delete(socket))
  })
}
