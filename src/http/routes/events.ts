/** `/v3/events`: what happens in an account, told at once, as a stream or as the answer to a request that waits. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { actions, asides } from '../../audit/record.ts'
import { invalid } from '../../errors.ts'
import { isPattern } from '../../model/pattern.ts'
import { shownEvent } from '../../vault/event.ts'
import { type Ending, type Event, type EventFilter, type Listening, listen } from '../../vault/events.ts'
import type { Vault } from '../../vault/vault.ts'
import { askerOf } from '../asker.ts'
import { EventStream } from '../event-stream.ts'
import { Acted } from '../made.ts'
import { defineRoute, noBody, noParams, type Route } from '../route.ts'
import { KeyQuery } from '../schema.ts'

const position = '^(0|[1-9][0-9]{0,14})$'

const EventsQuery = Type.Object(
  {
    ...KeyQuery,
    after: Type.Optional(
      Type.String({
        pattern: position,
        description: 'the number of a record, or 0',
        'x-about': 'Goes on after this record: the `id` of the last event, or `next`. Without it, from now on.',
      }),
    ),
    wait: Type.Optional(
      Type.String({
        pattern: '^([0-9]|[1-5][0-9]|60)$',
        description: 'a whole number from 0 to 60',
        'x-about': 'Seconds to wait for an event, where none is there yet; not of a stream.',
        'x-described-as': { type: 'integer', format: 'int32', minimum: 0, maximum: 60 },
      }),
    ),
    name: Type.Optional(
      Type.String({
        maxLength: 255,
        description: 'a name, or a pattern with * for any characters',
        'x-about': 'Only what is about something of this name.',
      }),
    ),
    action: Type.Optional(
      Type.String({
        maxLength: 1024,
        description: 'actions of the audit trail, such as secret.update or secret.*, with commas between them',
        'x-about': 'Only these: `secret.update`, or `secret.*` for all that happens to secrets; several with commas.',
      }),
    ),
    everywhere: Type.Optional(
      Type.Literal('true', {
        description: '"true"',
        'x-about': 'Every record that `audit:read` sees, of other environments too.',
      }),
    ),
  },
  { additionalProperties: false },
)

const OrNull = (schema: Type.TSchema) => Type.Union([schema, Type.Null()])

const Told = Type.Object(
  {
    id: Type.Integer({ description: 'The number of the record in the audit trail.' }),
    action: Type.String(),
    object: OrNull(
      Type.Object(
        {
          kind: Type.String(),
          id: OrNull(Type.Integer()),
          name: OrNull(Type.String()),
          version: OrNull(Type.Integer()),
        },
        { title: 'EventObject', description: 'What it is about.' },
      ),
    ),
    time: Type.String({ description: 'RFC 3339 in UTC, to the millisecond' }),
    outcome: Type.String({ description: '`ok`, `replayed`, or the code of the refusal' }),
    environment: Type.Optional(
      Type.String({ description: 'The environment that it happened in, for whoever may know of it.' }),
    ),
    inherited: Type.Optional(
      Type.Boolean({ description: 'It happened in a base of the environment that is listened to.' }),
    ),
    principal: Type.Optional(Acted),
  },
  { title: 'Event', description: 'A record of the audit trail, as far as the listener may see it. Never a value.' },
)

const Polled = Type.Object(
  {
    events: Type.Array(Told),
    next: Type.Integer({ description: 'The `after` of the next request.' }),
    missed: Type.Boolean({
      description: 'Whether records after `after` are not there any more: read what you rest upon anew.',
    }),
  },
  { title: 'Events', description: 'What happened after a record.' },
)

/** Looks for so much longer through what was missed. */
const lookMs = 2_000

export const eventRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    path: '/v3/events',
    operationId: 'listenToEvents',
    tag: 'Events',
    summary: 'Listen to events',
    description:
      'Changes of secrets, lists and environments that the key may list or read; with `audit:read`, every record that it sees. With `Accept: text/event-stream` a stream of server-sent events that goes on after `Last-Event-ID`; else one answer, which waits `wait` seconds for an event. Listening leaves no record.',
    scope: ['secrets:list', 'secrets:read', 'audit:read'],
    repeat: 'safe',
    inEnvironment: true,
    schemas: {
      params: noParams,
      query: EventsQuery,
      body: noBody,
      answers: {
        200: {
          description: 'Events in their order.',
          content: {
            'application/json': { schema: Polled },
            'text/event-stream': { schema: Type.String({ description: 'Each `data` is an Event, `id` its number.' }) },
          },
        },
      },
      refusals: [],
    },
    headers: { takes: ['Last-Event-ID'], gives: ['X-Accel-Buffering'] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        const { query, headers, method } = request
        const filter = filterOf(query)
        const after = positionOf(headers['last-event-id']) ?? positionOf(query.after)
        const listening = await listen(vault, askerOf(request), filter, after)
        if (method !== 'HEAD' && wantsStream(headers.accept)) return stream(reply, listening)
        const wait = method === 'HEAD' ? 0 : Number(query.wait ?? 0)
        return poll(vault, request, reply, listening, after === undefined ? undefined : wait * 1000)
      },
  }),
]

