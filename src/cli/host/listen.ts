/** Listening on an address and port, or on a Unix socket, whose file a killed server leaves behind. */
import { once } from 'node:events'
import { chmod, link, lstat, rm } from 'node:fs/promises'
import type { Server } from 'node:http'
import { connect, createServer } from 'node:net'
import { setImmediate, setTimeout } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { Refusal } from '../../errors.ts'
import { speaksTls } from '../../http/arrivals.ts'
import { type Address, isSocketPath, type SocketPath } from '../../listen.ts'

const sweepIntervalMs = 50
/** Where people never stop coming. */
const longestArrivalMs = 5_000
/** While a longer turn had something else to do, the system may have taken others. */
const shortTurnMs = 2

/** A live server's kernel takes the connection at once, however busy the server is. */
const probeMs = 1000
/** For two seconds: another server, which is about to listen, needs less. */
const maxTries = 40
const pauseMs = 50

/**
 * @param setting what says where, for the message
 * @returns where it listens, with the port that was found for port 0
 * @throws Refusal `invalid` when another server listens on the socket, or its path is that of something else
 */
export async function listen(
  app: FastifyInstance,
  wanted: Address | SocketPath,
  setting = 'STRONGROOM_LISTEN',
): Promise<Address | SocketPath> {
  if (isSocketPath(wanted)) {
    await listenOnSocket(app, wanted, setting)
    return wanted
  }
  const listenTextResolver = (url: string) =>
    `listening on ${speaksTls(app.server) ? url.replace(/^http:/, 'https:') : url}`
  await app.listen({ host: wanted.host, port: wanted.port, listenTextResolver })
  const address = app.server.address()
  return typeof address === 'object' && address !== null ? { host: address.address, port: address.port } : wanted
}

/** Listens on an address and ends that at once, before something is done that happens but once. @throws what listening throws */
export async function tryListening(wanted: Address): Promise<void> {
  const server = createServer().listen({ host: wanted.host, port: wanted.port })
  await once(server, 'listening')
  server.close()
  await once(server, 'close')
}

/** What stands for every address of the machine, and is none that anybody could open. */
const wildcards: ReadonlySet<string> = new Set(['0.0.0.0', '::'])

/** How a browser on this host would call the server, when nothing is known of a proxy before it. */
export function originOf(listening: Address | SocketPath, isTls = false): string {
  if (isSocketPath(listening)) return 'http://localhost'
  const { host, port } = listening
  const name = wildcards.has(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host
  return `${isTls ? 'https' : 'http'}://${name}:${port}`
}

/** Addresses of this machine alone, which browsers let no passkey be made at. */
const loopbacks = new Set(['127.0.0.1', '::1'])

/**
 * Where people reach the portal: by the setting; without it, on this machine by its name, as a passkey is bound to one. A
 * certificate may be for the address alone.
 */
export function portalOriginOf(publicUrl: string | undefined, listening: Address | SocketPath, isTls = false): string {
  if (publicUrl !== undefined) return new URL(publicUrl).origin
  const isHere = !isSocketPath(listening) && loopbacks.has(listening.host) && !isTls
  return isHere ? `http://localhost:${listening.port}` : originOf(listening, isTls)
}

/** The process's umask lets nobody else in before the mode is set. */
async function listenOnSocket(app: FastifyInstance, { path, mode }: SocketPath, setting: string): Promise<void> {
  const claim = await takeAway(path, setting)
  try {
    await app.listen({ path })
    await chmod(path, mode)
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EADDRINUSE' ? taken(path, setting) : error
  } finally {
    if (claim !== undefined) await rm(claim, { force: true })
  }
}

/**
 * Takes the socket of a server that is no more away. Only one of several servers may: who has linked it under a name that
 * its number alone makes. Kept until ours is there, that name also keeps the number from being given to a new socket.
 *
 * @returns that name
 */
async function takeAway(path: string, setting: string): Promise<string | undefined> {
  for (let tries = 0; tries < maxTries; tries++) {
    const found = await lstat(path).catch(nothingIfAbsent)
    if (found === undefined) return undefined
    if (!found.isSocket()) {
      const message = `${path} is not a socket, and is left alone. Remove it, or set ${setting} to another path.`
      throw new Refusal('invalid', message)
    }
    if (await isAnswered(path)) throw taken(path, setting)
    const claim = `${path}.${found.ino}.left`
    const failure = await link(path, claim).catch((error: NodeJS.ErrnoException) => error)
    if (failure === undefined) {
      if ((await lstat(claim)).ino === found.ino) {
        await rm(path)
        return claim
      }
      // Another server was faster, and this is its own.
      await rm(claim)
    } else if (failure.code !== 'EEXIST' && failure.code !== 'ENOENT') {
      throw failure
    } else {
      // Another one is at it, or was killed over it.
      await setTimeout(pauseMs)
      if (tries === maxTries / 2) await rm(claim, { force: true })
    }
  }
  throw taken(path, setting)
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

function taken(path: string, setting: string): Refusal {
  const message = `Another server listens on ${path}. Stop it first, or set ${setting} to another path.`
  return new Refusal('invalid', message)
}

/** Lets nobody new in. Ends once whoever came before is answered. */
export async function stopListening(app: FastifyInstance): Promise<void> {
  const { server } = app
  await letIn(server)
  // At once: Fastify takes its time until it does.
  server.close()
  // A connection whose last request is being answered now would stay open for the client's sake.
  const sweep = setInterval(() => server.closeIdleConnections(), sweepIntervalMs).unref()
  await app.close()
  clearInterval(sweep)
}

/** The system has taken connections that nobody here has seen yet, and resets them once nobody listens: until there are none. */
async function letIn(server: Server): Promise<void> {
  let count = 0
  const onConnection = () => {
    count++
  }
  server.on('connection', onConnection)
  const end = performance.now() + longestArrivalMs
  let before: number
  let began: number
  // Each turn asks the system once: the first may be over already.
  await setImmediate()
  do {
    before = count
    began = performance.now()
    await setImmediate()
  } while ((count > before || performance.now() > began + shortTurnMs) && performance.now() < end)
  server.off('connection', onConnection)
}
