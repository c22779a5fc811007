/** Connects to PostgreSQL for whoever needs one connection. */
import { type Connection, open, refuseShared } from './connect.ts'
import { Hosts } from './hosts.ts'

/**
 * Connects to the primary.
 *
 * @throws Refusal `audit_unavailable` when there is none, or it would lose commits, texts or what a session keeps
 */
export async function connectAlone(url: string): Promise<Connection> {
  const hosts = new Hosts(url)
  const opened: Connection[] = []
  try {
    const host = await hosts.primary()
    const opening = [open(host), open(host)]
    for (const one of await Promise.allSettled(opening)) if (one.status === 'fulfilled') opened.push(one.value)
    const [client, witness] = await Promise.all(opening)
    if (client === undefined || witness === undefined) throw new Error('Two connections were opened.')
    await refuseShared(client, witness)
    await witness.end()
    return client
  } catch (error) {
    for (const client of opened) client.end().catch(() => {})
    throw hosts.refusal(error)
  }
}
