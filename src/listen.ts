/** Where a server listens: an address and port, or a Unix socket. */
import { isIP } from 'node:net'
import { isAbsolute } from 'node:path'

export interface Address {
  readonly host: string
  readonly port: number
}

export interface SocketPath {
  readonly path: string
  /** Who may connect: the permissions of its file. */
  readonly mode: number
}

/** The files of TLS in the server itself. */
export interface TlsFiles {
  readonly certPath: string
  readonly keyPath: string
  /** The authority whose certificates clients must show; without it none is asked for. */
  readonly clientCaPath: string | undefined
}

/** What a list of trusted proxies calls whoever connects through the Unix socket. */
export const unixPeers = 'unix'

/** The kernel has room for no longer one: 104 bytes on macOS, with the end. */
const maxPathBytes = 103

export function isSocketPath(listen: Address | SocketPath): listen is SocketPath {
  return 'path' in listen
}

/** @param text such as `127.0.0.1:4600` or `[::1]:4600` */
export function parseAddress(text: string): Address | undefined {
  const [, bracketed, plain, portText] = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text) ?? []
  const host = bracketed ?? plain ?? ''
  const port = Number(portText)
  const isHost = bracketed === undefined ? /^[A-Za-z0-9.-]+$/.test(host) : isIP(bracketed) === 6
  return isHost && port <= 65_535 ? { host, port } : undefined
}

/** @param text such as `unix:/run/strongroom/http.sock` */
export function parseSocketPath(text: string, mode: number): SocketPath | undefined {
  const path = /^unix:(.+)$/s.exec(text)?.[1] ?? ''
  return isAbsolute(path) && !path.endsWith('/') && Buffer.byteLength(path) <= maxPathBytes ? { path, mode } : undefined
}
