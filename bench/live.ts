/** What it costs to know that nothing has changed, and how soon a thousand listeners know that something has. */
import { Agent, request } from 'node:http'
import { performance } from 'node:perf_hooks'
import { startStrongroom, type Target } from './servers.ts'

const connections = 64
const seconds = 4
const listeners = 1000
const listenersOfOneKey = 200
const changes = 20

interface Answer {
  readonly status: number
  readonly body: string
}

const agent = new Agent({ keepAlive: true, maxSockets: connections })

function ask(target: Target, method: string, path: string, headers: Record<string, string> = {}, body?: object) {
  return new Promise<Answer>((resolve, reject) => {
    const type = body === undefined ? {} : { 'content-type': 'application/json' }
    const options = { agent, port: target.port, host: '127.0.0.1', method, path }
    const sent = request({ ...options, headers: { authorization: `Bearer ${target.key}`, ...type, ...headers } })
    sent.on('error', reject)
    sent.on('response', (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => {
        text += part
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }))
    })
    sent.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

/** Microseconds of the server's processors for one request, of many at once. */
async function costOf(target: Target, headers: Record<string, string>, status: number): Promise<number> {
  const end = performance.now() + seconds * 1000
  let count = 0
  const before = target.cpuMicros()
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (performance.now() < end) {
        const answer = await ask(target, 'GET', '/v3/secrets/1', headers)
        if (answer.status !== status) throw new Error(`Answered ${answer.status}: ${answer.body}`)
        count++
      }
    }),
  )
  return (target.cpuMicros() - before) / count
}

async function sizeOf(target: Target): Promise<number> {
  const { body } = await ask(target, 'GET', '/v3/audit?limit=1')
  return Number(JSON.parse(body).records[0].seq)
}

/** Told of each event, and when. */
function listen(target: Target, key: string, onEvent: (name: string, at: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${key}`, accept: 'text/event-stream' }
    const sent = request({
      agent: false,
      port: target.port,
      host: '127.0.0.1',
      path: '/v3/events?action=secret.create',
      headers,
    })
    sent.on('error', reject)
    sent.on('response', (response) => {
      response.setEncoding('utf8')
      response.on('error', () => {})
      response.on('data', (part: string) => {
        const at = performance.now()
        for (const [, name = ''] of part.matchAll(/"name":"(live-\d+)"/g)) onEvent(name, at)
        resolve()
      })
    })
    sent.end()
  })
}

const target = await startStrongroom('Strongroom')
try {
  await ask(target, 'POST', '/v3/secrets', {}, { name: 'db-password', value: 's3cur3-p4ssw0rd-of-some-length' })
  const costs: number[][] = []
  for (let round = 0; round < 3; round++) {
    const read = await costOf(target, {}, 200)
    const before = await sizeOf(target)
    const unchanged = await costOf(target, { 'if-none-match': '"1"' }, 304)
    // The two looks at the trail are in it themselves.
    const left = (await sizeOf(target)) - before - 1
    costs.push([read, unchanged, left])
    console.log(
      `read ${read.toFixed(0)} µs, unchanged ${unchanged.toFixed(0)} µs (${(unchanged / read).toFixed(2)}), records left ${left}`,
    )
  }

  const keys: string[] = []
  while (keys.length * listenersOfOneKey < listeners) {
    const { body } = await ask(target, 'POST', '/v3/keys', {}, { name: `k${keys.length}`, scopes: ['secrets:list'] })
    keys.push(JSON.parse(body).api_key)
  }
  const sentAt = new Map<string, number>()
  const took: number[] = []
  const heard = (name: string, at: number) => took.push(at - (sentAt.get(name) ?? at))
  for (let at = 0; at < listeners; at++) await listen(target, keys[at % keys.length] ?? '', heard)
  const last: number[] = []
  const answered: number[] = []
  for (let at = 0; at < changes; at++) {
    const name = `live-${at}`
    const before = took.length
    sentAt.set(name, performance.now())
    await ask(target, 'POST', '/v3/secrets', {}, { name, value: 'v' })
    answered.push(performance.now() - (sentAt.get(name) ?? 0))
    while (took.length < before + listeners) await new Promise((resolve) => setTimeout(resolve, 1))
    last.push(Math.max(...took.slice(before)))
  }
  const middle = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
  const [all, own] = [middle(last), middle(answered)]
  console.log(
    `${listeners} listeners: a change is answered in ${own.toFixed(1)} ms, and the last of them has it after ${all.toFixed(1)} ms`,
  )
  console.log(
    `(${(all / own).toFixed(1)} times; at worst ${Math.max(...last).toFixed(1)} ms; in the middle of all ${middle(took).toFixed(1)} ms)`,
  )
  console.log(`memory ${(target.residentBytes() / 1024 / 1024).toFixed(0)} MiB`)
} finally {
  await target.stop()
  process.exit()
}
