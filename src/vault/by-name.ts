/** Goes through the secrets of several environments side by side, name by name. */
import type { Secret } from '../model/secret.ts'

/** What has a name, at the place of its environment among them. */
export interface Row {
  readonly name: string
  readonly secrets: readonly (Secret | undefined)[]
}

/** All names in their order, each once. @param streams each by name */
export async function* byName(
  streams: readonly AsyncGenerator<Secret, void, undefined>[],
  isDown = false,
): AsyncGenerator<Row, void, undefined> {
  const isBefore = (one: string, other: string) => (isDown ? one > other : one < other)
  try {
    const heads = await Promise.all(streams.map((stream) => stream.next()))
    for (;;) {
      let first: string | undefined
      for (const head of heads) {
        if (head.done !== true && (first === undefined || isBefore(head.value.name, first))) first = head.value.name
      }
      if (first === undefined) return
      const name = first
      const secrets = heads.map((head) => (head.done !== true && head.value.name === name ? head.value : undefined))
      yield { name, secrets }
      for (const [at, stream] of streams.entries()) {
        if (secrets[at] !== undefined) heads[at] = await stream.next()
      }
    }
  } finally {
    for (const stream of streams) await stream.return(undefined)
  }
}
