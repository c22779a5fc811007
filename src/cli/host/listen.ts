/** Listening on an address and port, or on a Unix socket, whose file a killed server leaves behind. */
import { randomBytes } from 'node:crypto'
import { chmod, link, lstat, rename, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { Refusal } from '../../errors.ts'
import { type Address, isSocketPath, type SocketPath } from '../../listen.ts'

/** A live server's kernel takes the connection at once, however busy the server is. */
const probeMs = 1000

/**
 * @returns where it listens, with the port that was found for port 0
 * @throws Refusal `invalid` when another server listens on the socket, or its path is that of something else
 */
export async function listen(app: FastifyInstance, wanted: Address | SocketPath): Promise<Address | SocketPath> {
  // Kept low: the kernel's queue beyond it only delays the refusal.
  app.server.maxConnections = 4096
  if (isSocketPath(wanted)) {
    await listenOnSocket(app, wanted)
    return wanted
  }
  await app.listen({ host: wanted.host, port: wanted.port })
  const address = app.server.address()
  return typeof address === 'object' && address !== null ? { host: address.address, port: address.port } : wanted
}

/** How a browser on this host would call the server, when nothing is known of a proxy before it. */
export function originOf(listening: Address | SocketPath): string {
  if (isSocketPath(listening)) return 'http://localhost'
  const { host, port } = listening
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** The process's umask lets nobody else in before the mode is set. */
async function listenOnSocket(app: FastifyInstance, { path, mode }: SocketPath): Promise<void> {
  const left = await setAside(path)
  try {
    await app.listen({ path })
    await chmod(path, mode)
  } finally {
    if (left !== undefined) await rm(left, { force: true })
  }
}

/**
 * Moves the socket of a server that is no more out of the way. It is removed only once ours is there: as long as it
 * is, no new socket can have its number, by which one that another server has just made in its place is known.
 *
 * @returns where it is now
 */
async function setAside(path: string): Promise<string | undefined> {
  const found = await lstat(path).catch(nothingIfAbsent)
  if (found === undefined) return undefined
  if (!found.isSocket()) {
    const message = `${path} is not a socket, and is left alone. Remove it, or set STRONGROOM_LISTEN to another path.`
    throw new Refusal('invalid', message)
  }
  if (await isAnswered(path)) throw taken(path)
  const aside = `${path}.${randomBytes(6).toString('hex')}`
  await rename(path, aside).catch(nothingIfAbsent)
  const moved = await lstat(aside).catch(nothingIfAbsent)
  if (moved === undefined || moved.ino === found.ino) return aside
  // Another server was faster: its socket goes back, unless there is one more by now.
  await link(aside, path).catch(() => {})
  await rm(aside)
  throw taken(path)
}

/** @returns false only when nobody listens, for certain */
function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path })
    const end = (settle: () => void) => {
      socket.destroy()
      settle()
    }
    socket.setTimeout(probeMs, () => end(() => resolve(true)))
    socket.once('connect', () => end(() => resolve(true)))
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') return end(() => resolve(false))
      if (error.code === 'EAGAIN') return end(() => resolve(true))
      end(() => reject(error))
    })
  })
}

function nothingIfAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}

function taken(path: string): Refusal {
  const message = `Another server listens on ${path}. Stop it first, or set STRONGROOM_LISTEN to another path.`
  return new Refusal('invalid', message)
}
