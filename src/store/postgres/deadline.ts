/** Limits on waiting: whoever does not answer in time is not waited for any longer. */
import { performance } from 'node:perf_hooks'
import type { Client } from 'pg'

/** A moment by which something is over. */
export class Deadline {
  readonly #at: number

  /** @param ms from now */
  constructor(ms: number) {
    this.#at = performance.now() + ms
  }

  /** Milliseconds that are left, never fewer than 0. */
  get left(): number {
    return Math.max(this.#at - performance.now(), 0)
  }
}

export class TooLate extends Error {
  override readonly name = 'TooLate'
}

/**
 * Waits for `work` up to a deadline.
 *
 * @param late takes what comes after that
 * @throws TooLate
 */
export async function within<Result>(
  deadline: Deadline,
  work: Promise<Result>,
  late: (result: Result) => void = () => {},
): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  let isOver = false
  const end = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      isOver = true
      reject(new TooLate('The database did not answer in time.'))
    }, deadline.left)
  })
  work.then(
    (result) => {
      if (isOver) late(result)
    },
    () => {},
  )
  try {
    return await Promise.race([work, end])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Runs `work` over a connection, which is cut when it takes longer: then everything that was asked over it fails. To end
 * it in order would be to wait for the answers that do not come.
 */
export async function cutAfter<Result>(ms: number, client: Client, work: () => Promise<Result>): Promise<Result> {
  const timer = setTimeout(() => cut(client), ms)
  try {
    return await work()
  } finally {
    clearTimeout(timer)
  }
}

/** Breaks a connection at once, whatever is on its way. */
export function cut(client: Client): void {
  client.connection.stream.destroy()
}

/** Whether nothing more can be sent over a connection. */
export function isBroken(client: Client): boolean {
  return !client.connection.stream.writable
}
