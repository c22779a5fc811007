/** Who made something, and what somebody made, as the API writes it. */
import { type Static, Type } from 'typebox'
import type { Principal } from '../model/principal.ts'
import { type Made, namesOf } from '../vault/made.ts'
import { KeyQuery } from './schema.ts'

/** Whoever did something, as the trail names them. */
export const Acted = Type.Object(
  { kind: Type.String(), id: Type.Integer(), name: Type.String() },
  {
    title: 'Principal',
    description: 'Who did something: an API key, a user, a job under a trust rule, or somebody on the host.',
  },
)

const Who = Type.Object(
  {
    kind: Type.String({ description: 'key, user, workload or host' }),
    id: Type.Integer({ description: 'of the API key, the user or the trust rule' }),
    name: Type.String(),
  },
  {
    title: 'Maker',
    description: 'Who made something: an API key, a user, a job under a trust rule, or somebody on the host.',
  },
)

/** `null` for what was made before this was kept. */
export const CreatedBy = Type.Union([Who, Type.Null()], {
  description: '`null` for what was made before this was kept.',
})

const Named = Type.Array(Type.Object({ id: Type.Integer({ minimum: 1 }), name: Type.String() }, { title: 'Named' }))

export const MadeThings = Type.Object(
  { keys: Named, trust_rules: Named, machines: Named, webhooks: Named },
  {
    title: 'MadeThings',
    description:
      'What somebody made, and what that made in turn: it goes on without its maker, unless it is ended with them.',
  },
)

export const CascadeQuery = Type.Object(
  {
    ...KeyQuery,
    cascade: Type.Optional(
      Type.Union([Type.Literal('true'), Type.Literal('false')], {
        description: 'true or false; with true, what it made ends too, and what that made in turn',
      }),
    ),
  },
  { additionalProperties: false },
)

export const Ended = Type.Object(
  {
    message: Type.String(),
    ended: Type.Optional(MadeThings),
  },
  { title: 'Ended', description: 'What was revoked or deleted, and with a cascade what ended with it.' },
)

export function shownMaker(maker: Principal | null) {
  return maker === null ? null : { kind: maker.kind, id: maker.id, name: maker.name }
}

/** The answer to what was revoked or deleted; with a cascade it says what ended too. */
export function ended(message: string, { cascade }: Static<typeof CascadeQuery>, made: Made) {
  return cascade === 'true' ? { message, ended: namesOf(made) } : { message }
}
