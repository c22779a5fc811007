/** What the step leaves for its end, when the job is over: the key that it got, while it may still be good. */
import { append } from './commands.ts'
import type { Environment } from './inputs.ts'

export interface Left {
  readonly url: string
  readonly apiKey: string
}

/** Where that cannot be, nothing is left: no job fails for it. */
export function leave({ GITHUB_STATE: path }: Environment, left: Left | undefined): void {
  try {
    append(
      [path ?? ''],
      [
        { name: 'url', value: left?.url ?? '' },
        { name: 'key', value: left?.apiKey ?? '' },
      ],
    )
  } catch {
    // The step itself still revokes the key.
  }
}

export function whatIsLeft({ STATE_url: url = '', STATE_key: apiKey = '' }: Environment): Left | undefined {
  return apiKey === '' ? undefined : { url, apiKey }
}
