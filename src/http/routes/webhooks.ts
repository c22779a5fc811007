/** `/v3/webhooks`: where records of the trail are told of as they come, and what became of each. */
import { type Static, Type } from 'typebox'
import { invalid } from '../../errors.ts'
import { environmentPattern, environmentRule } from '../../model/environment.ts'
import { parseId } from '../../model/name.ts'
import { type Delivery, deliveryStates, maxActions, maxUrlLength } from '../../model/webhook.ts'
import {
  type ChangedWebhook,
  createWebhook,
  deleteWebhook,
  type IssuedWebhook,
  listDeliveries,
  listWebhooks,
  type OpenWebhook,
  readWebhook,
  retryDelivery,
  rotateWebhook,
  testWebhook,
  updateWebhook,
} from '../../vault/webhooks.ts'
import { askerOf, identityOf } from '../asker.ts'
import { answerListing, PageQuery, pageQuery } from '../listing.ts'
import { CreatedBy, shownMaker } from '../made.ts'
import { MadeBefore, madeBefore } from '../once.ts'
import { defineRoute, json, noBody, noParams, type Route } from '../route.ts'
import { formatTime, IdParams, IdText, idOf, Message, NoQuery, Time } from '../schema.ts'

const OrNull = <T extends Type.TSchema>(schema: T, description: string) =>
  Type.Union([schema, Type.Null()], { description })

const required = {
  url: Type.String({
    maxLength: maxUrlLength,
    description: `an https URL of at most ${maxUrlLength} characters`,
    'x-about': 'Where each event is sent, by POST. No redirect is followed.',
  }),
  actions: Type.Array(Type.String({ maxLength: 32 }), {
    maxItems: maxActions,
    description: `a list of 1 to ${maxActions} actions of the audit trail, such as "secret.update", "secret.*" or "*"`,
    examples: [['secret.*']],
  }),
}
const name = OrNull(
  Type.String({ maxLength: 255 }),
  'a name or a pattern such as prod-*: only what is about secrets of such names; or null for all',
)
const environment = OrNull(
  Type.String({ pattern: environmentPattern, maxLength: 64 }),
  `only what is in this environment (${environmentRule}), or null for all`,
)
const Warning = Type.Object(
  {
    fault: Type.String({ description: 'As a delivery would name it.' }),
    detail: Type.String(),
  },
  {
    title: 'WebhookWarning',
    description:
      'Once it is made, changed or rotated: why nothing can be sent to the URL now. It is stored nevertheless.',
  },
)
const fields = {
  id: Type.Integer({ minimum: 1 }),
  ...required,
  name,
  environment: OrNull(
    Type.Object(
      { id: Type.Integer(), name: OrNull(Type.String(), 'what it is called now, if it is there') },
      { title: 'WebhookEnvironment' },
    ),
    'the environment that it is about, or null for all',
  ),
  enabled: Type.Boolean(),
  disabled_for: OrNull(
    Type.String(),
    'Why the server disabled it: `gone` (the receiver answered 410), `failing` (nothing was taken for five days), `maker` (whoever made it may read nothing of the trail any more); or null.',
  ),
  disabled_at: OrNull(Time, 'When it was disabled, or null.'),
  previous_secret_until: OrNull(Time, 'Until when the secret before signs too, or null.'),
  created_at: Time,
  updated_at: Time,
  created_by: CreatedBy,
  warning: Type.Optional(Warning),
}
const Shown = Type.Object(fields, { title: 'Webhook', description: 'Where records of the trail are told of.' })
const Secret = Type.String({
  description: 'What receivers check signatures with: `whsec_` and base64. It is not shown again.',
})
const Issued = Type.Object(
  { ...fields, secret: Secret },
  { title: 'IssuedWebhook', description: 'A webhook with the secret that it signs with from now on.' },
)
const body = { additionalProperties: false, description: 'a JSON object' }
const New = Type.Object(
  { ...required, name: Type.Optional(name), environment: Type.Optional(environment) },
  {
    ...body,
    title: 'NewWebhook',
    description: 'A webhook that is to be.',
    examples: [{ url: 'https://example.com/strongroom', actions: ['secret.*'], name: 'prod-*' }],
  },
)
const Change = Type.Partial(
  Type.Object({ ...required, name, environment, enabled: Type.Boolean({ description: 'true or false' }) }),
  { ...body, title: 'WebhookChange', description: 'What is left out stays as it is.', examples: [{ enabled: true }] },
)
const ShownDelivery = Type.Object(
  {
    id: Type.Integer({ minimum: 1, description: 'The number of the record in the audit trail.' }),
    action: Type.String(),
    state: Type.Enum([...deliveryStates], {
      description: '`waiting` to be sent or sent again, `delivered`, or `failed`: given up.',
    }),
    attempts: Type.Integer({ minimum: 0 }),
    created_at: Time,
    attempted_at: OrNull(Time, 'When it was last sent, or null.'),
    next_attempt_at: OrNull(Time, 'When it is sent next, or null when it is over.'),
    status: OrNull(Type.Integer(), 'What the receiver answered last; null where it did not.'),
    fault: OrNull(
      Type.String(),
      'Why there was no answer, such as `timeout`, `connection`, `redirect` or `address`; `forbidden` where the maker of the webhook may not see the record any more.',
    ),
    took_ms: OrNull(Type.Integer(), 'How long the last answer took, or null.'),
  },
  { title: 'Delivery', description: 'One event, and what became of it.' },
)
const DeliveryQuery = Type.Object(
  {
    ...pageQuery,
    state: Type.Optional(Type.Enum([...deliveryStates], { description: `one of ${deliveryStates.join(', ')}` })),
  },
  { additionalProperties: false },
)
const DeliveryParams = Type.Object({ ...IdParams.properties, delivery: IdText })

