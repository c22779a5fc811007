/** `/v3/audit`: the audit trail, newest first, counted, and verified. */
import { type Static, Type } from 'typebox'
import { type Aside, type AuditRecord, actions, asides } from '../../audit/record.ts'
import { invalid } from '../../errors.ts'
import { environmentPattern, environmentRule } from '../../model/environment.ts'
import { parseId } from '../../model/name.ts'
import { principalKinds } from '../../model/principal.ts'
import { countActivity, maxCounted, maxSteps, steps } from '../../vault/activity.ts'
import { archiveTroubles, troubleText } from '../../vault/archived-records.ts'
import { type AuditFilter, readAudit } from '../../vault/audit.ts'
import type { Archived } from '../../vault/audit-search.ts'
import { decodeCursor, encodeCursor } from '../../vault/cursors.ts'
import { verifyPart } from '../../vault/verify-part.ts'
import { askerOf, identityOf } from '../asker.ts'
import { Acted } from '../made.ts'
import { defineRoute, json, noBody, noParams, type Route } from '../route.ts'
import { CursorQuery, KeyQuery, LimitQuery, NoQuery, parseTime, TimeInput, withoutNul } from '../schema.ts'

const Text = Type.Optional(
  Type.String({ minLength: 1, maxLength: 255, pattern: withoutNul, description: 'a text of 1 to 255 characters' }),
)
const OrNull = (schema: Type.TSchema) => Type.Union([schema, Type.Null()])

const known: readonly string[] = [...actions, ...asides]

const FilterQuery = {
  from: Type.Optional(TimeInput),
  to: Type.Optional(TimeInput),
  action: Type.Optional(Type.String({ maxLength: 32, description: `one of ${known.join(', ')}` })),
  secret: Text,
  principal: Text,
  kind: Type.Optional(
    Type.Enum(principalKinds, {
      description: `one of ${principalKinds.join(', ')}`,
      'x-about': 'What kind of principal acted, such as `user` for people.',
    }),
  ),
  outcome: Text,
  environment: Type.Optional(
    Type.String({
      pattern: environmentPattern,
      description: environmentRule,
      'x-about': 'What was asked in this environment.',
    }),
  ),
}

type FilterInput = Static<Type.TObject<typeof FilterQuery>>

const AuditQuery = Type.Object(
  { ...KeyQuery, limit: LimitQuery, cursor: CursorQuery, ...FilterQuery },
  { additionalProperties: false },
)

const ActivityQuery = Type.Object(
  {
    ...KeyQuery,
    ...FilterQuery,
    by: Type.Optional(Type.String({ pattern: `^(${steps.join('|')})$`, description: `one of ${steps.join(', ')}` })),
  },
  { additionalProperties: false },
)

const Shown = Type.Object(
  {
    seq: Type.Integer(),
    time: Type.String({ description: 'RFC 3339 in UTC, to the millisecond' }),
    principal: Acted,
    action: Type.String(),
    object: OrNull(
      Type.Object(
        {
          kind: Type.String(),
          id: OrNull(Type.Integer()),
          uid: OrNull(Type.String()),
          name: OrNull(Type.String()),
          version: OrNull(Type.Integer()),
          hash: OrNull(Type.String({ description: 'SHA-256 of the stored, sealed value' })),
        },
        { title: 'AuditObject', description: 'What a record is about.' },
      ),
    ),
    environment: Type.Optional(
      Type.Object(
        { id: Type.Integer(), name: OrNull(Type.String({ description: 'what it is called now, if it is there' })) },
        { title: 'EnvironmentRef', description: 'The environment that it was asked in, if another than `default`.' },
      ),
    ),
    outcome: Type.String({ description: '`ok`, `replayed`, or the code of the refusal' }),
    request_id: Type.String(),
    address: Type.String({ description: 'Where the request came from.' }),
    head: Type.String({ description: 'Head of the chain after this record, hexadecimal' }),
  },
  { title: 'AuditRecord', description: 'One record of the audit trail.' },
)

