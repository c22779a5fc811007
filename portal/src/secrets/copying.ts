/** Copying secrets from one environment into another: what it would do, and doing it, in parts where they are many. */
import { type CopiedSecret, strongroom } from '../api/client.ts'
import { environmentsKey } from '../session/environments.ts'

export const comparedKey = [...environmentsKey, 'compared']

export interface Copying {
  readonly from: string
  readonly to: string
  readonly names: readonly string[]
}

/** As many as one transaction takes. */
export const partSize = 100

/** What copying each of them would do. */
export async function previewOf(
  { from, to, names }: Copying,
  options: { readonly signal: AbortSignal },
): Promise<readonly CopiedSecret[]> {
  const found: CopiedSecret[] = []
  for (const part of partsOf(names)) {
    found.push(...(await strongroom.environments.copy({ from, to, names: part, dry_run: true }, options)))
  }
  return found
}

/** Each part is copied as a whole or not at all. What fails leaves those before it copied. @param onCopied how many are */
export async function copyAll({ from, to, names }: Copying, onCopied: (count: number) => void): Promise<void> {
  let count = 0
  for (const part of partsOf(names)) {
    await strongroom.environments.copy({ from, to, names: part })
    count += part.length
    onCopied(count)
  }
}

function partsOf(names: readonly string[]): string[][] {
  return Array.from({ length: Math.ceil(names.length / partSize) }, (_, at) =>
    names.slice(at * partSize, (at + 1) * partSize),
  )
}