export const webhookRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    path: '/v3/webhooks',
    operationId: 'listWebhooks',
    tag: 'Webhooks',
    summary: 'List the webhooks',
    description: 'One’s own; with `account:manage`, all of the account.',
    scope: 'audit:read',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: PageQuery,
      body: noBody,
      answers: { 200: Type.Object({ webhooks: Type.Array(Shown) }) },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      (request, reply) =>
        answerListing(vault, request.query, reply, {
          listing: 'webhooks',
          read: (wanted) => listWebhooks(vault, askerOf(request), wanted),
          shown,
          answer: (webhooks) => ({ webhooks }),
        }),
  }),

  defineRoute({
    method: 'POST',
    path: '/v3/webhooks',
    operationId: 'createWebhook',
    tag: 'Webhooks',
    summary: 'Create a webhook',
    description:
      'Each record of the audit trail from now on that it asks for, and that its maker may read, is sent to the URL, signed as Standard Webhooks has it, until the receiver answers 2xx or a day of tries is over. Its maker is held to what they may see when it is sent; what a key made ends with the key. The secret is in this answer alone. The key must not be limited to networks.',
    scope: 'audit:read',
    repeat: 'keyed',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: json(New),
      answers: { 200: MadeBefore, 201: Issued },
      refusals: [],
    },
    headers: { takes: [], gives: ['Location'] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        const { id, issued } = await createWebhook(vault, askerOf(request), identityOf(request), request.body)
        reply.header('location', `/v3/webhooks/${id}`)
        if (issued === undefined) return madeBefore(reply, 'Webhook', id, 'For another secret, rotate it.')
        reply.code(201)
        return shownIssued(issued)
      },
  }),

  defineRoute({
    method: 'GET',
    path: '/v3/webhooks/:id',
    operationId: 'getWebhook',
    tag: 'Webhooks',
    summary: 'Read a webhook',
    description: 'Never its secret.',
    scope: 'audit:read',
    repeat: 'safe',
    schemas: { params: IdParams, query: NoQuery, body: noBody, answers: { 200: Shown }, refusals: [] },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) =>
        shown(await readWebhook(vault, askerOf(request), idOf(request.params))),
  }),

  defineRoute({
    method: 'PATCH',
    path: '/v3/webhooks/:id',
    operationId: 'updateWebhook',
    tag: 'Webhooks',
    summary: 'Change a webhook',
    description:
      '`enabled` turns it off and on; on again, it begins at the end of the trail, and sends what was still waiting. `created_by` names from now on who changed it: it tells what they may see, and ends with them.',
    scope: 'audit:read',
    repeat: 'safe',
    schemas: { params: IdParams, query: NoQuery, body: json(Change), answers: { 200: Shown }, refusals: [] },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        const { enabled: isEnabled, ...parts } = request.body
        const { params } = request
        const wanted = { ...parts, isEnabled }
        return shownChanged(await updateWebhook(vault, askerOf(request), identityOf(request), idOf(params), wanted))
      },
  }),

  defineRoute({
    method: 'DELETE',
    path: '/v3/webhooks/:id',
    operationId: 'deleteWebhook',
    tag: 'Webhooks',
    summary: 'Delete a webhook',
    description: 'Nothing is sent to it any more, with all that was still waiting.',
    scope: 'audit:read',
    repeat: 'safe',
    schemas: { params: IdParams, query: NoQuery, body: noBody, answers: { 200: Message }, refusals: [] },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        await deleteWebhook(vault, askerOf(request), idOf(request.params))
        return { message: 'Webhook deleted successfully' }
      },
  }),

  defineRoute({
    method: 'POST',
    path: '/v3/webhooks/:id/rotate',
    operationId: 'rotateWebhook',
    tag: 'Webhooks',
    summary: 'Make another secret for a webhook',
    description: 'The one before signs beside it for a day. The secret is in this answer alone.',
    scope: 'audit:read',
    repeat: { never: 'The secret is given out once: whoever lost the answer makes another one.' },
    schemas: { params: IdParams, query: NoQuery, body: noBody, answers: { 200: Issued }, refusals: [] },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        const made = await rotateWebhook(vault, askerOf(request), identityOf(request), idOf(request.params))
        return shownIssued(made)
      },
  }),

  defineRoute({
    method: 'POST',
    path: '/v3/webhooks/:id/test',
    operationId: 'testWebhook',
    tag: 'Webhooks',
    summary: 'Send a test to a webhook',
    description:
      'The event is the record of this test, `webhook.test`, which no other webhook is told of. The answer comes before it is sent: look at the delivery.',
    scope: 'audit:read',
    repeat: 'safe',
    schemas: { params: IdParams, query: NoQuery, body: noBody, answers: { 200: ShownDelivery }, refusals: [] },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) =>
        shownDelivery(await testWebhook(vault, askerOf(request), idOf(request.params))),
  }),

  defineRoute({
    method: 'GET',
    path: '/v3/webhooks/:id/deliveries',
    operationId: 'listDeliveries',
    tag: 'Webhooks',
    summary: 'List the deliveries of a webhook',
    description: 'The newest first; they are kept for 30 days. With `state=failed`, those that were given up.',
    scope: 'audit:read',
    repeat: 'safe',
    schemas: {
      params: IdParams,
      query: DeliveryQuery,
      body: noBody,
      answers: { 200: Type.Object({ deliveries: Type.Array(ShownDelivery) }) },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      (request, reply) => {
        const id = idOf(request.params)
        const { state } = request.query
        return answerListing(vault, request.query, reply, {
          listing: `deliveries ${id}`,
          read: (wanted) => listDeliveries(vault, askerOf(request), id, state, wanted),
          shown: shownDelivery,
          answer: (deliveries) => ({ deliveries }),
        })
      },
  }),

  defineRoute({
    method: 'POST',
    path: '/v3/webhooks/:id/deliveries/:delivery/retry',
    operationId: 'retryDelivery',
    tag: 'Webhooks',
    summary: 'Send a delivery again',
    description: 'Under the same `webhook-id`, whatever became of it, and with a new day of tries.',
    scope: 'audit:read',
    repeat: 'safe',
    schemas: { params: DeliveryParams, query: NoQuery, body: noBody, answers: { 200: ShownDelivery }, refusals: [] },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        const { params } = request
        return shownDelivery(await retryDelivery(vault, askerOf(request), idOf(params), deliveryOf(params)))
      },
  }),
]