const ArchivedRecords = Type.Object(
  {
    first: Type.Integer({ description: 'The number of the first of them.' }),
    last: Type.Integer(),
    from: Type.String({ description: 'The time of the first of them, RFC 3339 to the millisecond.' }),
    to: Type.String({ description: 'The time of the last one.' }),
    code: Type.Enum(archiveTroubles, { description: 'Why they are not shown, for programs.' }),
    detail: Type.String({ description: 'Why they are not shown, and what to do, for people.' }),
  },
  {
    title: 'Archived',
    description: 'Archived records that this page leaves out, older than all that it has, as they cannot be read.',
  },
)

const Point = Type.Object(
  {
    seq: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'the number of a record' }),
    head: Type.String({ pattern: '^[0-9a-f]{64}$', maxLength: 64, description: 'the head of that record' }),
  },
  { title: 'ChainPoint', additionalProperties: false, description: 'a record that is known: `seq` and `head`' },
)

const Verified = Type.Object(
  {
    records: Type.Integer({ description: 'Up to here it was looked at, and holds.' }),
    total: Type.Integer({ description: 'Records in the trail: ask on until `records` is this.' }),
    head: Type.String({ description: 'Head of the chain there, hexadecimal: `after` of the next call.' }),
    fault: Type.Union([Type.Object({ seq: Type.Integer(), reason: Type.String() }), Type.Null()], {
      description: 'The first record that does not hold.',
    }),
    archived: Type.Integer({
      description:
        'Records that were passed over, as they are archived: the operator verifies them with `strongroom audit verify`.',
    }),
  },
  { title: 'Verified', description: 'What a verification of the trail came to.' },
)

const Counted = Type.Object(
  {
    by: Type.Enum([...steps], { description: 'The step of time, in UTC. Weeks begin on Mondays.' }),
    from: Type.String({
      description: 'The time of the oldest record that was looked at, RFC 3339 to the millisecond.',
    }),
    to: Type.String({ description: 'The time of the newest one.' }),
    complete: Type.Boolean({
      description: `Whether that is all that was asked for: of more than ${maxCounted} records, those before \`from\` are left out.`,
    }),
    records: Type.Integer({ description: 'How many match.' }),
    steps: Type.Array(
      Type.Object(
        {
          start: Type.String({ description: 'Where the step begins.' }),
          actions: Type.Array(
            Type.Object(
              {
                action: Type.String(),
                ok: Type.Integer({ description: 'With the outcome `ok` or `replayed`.' }),
                refused: Type.Integer({ description: 'With any other.' }),
              },
              { title: 'ActionCount' },
            ),
          ),
        },
        { title: 'StepCount' },
      ),
      { description: 'Oldest first; steps without a record are left out.' },
    ),
    readers: Type.Array(
      Type.Object(
        {
          principal: Acted,
          reads: Type.Integer({ description: 'Values that were handed out: `secret.read` and `version.read`.' }),
        },
        { title: 'Reader' },
      ),
      { description: 'The 20 who were handed out most values, most first.' },
    ),
  },
  { title: 'Activity', description: 'What happens in an account, as it is counted.' },
)

const defaultLimit = 100

