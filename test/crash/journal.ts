/** What the clients of a crashing server were told, and whether the store still says so. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { Answer, Api } from '../support/api.ts'

/** One secret's life as its only writer saw it. */
interface Life {
  readonly name: string
  id: number | undefined
  /** The last acknowledged value; `undefined` before the create, `null` after the delete. */
  value: string | null | undefined
  /** What was asked for when the answer never came: may have happened. */
  unknown: string | null | undefined
  isUnknown: boolean
}

/** Each writer owns its secrets, so that the last acknowledged value is known exactly. */
export class Journal {
  readonly #lives: Life[] = []
  readonly #random: () => number
  readonly #most: number
  acknowledged = 0
  #writers = 0
  reads = 0

  /** @param most secrets that are there at once, about */
  constructor(random: () => number, most = Number.POSITIVE_INFINITY) {
    this.#random = random
    this.#most = most
  }

  /**
   * Creates, updates, reads and deletes until a request fails.
   *
   * @param count bound of requests, for a run that ends by itself
   */
  async write(api: Api, count = Number.POSITIVE_INFINITY): Promise<void> {
    this.#writers++
    try {
      for (let done = 0; done < count; done++) {
        const life = this.#next()
        if (!(await this.#step(api, life))) return
      }
    } finally {
      this.#writers--
    }
  }

  /** Waits until so many changes more were acknowledged, as long as somebody writes. */
  async grow(by: number): Promise<void> {
    for (const wanted = this.acknowledged + by; this.acknowledged < wanted; ) {
      assert.ok(this.#writers > 0, 'Every request was refused, or broken off.')
      await setTimeout(5)
    }
  }

  /** Asks the store for everything, and holds it against what was acknowledged. */
  async check(api: Api): Promise<void> {
    const { body } = await api.get('/v3/secrets')
    const listed = new Map((body.secrets as { id: number; name: string }[]).map(({ id, name }) => [name, id]))
    assert.equal(new Set(listed.values()).size, listed.size)
    for (const life of this.#lives) {
      const id = listed.get(life.name)
      const found = id === undefined ? null : ((await api.get(`/v3/secrets/${id}`)).body.value as string)
      const allowed = [life.value ?? null, ...(life.isUnknown ? [life.unknown ?? null] : [])]
      assert.ok(
        allowed.includes(found),
        `${life.name}: acknowledged ${life.value}, asked ${life.unknown}, found ${found}`,
      )
      if (life.id !== undefined && id !== undefined) assert.equal(id, life.id)
      Object.assign(life, { value: found, isUnknown: false, unknown: undefined, id: id ?? life.id })
    }
  }

  #next(): Life {
    const alive = this.#lives.filter(({ value, isUnknown }) => typeof value === 'string' && !isUnknown)
    const chosen = alive[Math.floor(this.#random() * alive.length)]
    const isEnough = alive.length >= this.#most || this.#random() < 0.7
    if (chosen !== undefined && !this.#busy.has(chosen) && isEnough) return chosen
    const life: Life = {
      name: `s-${randomBytes(6).toString('hex')}`,
      id: undefined,
      value: undefined,
      unknown: undefined,
      isUnknown: false,
    }
    this.#lives.push(life)
    return life
  }

  readonly #busy = new Set<Life>()

  async #step(api: Api, life: Life): Promise<boolean> {
    this.#busy.add(life)
    try {
      return await this.#act(api, life)
    } finally {
      this.#busy.delete(life)
    }
  }

  async #act(api: Api, life: Life): Promise<boolean> {
    const value = randomBytes(8).toString('hex')
    if (life.value === undefined) {
      return this.#change(life, value, api.post('/v3/secrets', { name: life.name, value }), 201)
    }
    const path = `/v3/secrets/${life.id}`
    const dice = this.#random()
    if (dice < 0.5) return this.#change(life, value, api.put(path, { value }), 200)
    if (dice < 0.6) return this.#change(life, null, api.delete(path), 200)
    const answer = await settled(api.get(path))
    if (answer?.status !== 200) return false
    this.reads++
    assert.equal(answer.body.value, life.value)
    return true
  }

  /** Notes what is asked before, and what was answered after. */
  async #change(life: Life, wanted: string | null, request: Promise<Answer>, success: number): Promise<boolean> {
    Object.assign(life, { unknown: wanted, isUnknown: true })
    const answer = await settled(request)
    if (answer?.status !== success) return false
    this.acknowledged++
    Object.assign(life, { value: wanted, isUnknown: false, unknown: undefined })
    if (success === 201) life.id = answer.body.id
    return true
  }
}

/** The answer, or nothing when the connection broke. */
async function settled(request: Promise<Answer>): Promise<Answer | undefined> {
  try {
    const answer = await request
    return answer.body === undefined ? undefined : answer
  } catch {
    return undefined
  }
}
