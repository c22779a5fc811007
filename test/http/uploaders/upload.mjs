/** Sends what it is told by fetch, and says the status of each answer. */
import { json } from 'node:stream/consumers'

const statuses = []
for (const { url, method, headers, size, isChunked } of await json(process.stdin)) {
  const body = Buffer.alloc(size, 'x')
  try {
    const sent = isChunked ? new Blob([body]).stream() : body
    const answer = await fetch(url, { method, headers, body: sent, duplex: 'half' })
    statuses.push([answer.status, (await answer.text()).length > 0])
  } catch (error) {
    statuses.push([String(error.cause ?? error), false])
  }
}
process.stdout.write(JSON.stringify(statuses))
