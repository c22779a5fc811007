/** `/v3/users`: who belongs to the account, and what they may do. */
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { invalid } from '../../errors.ts'
import { type PlacedRole, placedRoles, placedRolesOf, type Role, roles, stateOf, type User } from '../../model/user.ts'
import { resetFactors } from '../../vault/factors.ts'
import { listMade, namesOf } from '../../vault/made.ts'
import { deleteUser, type Invited, inviteUser, listUsers, readUser, resetUser, updateUser } from '../../vault/users.ts'
import { askerOf, identityOf } from '../asker.ts'
import { answerListing, PageQuery } from '../listing.ts'
import { CascadeQuery, Ended, ended, MadeThings } from '../made.ts'
import { MadeBefore, madeBefore } from '../once.ts'
import { defineRoute, json, noBody, noParams, type Route } from '../route.ts'
import { formatTime, IdParams, idOf, Message, NoQuery, Time } from '../schema.ts'

const RoleName = Type.Unsafe<Role>(
  Type.String({ title: 'Role', enum: [...roles], description: `one of ${roles.join(', ')}` }),
)
const Patterns = Type.Union([Type.Array(Type.String({ maxLength: 255 })), Type.Null()], {
  description: 'names or patterns that narrow the role, or null',
})
export const EnvironmentRoles = Type.Record(Type.String({ maxLength: 63 }), Type.String({ maxLength: 16 }), {
  description: `by environment one of ${placedRoles.join(', ')}`,
  'x-about':
    'With any, the rights over secrets come from these roles alone; the other one keeps its rights over the account.',
  'x-described-as': {
    type: 'object',
    additionalProperties: { type: 'string', enum: [...placedRoles] },
  },
})
const Name = Type.String({ maxLength: 128, description: 'a name of 1 to 128 characters' })
const Email = Type.String({ maxLength: 300, description: 'an email address' })
const OrNull = (one: typeof Time) => Type.Union([one, Type.Null()])
const Shown = {
  id: Type.Integer({ minimum: 1 }),
  name: Type.String(),
  email: Type.Union([Type.String(), Type.Null()]),
  role: RoleName,
  name_patterns: Patterns,
  environment_roles: Type.Optional(EnvironmentRoles),
  state: Type.String({ enum: ['active', 'invited', 'disabled'] }),
  second_factor: Type.Boolean({ description: 'whether a passkey or an authenticator app is set up' }),
  created_at: Time,
  last_sign_in_at: OrNull(Time),
}
const Link = {
  invitation_url: Type.String({ description: 'a one-time link, shown this once' }),
  invitation_expires_at: Time,
}
const body = { additionalProperties: false, description: 'a JSON object' }
const ShownUser = Type.Object(Shown, { title: 'User', description: 'Somebody of the account.' })
const OneTimeLink = Type.Object(Link, { title: 'OneTimeLink', description: 'A link that sets a password, once.' })

