/** `/v3/compare` and `/v3/copy`: what environments have in common, and what goes from one into another. */
import { Type } from 'typebox'
import { invalid } from '../../errors.ts'
import { environmentPattern, environmentRule, isEnvironmentName } from '../../model/environment.ts'
import { type Compared, compareEnvironments, maxCompared } from '../../vault/comparison.ts'
import { copySecrets, maxCopied } from '../../vault/copies.ts'
import { decodePosition, encodeCursor } from '../../vault/cursors.ts'
import { askerOf, identityOf } from '../asker.ts'
import { pageQuery, sendAll } from '../listing.ts'
import { markReplayed } from '../once.ts'
import { defineRoute, json, noBody, noParams, type Route } from '../route.ts'
import { formatTime, NoQuery, Time } from '../schema.ts'

const Id = Type.Integer({ minimum: 1 })
const EnvironmentName = Type.String({ pattern: environmentPattern, description: environmentRule })

const comparedStates = ['same', 'different', 'missing', 'inherited', 'unknown'] as const
const Row = Type.Object(
  {
    name: Type.String(),
    state: Type.Enum(comparedStates, {
      description:
        '`missing` where one of them lacks it; `inherited` where those that have none of their own inherit one, and the others do not differ; `unknown` where all have it, and some of it may not be compared.',
    }),
    inherited: Type.Array(Type.String(), {
      description: 'The environments that have none of their own, and inherit one. It is not compared.',
    }),
    in: Type.Array(
      Type.Object(
        {
          environment: Type.String(),
          id: Id,
          version: Id,
          updated_at: Time,
          group: Type.Union([Id, Type.Null()], {
            description:
              'The same number for the same value, counted from 1 for each name. `null` for a value that is short or guessable, or tagged `no-scan`, where the key may scan it and not read it.',
          }),
        },
        { title: 'HeldInEnvironment', description: 'What an environment has under a name.' },
      ),
    ),
  },
  { title: 'ComparedName', description: 'A name, in the environments that have it.' },
)

const copiedStates = ['created', 'replaced', 'same', 'refused'] as const
const CopiedSecret = Type.Object(
  {
    name: Type.String(),
    state: Type.Enum(copiedStates, { description: 'What became of it, or would: `refused` in a dry run alone.' }),
    id: Type.Union([Id, Type.Null()], { description: 'Where it is copied to; null for what is not there.' }),
    version: Type.Union([Id, Type.Null()]),
    why: Type.Union([Type.String(), Type.Null()], { description: 'Why it is refused.' }),
  },
  { title: 'CopiedSecret', description: 'What became of one of the secrets that were copied, or would.' },
)

export const environmentContentRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    path: '/v3/compare',
    operationId: 'compareEnvironments',
    tag: 'Environments',
    summary: 'Compare environments',
    description:
      'Name by name, without a value: which are missing where, and which have the same value. Of names that the key may scan, or read, in each of them, as far as they have them themselves; what they inherit is told apart, and not compared. That they were compared is recorded in each.',
    scope: ['secrets:scan', 'secrets:read'],
    // Which ones it is about is in what is asked.
    inEnvironment: false,
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: Type.Object(
        {
          ...pageQuery,
          environments: Type.Optional(
            Type.String({
              maxLength: 64 * maxCompared,
              description: `the names of 2 to ${maxCompared} environments, separated by commas`,
              'x-about': `2 to ${maxCompared} names, separated by commas; without it, all that the key may know of.`,
            }),
          ),
          name: Type.Optional(
            Type.String({ maxLength: 255, description: 'a name, or a pattern with * for any characters' }),
          ),
        },
        { additionalProperties: false },
      ),
      body: noBody,
      answers: { 200: Type.Object({ environments: Type.Array(Type.String()), secrets: Type.Array(Row) }) },
      refusals: [404],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        const { environments: listed, name, cursor, limit } = request.query
        const named = listed === undefined ? undefined : environmentsIn(listed)
        const after = (accountId: number) => {
          if (cursor === undefined) return undefined
          const [last = ''] = decodePosition(vault, accountId, 'comparison', cursor)
          return String(last)
        }
        const wanted = {
          environments: named,
          name,
          after,
          limit: limit === undefined ? Number.POSITIVE_INFINITY : Number(limit),
        }
        const comparison = await compareEnvironments(vault, askerOf(request), wanted)
        const { environments } = comparison
        const answer = <Item>(secrets: readonly Item[]) => ({ environments, secrets })
        if (limit === undefined) return sendAll(reply, comparison.pages, shownRow, answer)
        const rows = (await Array.fromAsync(comparison.pages)).flat()
        const next = comparison.next()
        if (next !== undefined) {
          reply.header('strongroom-next-cursor', encodeCursor(vault, comparison.accountId, 'comparison', [next]))
        }
        return answer(rows.map(shownRow))
      },
  }),

  defineRoute({
    method: 'POST',
    path: '/v3/copy',
    operationId: 'copySecrets',
    tag: 'Environments',
    summary: 'Copy secrets into another environment',
    description: `At most ${maxCopied}, in one transaction: all of them or none. Values are sealed anew inside the server, and shown to nobody; description, tags, expiry and file name go along. Each is a recorded read where it comes from, and a recorded change where it goes. Needs \`secrets:read\` there and \`secrets:write\` here, for each name. With \`dry_run\` nothing is changed, and said what would be.`,
    scope: 'secrets:write',
    inEnvironment: false,
    repeat: 'keyed',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: json(
        Type.Object(
          {
            from: EnvironmentName,
            to: EnvironmentName,
            names: Type.Array(Type.String({ minLength: 1, maxLength: 255 }), {
              minItems: 1,
              maxItems: maxCopied,
              description: `an array of 1 to ${maxCopied} names, or patterns with *`,
            }),
            dry_run: Type.Optional(Type.Boolean({ description: 'true or false' })),
          },
          {
            title: 'CopyRequest',
            additionalProperties: false,
            description: 'What is to be copied, from where, to where.',
            examples: [{ from: 'staging', to: 'default', names: ['db-*'], dry_run: true }],
          },
        ),
      ),
      answers: { 200: Type.Object({ dry_run: Type.Boolean(), secrets: Type.Array(CopiedSecret) }) },
      refusals: [404, 409],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        const { from, to, names, dry_run: isDry = false } = request.body
        const copy = { from, to, names, isDry }
        const { result, isReplayed } = await copySecrets(vault, askerOf(request), identityOf(request), copy)
        markReplayed(reply, isReplayed)
        return {
          dry_run: isDry,
          secrets: result.map(({ name, state, id, version, why }) => ({ name, state, id, version, why })),
        }
      },
  }),
]

function environmentsIn(listed: string): readonly string[] {
  const names = listed.split(',')
  const isGood = names.length >= 2 && names.length <= maxCompared && names.every(isEnvironmentName)
  if (!isGood || new Set(names).size < names.length) {
    throw invalid(
      'environments',
      `Must be the names of 2 to ${maxCompared} environments, each once, separated by commas.`,
    )
  }
  return names
}

function shownRow({ name, state, there, inheriting }: Compared) {
  return {
    name,
    state,
    inherited: [...inheriting],
    in: there.map(({ environment, secret: { id, version, updatedAt }, group }) => ({
      environment,
      id,
      version,
      updated_at: formatTime(updatedAt),
      group,
    })),
  }
}