export const auditRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    path: '/v3/audit',
    operationId: 'listAuditRecords',
    tag: 'Audit',
    summary: 'Read the audit trail',
    description:
      'Newest first, 100 records unless `limit` says otherwise. `secret` and `principal` take an id or a name. `Strongroom-Next-Cursor` leads to older records; a page may be short before the end is reached. Archived records are read from the archive; where that is not possible, `archived` says which the page leaves out and why, and the cursor leads to those before them.',
    scope: 'audit:read',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: AuditQuery,
      body: noBody,
      answers: { 200: Type.Object({ records: Type.Array(Shown), archived: Type.Optional(ArchivedRecords) }) },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        const { limit, cursor } = request.query
        const filter = filterOf(request.query)
        const before = (accountId: number) =>
          cursor === undefined ? Number.MAX_SAFE_INTEGER : decodeCursor(vault, accountId, 'audit', cursor)
        const page = await readAudit(vault, askerOf(request), filter, Number(limit ?? defaultLimit), before)
        if (page.next !== undefined) {
          reply.header('strongroom-next-cursor', encodeCursor(vault, page.accountId, 'audit', page.next))
        }
        return {
          records: page.records.map(({ record, head, aside }) => ({
            ...shown(record, page.view.nameOf, page.isManaged ? aside : undefined),
            head: Buffer.from(head).toString('hex'),
          })),
          ...(page.archived === undefined ? {} : { archived: shownArchived(page.archived) }),
        }
      },
  }),

  defineRoute({
    method: 'GET',
    path: '/v3/audit/activity',
    operationId: 'getAuditActivity',
    tag: 'Audit',
    summary: 'Count the records of the audit trail',
    description: `By time and action, and who reads most; with the filters of reading the trail. \`by\` is the step of time; without it, the shortest that gives at most ${maxSteps} of them. \`complete\` says whether everything that was asked for is counted.`,
    scope: 'audit:read',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: ActivityQuery,
      body: noBody,
      answers: { 200: Counted },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        const by = steps.find((step) => step === request.query.by)
        const activity = await countActivity(vault, askerOf(request), filterOf(request.query), by)
        return {
          by: activity.by,
          from: timeText(activity.from),
          to: timeText(activity.to),
          complete: activity.isComplete,
          records: activity.records,
          steps: activity.steps.map(({ start, actions }) => ({
            start: timeText(start),
            actions: actions.map(({ action, ok, refused }) => ({ action, ok, refused })),
          })),
          readers: activity.readers.map(({ principal: { kind, id, name }, reads }) => ({
            principal: { kind, id, name },
            reads,
          })),
        }
      },
  }),

  defineRoute({
    method: 'POST',
    path: '/v3/audit/verify',
    operationId: 'verifyAudit',
    tag: 'Audit',
    summary: 'Verify a part of the audit trail',
    description:
      'Recomputes the chain of hashes, 50000 records at most, from the first on or `after` a record that is known. `fault` names the first record that does not hold. What holds was not changed since the point it began at; whether that point is the true one, only a head or a checkpoint kept elsewhere can tell.',
    scope: 'audit:read',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: json(
        Type.Object(
          { after: Type.Optional(Point) },
          { additionalProperties: false, description: 'a JSON object', examples: [{}] },
        ),
      ),
      answers: { 200: Verified },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        const { after } = request.body
        const point = after === undefined ? undefined : { size: after.seq, head: Buffer.from(after.head, 'hex') }
        const { accountId } = identityOf(request)
        const { size, total, head, fault, archived } = await verifyPart(vault, askerOf(request), accountId, point)
        return {
          records: size,
          total,
          head: Buffer.from(head).toString('hex'),
          fault: fault === undefined ? null : { ...fault },
          archived,
        }
      },
  }),
]

function filterOf({ from, to, action, secret, principal, kind, outcome, environment }: FilterInput): AuditFilter {
  if (action !== undefined && !known.includes(action)) {
    throw invalid('action', `Must be one of ${known.join(', ')}.`)
  }
  return {
    from: from === undefined ? undefined : parseTime(from, 'from'),
    to: to === undefined ? undefined : parseTime(to, 'to'),
    action,
    outcome,
    secret: idOrName(secret),
    principal: idOrName(principal),
    environment,
    kind,
  }
}

function shownArchived({ first, last, from, to, trouble: code, file }: Archived) {
  return { first, last, from: timeText(from), to: timeText(to), code, detail: troubleText(code, file) }
}

function timeText(time: number): string {
  return new Date(time).toISOString()
}

/** All digits is an id, anything else a name. */
function idOrName(text: string | undefined): number | string | undefined {
  return text === undefined ? undefined : (parseId(text) ?? text)
}

function shown(record: AuditRecord, nameOf: (id: number) => string | undefined, aside: Aside | undefined) {
  const { seq, time, principal, action, object, outcome, requestId, address, environmentId } = record
  const { kind, id, name } = principal
  return {
    seq,
    time: timeText(time),
    principal: { kind, id, name },
    action: aside ?? action,
    object: object === null ? null : { ...object },
    ...(environmentId === null ? {} : { environment: { id: environmentId, name: nameOf(environmentId) ?? null } }),
    outcome,
    request_id: requestId,
    address,
  }
}
