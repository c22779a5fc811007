/** Somebody else, on a thread of their own: reads one secret time and again while something runs, and says how long each read took. */
import { Agent, request } from 'node:http'
import { performance } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

interface Asked {
  readonly url: string
  readonly key: string
}

export interface Waits {
  /** How many reads there were. */
  readonly count: number
  readonly longestMs: number
  /** Of a hundred reads, one took longer. */
  readonly p99Ms: number
}

/** Between the answer and the next read. */
export const restMs = 10
/** What is asked first is compiled first. */
const warmUp = 50

/** Resolves once somebody asks. @param path of what they read; anything but 200 fails */
export async function startWaiting(url: string, path: string, key: string): Promise<{ end(): Promise<Waits> }> {
  const worker = new Worker(new URL(import.meta.url), { workerData: { url: url + path, key } satisfies Asked })
  const next = <T>() =>
    new Promise<T>((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
    })
  await next()
  return {
    end: async () => {
      const waits = next<Waits>()
      worker.postMessage('end')
      return waits
    },
  }
}

async function wait({ url, key }: Asked): Promise<Waits> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const took: number[] = []
  let isOver = false
  parentPort?.once('message', () => {
    isOver = true
  })
  for (let at = 0; at < warmUp; at++) await read(agent, url, key)
  parentPort?.postMessage('begun')
  while (!isOver) {
    const asked = performance.now()
    await read(agent, url, key)
    took.push(performance.now() - asked)
    await setTimeout(restMs)
  }
  agent.destroy()
  took.sort((one, other) => one - other)
  return { count: took.length, longestMs: took.at(-1) ?? 0, p99Ms: took[Math.floor(took.length * 0.99)] ?? 0 }
}

function read(agent: Agent, url: string, key: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent, headers: { authorization: `Bearer ${key}` } })
    sent.once('error', reject)
    sent.once('response', (answer) => {
      answer.once('error', reject)
      answer.once('end', () => {
        if (answer.statusCode === 200) resolve()
        else reject(new Error(`${url} answered ${answer.statusCode}.`))
      })
      answer.resume()
    })
    sent.end()
  })
}

if (!isMainThread) parentPort?.postMessage(await wait(workerData as Asked))