/** @throws Refusal `invalid` */
function deliveryOf({ delivery }: Static<typeof DeliveryParams>): number {
  const id = parseId(delivery)
  if (id === undefined) throw invalid('delivery', 'Must be a positive integer.')
  return id
}

function shownIssued(issued: IssuedWebhook) {
  return { ...shownChanged(issued), secret: issued.secret }
}

function shownChanged(changed: ChangedWebhook) {
  const { warning } = changed
  return { ...shown(changed), ...(warning === undefined ? {} : { warning: { ...warning } }) }
}

function shown({ webhook, url, environment: where }: OpenWebhook) {
  const { disabledAt, previousUntil } = webhook
  return {
    id: webhook.id,
    url,
    actions: [...webhook.actions],
    name: webhook.name,
    environment: where === null ? null : { id: where.id, name: where.name },
    enabled: webhook.isEnabled,
    disabled_for: webhook.disabledFor,
    disabled_at: disabledAt === null ? null : formatTime(disabledAt),
    previous_secret_until: previousUntil === null ? null : formatTime(previousUntil),
    created_at: formatTime(webhook.createdAt),
    updated_at: formatTime(webhook.updatedAt),
    created_by: shownMaker(webhook.maker),
  }
}

function shownDelivery(delivery: Delivery) {
  const { attemptedAt, nextAt } = delivery
  return {
    id: delivery.id,
    action: delivery.action,
    state: delivery.state,
    attempts: delivery.attempts,
    created_at: formatTime(delivery.createdAt),
    attempted_at: attemptedAt === null ? null : formatTime(attemptedAt),
    next_attempt_at: nextAt === null ? null : formatTime(nextAt),
    status: delivery.status,
    fault: delivery.fault,
    took_ms: delivery.tookMs,
  }
}