export const userRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    path: '/v3/users',
    operationId: 'listUsers',
    tag: 'Users',
    summary: 'List the users',
    description: '',
    scope: 'account:manage',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: PageQuery,
      body: noBody,
      answers: { 200: Type.Object({ users: Type.Array(ShownUser) }) },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      (request, reply) =>
        answerListing(vault, request.query, reply, {
          listing: 'users',
          read: (wanted) => listUsers(vault, askerOf(request), wanted),
          shown,
          answer: (users) => ({ users }),
        }),
  }),

  defineRoute({
    method: 'POST',
    path: '/v3/users',
    operationId: 'inviteUser',
    tag: 'Users',
    summary: 'Invite a user',
    description: 'Hand the link to them: it sets their password, once, within seven days.',
    scope: 'account:manage',
    repeat: 'keyed',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: json(
        Type.Object(
          {
            email: Email,
            role: RoleName,
            name: Type.Optional(Name),
            name_patterns: Type.Optional(Patterns),
            environment_roles: Type.Optional(EnvironmentRoles),
          },
          {
            ...body,
            title: 'NewUser',
            description: 'A user who is to be.',
            examples: [{ email: 'grace@example.com', role: 'reader' }],
          },
        ),
      ),
      answers: {
        200: MadeBefore,
        201: Type.Object({ ...Shown, ...Link }, { title: 'InvitedUser', description: 'A user who was just invited.' }),
      },
      refusals: [409],
    },
    headers: { takes: [], gives: ['Location'] },
    use:
      ({ vault, publicUrl }) =>
      async (request, reply) => {
        const { email, name, role, name_patterns: patterns, environment_roles: placed } = request.body
        const placedRoles = placedRolesIn(placed)
        const { accountId } = identityOf(request)
        const invited = await inviteUser(vault, askerOf(request), accountId, {
          email,
          name,
          role,
          patterns,
          placedRoles,
        })
        reply.header('location', `/v3/users/${invited.user.id}`)
        const link = linkOf(publicUrl, request, invited)
        if (link === undefined) return madeBefore(reply, 'User', invited.user.id, 'For a usable link, reset this user.')
        reply.code(201)
        return { ...shown(invited.user), ...link }
      },
  }),

  defineRoute({
    method: 'GET',
    path: '/v3/users/:id',
    operationId: 'getUser',
    tag: 'Users',
    summary: 'Read a user',
    description: '',
    scope: 'account:manage',
    repeat: 'safe',
    schemas: {
      params: IdParams,
      query: NoQuery,
      body: noBody,
      answers: { 200: ShownUser },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) =>
        shown(await readUser(vault, askerOf(request), idOf(request.params))),
  }),

  defineRoute({
    method: 'GET',
    path: '/v3/users/:id/made',
    operationId: 'listMadeByUser',
    tag: 'Users',
    summary: 'List what a user made',
    description:
      'API keys, trust rules and machines that go on when the user is deleted or disabled, and what they made in turn.',
    scope: 'account:manage',
    repeat: 'safe',
    schemas: {
      params: IdParams,
      query: NoQuery,
      body: noBody,
      answers: { 200: MadeThings },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) =>
        namesOf(await listMade(vault, askerOf(request), { kind: 'user', id: idOf(request.params) })),
  }),

  defineRoute({
    method: 'PATCH',
    path: '/v3/users/:id',
    operationId: 'updateUser',
    tag: 'Users',
    summary: 'Change a user',
    description:
      'Sessions of the user end when their rights change. With `cascade=true`, for a user who is disabled, what they made ends too.',
    scope: 'account:manage',
    repeat: 'safe',
    schemas: {
      params: IdParams,
      query: CascadeQuery,
      body: json(
        Type.Object(
          {
            name: Type.Optional(Name),
            role: Type.Optional(RoleName),
            name_patterns: Type.Optional(Patterns),
            environment_roles: Type.Optional(EnvironmentRoles),
            disabled: Type.Optional(Type.Boolean({ description: 'true or false' })),
          },
          {
            ...body,
            title: 'UserChange',
            description: 'What is left out stays as it is.',
            examples: [{ name: 'Grace' }],
          },
        ),
      ),
      answers: { 200: ShownUser },
      refusals: [409],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        const { name, role, name_patterns: patterns, environment_roles: placed, disabled: isDisabled } = request.body
        const parts = { name, role, patterns, isDisabled, placedRoles: placedRolesIn(placed) }
        const isWhole = request.query.cascade === 'true'
        const { user } = await updateUser(vault, askerOf(request), idOf(request.params), parts, isWhole)
        return shown(user)
      },
  }),

  defineRoute({
    method: 'POST',
    path: '/v3/users/:id/reset',
    operationId: 'resetUser',
    tag: 'Users',
    summary: 'Make a link that sets a new password',
    description: 'The old password is good until the link is accepted, within a day.',
    scope: 'account:manage',
    repeat: 'keyed',
    schemas: {
      params: IdParams,
      query: NoQuery,
      body: noBody,
      answers: { 200: Type.Union([OneTimeLink, MadeBefore]) },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault, publicUrl }) =>
      async (request, reply) => {
        const reset = await resetUser(vault, askerOf(request), idOf(request.params))
        const link = linkOf(publicUrl, request, reset)
        return link ?? madeBefore(reply, 'The link for user', reset.user.id, 'For a usable one, reset this user again.')
      },
  }),

  defineRoute({
    method: 'DELETE',
    path: '/v3/users/:id/factors',
    operationId: 'resetUserFactors',
    tag: 'Users',
    summary: 'Reset what a user signs in with beside the password',
    description:
      'For somebody who lost it: passkeys, authenticator app, recovery codes and the link to a provider go, and the sessions of the user end.',
    scope: 'account:manage',
    repeat: 'safe',
    schemas: {
      params: IdParams,
      query: NoQuery,
      body: noBody,
      answers: { 200: Message },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        await resetFactors(vault, askerOf(request), idOf(request.params))
        return { message: 'Reset' }
      },
  }),

  defineRoute({
    method: 'DELETE',
    path: '/v3/users/:id',
    operationId: 'deleteUser',
    tag: 'Users',
    summary: 'Delete a user',
    description: 'What they made goes on, seeds apart; with `cascade=true` that ends too.',
    scope: 'account:manage',
    repeat: 'safe',
    schemas: {
      params: IdParams,
      query: CascadeQuery,
      body: noBody,
      answers: { 200: Ended },
      refusals: [409],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        const isWhole = request.query.cascade === 'true'
        const made = await deleteUser(vault, askerOf(request), idOf(request.params), isWhole)
        return ended('User deleted successfully', request.query, made)
      },
  }),
]

function shown(user: User) {
  const { id, name, email, role, patterns, environmentRoles, hasSecondFactor, createdAt, lastSignInAt } = user
  const placed = placedRolesOf(environmentRoles).map((one) => [one.environment, one.role])
  return {
    id,
    name,
    email,
    role,
    name_patterns: patterns.includes('*') ? null : [...patterns],
    ...(placed.length === 0 ? {} : { environment_roles: Object.fromEntries(placed) }),
    state: stateOf(user),
    second_factor: hasSecondFactor,
    created_at: formatTime(createdAt),
    last_sign_in_at: lastSignInAt === null ? null : formatTime(lastSignInAt),
  }
}

function linkOf(publicUrl: string | undefined, { protocol, host }: FastifyRequest, { user, token }: Invited) {
  if (token === undefined) return undefined
  return {
    invitation_url: `${publicUrl ?? `${protocol}://${host}`}/portal/welcome#${token}`,
    invitation_expires_at: formatTime(user.linkExpiresAt ?? 0),
  }
}

/** @throws Refusal `invalid` */
export function placedRolesIn(given: Readonly<Record<string, string>> | undefined): readonly PlacedRole[] | undefined {
  if (given === undefined) return undefined
  return Object.entries(given).map(([environment, word]) => {
    const role = placedRoles.find((one) => one === word)
    if (role === undefined) throw invalid('environment_roles', `Must be, for each, one of ${placedRoles.join(', ')}.`)
    return { environment, role }
  })
}
