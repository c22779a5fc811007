/** Clients that go on while something is done to the store. */
import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import type { Api } from './api.ts'

/** Makes, reads and changes secrets, the first so many, while some work goes on: no request may fail. */
export async function underLoad<Result>(api: Api, secrets: number, work: () => Promise<Result>): Promise<Result> {
  let isDone = false
  let answered = 0
  const client = async (_: unknown, number: number) => {
    for (let at = number; !isDone; at += 7) {
      const path = `/v3/secrets/${1 + (at % secrets)}`
      const answers = [
        await api.post('/v3/secrets', { name: `n-${number}-${at}`, value: 'v' }),
        await api.get(path),
        await api.put(path, { value: 'v' }),
      ]
      for (const { status, text } of answers) assert.ok([200, 201].includes(status), text)
      answered += answers.length
      // A load beside the work, that does not take all the machine from it.
      await setTimeout(15)
    }
  }
  const load = Promise.all(Array.from({ length: 6 }, client))
  try {
    return await Promise.race([work(), load.then(() => assert.fail('The load ended before the work.'))])
  } finally {
    isDone = true
    await load
    assert.ok(answered > 0)
  }
}