function stream(reply: FastifyReply, listening: Listening): FastifyReply {
  const { position: at, isMissing } = listening
  const events = new EventStream(at, isMissing, textOf, () => listening.end())
  reply.header('x-accel-buffering', 'no').header('cache-control', 'no-store, no-transform')
  reply.type('text/event-stream; charset=utf-8').serializer(asItIs).send(events.body)
  void listening.begin(events)
  return reply
}

/** @param waitMs how long to wait for an event; `undefined` where it is only asked from where on there will be any */
async function poll(
  vault: Vault,
  request: FastifyRequest,
  reply: FastifyReply,
  listening: Listening,
  waitMs: number | undefined,
) {
  const { position: next, isMissing: missed } = listening
  if (waitMs === undefined) {
    listening.end()
    return { events: [], next, missed }
  }
  const { ending, ...found } = await firstOf(listening, reply, waitMs).finally(() => listening.end())
  // Whoever may not listen any more is answered as if they asked now.
  if (ending !== undefined && ending !== 'stopping' && ending !== 'lost') {
    const again = await listen(vault, askerOf(request), {}, undefined)
    again.end()
  }
  return { events: found.events.map(shownEvent), next: found.next, missed }
}

interface Found {
  readonly events: readonly Event[]
  readonly next: number
  readonly ending: Ending | undefined
}

/** The first events that there are, or none when it has taken so long, or nobody waits any more. */
function firstOf(listening: Listening, { raw }: FastifyReply, waitMs: number): Promise<Found> {
  return new Promise((resolve) => {
    const end = performance.now() + waitMs
    let next = listening.position
    const finish = (events: readonly Event[] = [], ending?: Ending) => {
      clearTimeout(timer)
      resolve({ events, next, ending })
    }
    let timer = setTimeout(finish, waitMs + lookMs)
    let isFound = false
    raw.once('close', () => finish())
    const sink = {
      give: (events: readonly Event[], reached: number) => {
        // What comes after the answer is for the next request.
        if (isFound) return
        next = reached
        isFound = events.length > 0
        if (isFound) finish(events)
      },
      ready: async () => {},
      end: (reason: Ending) => finish([], reason),
    }
    void listening.begin(sink).then(() => {
      if (isFound) return
      clearTimeout(timer)
      timer = setTimeout(finish, Math.max(end - performance.now(), 0))
    })
  })
}

function wantsStream(accept = ''): boolean {
  return accept.split(',').some((range) => {
    const [type, ...parts] = range.split(';').map((part) => part.trim().toLowerCase())
    return type === 'text/event-stream' && !parts.some((part) => /^q=0(\.0*)?$/.test(part))
  })
}

/** @throws Refusal `invalid` for what is no number of a record */
function positionOf(text: string | readonly string[] | undefined): number | undefined {
  if (text === undefined || text === '') return undefined
  if (typeof text === 'string' && new RegExp(position).test(text)) return Number(text)
  throw invalid('Last-Event-ID', 'Must be the id of an event.')
}

/** @throws Refusal `invalid` */
function filterOf({
  name,
  action,
  everywhere,
}: {
  readonly name?: string
  readonly action?: string
  readonly everywhere?: 'true'
}): EventFilter {
  if (name !== undefined && !isPattern(name))
    throw invalid('name', 'Must be a name, or a pattern with * for any characters.')
  const wanted = action?.split(',').map((one) => one.trim())
  for (const one of wanted ?? []) {
    const isKnown = [...actions, ...asides].some(
      (known) => known === one || (one.endsWith('.*') && known.startsWith(one.slice(0, -1))),
    )
    if (!isKnown) throw invalid('action', 'Must be actions of the audit trail, such as secret.update or secret.*.')
  }
  return { name, actions: wanted, isEverywhere: everywhere === 'true' }
}

/** Written once, for however many listen. */
const texts = new WeakMap<Event, string>()

function textOf(event: Event): string {
  const text = texts.get(event) ?? JSON.stringify(shownEvent(event))
  texts.set(event, text)
  return text
}

const asItIs = (payload: unknown) => payload as string
