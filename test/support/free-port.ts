/** A port of the loopback that nobody listens on: for programs that must be told theirs. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'

const [first, end] = [10_240, 32_768]

/** Where the system takes the ports of connections from: what listens on one of those and is started again may find it taken. */
export function portsOfConnections(): number {
  try {
    return Number(/^\d+/.exec(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8'))?.[0] ?? end)
  } catch {
    return end
  }
}

/** @returns one that stays free while a program that listened on it is away */
export async function freePort(): Promise<number> {
  const below = Math.max(first + 1000, Math.min(end, portsOfConnections()))
  for (let tries = 0; tries < 100; tries++) {
    const port = first + Math.floor(Math.random() * (below - first))
    if (await isFree(port)) return port
  }
  throw new Error('No port is free.')
}

/** Whether nobody listens on it. */
export async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  const listening = once(server, 'listening')
  server.listen(port, '127.0.0.1')
  try {
    await listening
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}
