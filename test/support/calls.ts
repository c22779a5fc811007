/** How a test calls any route: with its example, and an id of its choice. */
import type { Facts } from '../../src/http/route.ts'

/** The first example of the body; `undefined` where there is none. */
export function bodyOf({ schemas: { body } }: Facts): unknown {
  if (body.kind === 'bytes') return 'bytes'
  if (!('schema' in body)) return undefined
  const { examples }: { readonly examples?: unknown } = { ...body.schema }
  return Array.isArray(examples) ? examples[0] : undefined
}

/** The path, with `id` for all that it names. */
export function pathWith({ path }: Pick<Facts, 'path'>, id: number): string {
  return path.replaceAll(/:\w+/g, String(id))
}
