/** Pieces of schema that several v3 routes share, and how times and ids are written. */
import { type Static, Type } from 'typebox'
import { invalid } from '../errors.ts'
import { environmentPattern, environmentRule } from '../model/environment.ts'
import { folderPattern, folderRule, maxName, parseId } from '../model/name.ts'
import { parseTime as timeIn } from '../model/time.ts'

/** RFC 3339 in UTC, to the second. */
export const Time = Type.String({
  description: 'a time in UTC, such as 2026-01-15T10:30:00Z',
  'x-described-as': { type: 'string', format: 'date-time' },
})

/** A time as somebody writes it. */
export const TimeInput = Type.String({
  maxLength: 40,
  description: 'a time such as 2026-01-15T10:30:00Z',
  'x-described-as': { type: 'string', format: 'date-time' },
})

/** An id in a path: a text on the way, and a number to whoever writes one. */
export const IdText = Type.String({
  pattern: '^[1-9][0-9]{0,15}$',
  maxLength: 16,
  description: 'a positive integer',
  'x-described-as': { type: 'integer', format: 'int64', minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
})
export const IdParams = Type.Object({ id: IdText })

/** What deletes and the like answer with. */
export const Message = Type.Object({ message: Type.String() }, { title: 'Message', description: 'That it was done.' })

export const KeyQuery = {
  key: Type.Optional(Type.String({ maxLength: 64, description: 'an API key; prefer the Authorization header' })),
}

/** The query of a route that is in an environment (`takesEnvironment`). */
export const EnvironmentQuery = Type.Optional(
  Type.String({
    pattern: environmentPattern,
    description: environmentRule,
    'x-about':
      'The name of the environment, as the header `Strongroom-Environment` has it. Without either, the one that all scopes of the key are of; else where the thing is that is asked for by its id; else `default`.',
  }),
)

/** Of a route that reads a value. */
export const ReadQuery = Type.Object(
  {
    ...KeyQuery,
    resolve: Type.Optional(
      Type.Enum(['true', 'false'] as const, {
        description: '"true" or "false"',
        'x-about': 'With `false`, a template comes as it was stored, without what it refers to.',
      }),
    ),
  },
  { additionalProperties: false },
)

/** How a template is wanted. */
export function formOf({ resolve }: Static<typeof ReadQuery>): 'resolved' | 'stored' {
  return resolve === 'false' ? 'stored' : 'resolved'
}

/** The query of a route that knows no parameter but the key. */
export const NoQuery = Type.Object(KeyQuery, { additionalProperties: false })

const limit = {
  pattern: '^([1-9][0-9]{0,2}|1000)$',
  description: 'a whole number from 1 to 1000',
  'x-described-as': { type: 'integer', format: 'int32', minimum: 1, maximum: 1000 },
} as const

export const LimitQuery = Type.Optional(Type.String(limit))

/** Of a listing that is answered as a whole without it. */
export const PageLimit = Type.Optional(
  Type.String({
    ...limit,
    'x-about': 'So many at most, and `Strongroom-Next-Cursor` leads to the next ones; without it, all.',
  }),
)

/** More than any account has secrets. */
export const OffsetQuery = Type.Optional(
  Type.String({
    pattern: '^(0|[1-9][0-9]{0,8})$',
    description: 'a whole number from 0 to 999999999',
    'x-about': 'So many are passed over; without `cursor`.',
    'x-described-as': { type: 'integer', format: 'int32', minimum: 0, maximum: 999_999_999 },
  }),
)

/** Of a listing of what is directly in a folder. */
export const FolderQuery = Type.Optional(
  Type.String({
    pattern: folderPattern,
    maxLength: maxName,
    description: folderRule,
    'x-about': 'What is directly in this folder, and not in a folder below it; nothing for what is in none.',
  }),
)

export const CursorQuery = Type.Optional(
  Type.String({
    minLength: 1,
    maxLength: 512,
    pattern: '^[A-Za-z0-9_-]+$',
    description: 'the Strongroom-Next-Cursor of an earlier answer',
  }),
)

/** What is said of a secret beside its value. */
export const DetailFields = {
  filename: Type.Optional(
    Type.Union([Type.String(), Type.Null()], {
      description: 'a file name, or null',
      'x-about': 'Of a secret of type `file`.',
    }),
  ),
  description: Type.Optional(Type.String({ description: 'a text of at most 1024 characters' })),
  tags: Type.Optional(
    Type.Array(Type.String(), {
      description: 'at most 32 tags, each a text',
      'x-about': 'At most 32, such as `team:db`.',
    }),
  ),
  expires_at: Type.Optional(
    Type.Union([TimeInput, Type.Null()], {
      description: 'a time such as 2027-01-31T00:00:00Z, or null',
      'x-about': 'A time, from when on the value should not be relied upon; it can still be read.',
    }),
  ),
}

interface DetailInput {
  readonly filename?: string | null
  readonly description?: string
  readonly tags?: readonly string[]
  readonly expires_at?: string | null
}

/** The details that a body gives; what it leaves out is left out. */
export function detailsOf({ filename, description, tags, expires_at: expiry }: DetailInput) {
  return {
    ...(filename === undefined ? {} : { filename }),
    ...(description === undefined ? {} : { description }),
    ...(tags === undefined ? {} : { tags }),
    ...(expiry === undefined ? {} : { expiresAt: expiry === null ? null : parseTime(expiry, 'expires_at') }),
  }
}

/** No text of a database holds a NUL. */
export const withoutNul = '^[^\\u0000]*$'

export const ListName = Type.String({
  minLength: 1,
  maxLength: 128,
  pattern: withoutNul,
  description: 'the name of a list',
  'x-about': 'The name of a list: 1 to 128 characters on one line.',
})
export const Tag = Type.String({ minLength: 1, maxLength: 64, description: 'a tag' })

/** @throws Refusal `invalid` */
export function idOf({ id }: Static<typeof IdParams>): number {
  const found = parseId(id)
  if (found === undefined) throw invalid('id', 'Must be a positive integer.')
  return found
}

const times = new Map<number, string>()
const maxTimes = 10_000

/** Milliseconds since 1970 as the API writes times. */
export function formatTime(milliseconds: number): string {
  const second = Math.floor(milliseconds / 1000)
  const known = times.get(second)
  if (known !== undefined) return known
  const text = `${new Date(second * 1000).toISOString().slice(0, 19)}Z`
  if (times.size >= maxTimes) times.clear()
  times.set(second, text)
  return text
}

/** @throws Refusal `invalid` naming the field */
export function parseTime(text: string, field: string): number {
  // Of the forms of a time the one that the API writes: to the second, at the least.
  const milliseconds = /T\d{2}:\d{2}:\d{2}/.test(text) ? timeIn(text) : undefined
  if (milliseconds === undefined) throw invalid(field, 'Must be a time such as 2026-01-15T10:30:00Z (RFC 3339).')
  return milliseconds
}
