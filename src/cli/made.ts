/** Who made something and what somebody made, in words. */
import type { MadeThings, Principal } from '../client/model.ts'
import { countOf, shown } from './output.ts'

const nouns = { key: 'API key', user: 'user', workload: 'trust rule', host: 'the host' } as const

/** Such as `ada@example.com (user 2)`. */
export function makerText(maker: Principal | null): string {
  if (maker === null) return 'not known'
  const noun = Object.entries(nouns).find(([kind]) => kind === maker.kind)?.[1] ?? maker.kind
  return maker.kind === 'host' ? `${shown(maker.name)} on ${noun}` : `${shown(maker.name)} (${noun} ${maker.id})`
}

/** Such as `2 API keys and 1 machine`; `undefined` for nothing. */
export function countsOf({ keys, trust_rules: rules, machines, webhooks }: MadeThings): string | undefined {
  const counts = [
    count(keys.length, 'API key'),
    count(rules.length, 'trust rule'),
    count(machines.length, 'machine'),
    count(webhooks.length, 'webhook'),
  ].flatMap((text) => text ?? [])
  const last = counts.at(-1)
  if (last === undefined) return undefined
  return counts.length === 1 ? last : `${counts.slice(0, -1).join(', ')} and ${last}`
}

function count(number: number, noun: string): string | undefined {
  if (number === 0) return undefined
  return countOf(number, noun)
}
