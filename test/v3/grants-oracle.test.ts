/**
 * Every maker against everything that can be made: whatever the thing can do afterwards, its maker could. The oracle knows
 * nothing of how the server decides: it takes what was asked for and what was made apart into single permissions, and
 * tries the thing that was made.
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type Answer, Api } from '../support/api.ts'
import { isThorough } from '../support/chance.ts'
import { engines } from '../support/engines.ts'
import { fc } from '../support/fast-check.ts'
import { startWithOwner } from '../support/portal-account.ts'

const addresses = ['127.0.0.1', '127.9.9.9', '10.0.0.7']
const names = ['dev-a', 'prod-a']
const roles = ['owner', 'admin', 'editor', 'reader', 'auditor'] as const
const rights = [
  ...['secrets:list', 'secrets:read', 'secrets:scan', 'secrets:write', 'secrets:delete'],
  ...['keys:manage', 'audit:read', 'account:manage'],
]
const ofRole: Record<(typeof roles)[number], readonly string[]> = {
  owner: rights,
  admin: rights,
  editor: ['secrets:list', 'secrets:read', 'secrets:write', 'secrets:delete'],
  reader: ['secrets:list', 'secrets:read'],
  auditor: ['audit:read'],
}

/** What can be done, where and when, one thing at a time: `right name address`, and what is an owner's alone. */
type Powers = ReadonlySet<string>

interface Bounds {
  readonly scopes: readonly string[]
  readonly networks: readonly string[]
  /** Hours from now; `null` for ever. */
  readonly hours: number | null
  readonly isOwner: boolean
}

function powersOf({ scopes, networks, hours, isOwner }: Bounds): Powers {
  const where = addresses.filter((address) => networks.length === 0 || networks.some((one) => isIn(one, address)))
  const when = [1, 3, 5].filter((hour) => hours === null || hour <= hours)
  const what = scopes.flatMap((scope) => {
    const right = rights.find((one) => scope === one || scope.startsWith(`${one}:`)) ?? assert.fail(scope)
    const pattern = scope === right ? '*' : scope.slice(right.length + 1)
    const also = right === 'secrets:read' ? [right, 'secrets:scan'] : [right]
    const fitting = names.filter((name) => pattern === '*' || name.startsWith(pattern.slice(0, -1)))
    // All names is more than those that there are.
    const all = pattern === '*' ? [...fitting, 'any'] : fitting
    return also.flatMap((one) => all.map((name) => `${one} ${name}`))
  })
  const all = isOwner ? [...what, 'is-owner'] : what
  return new Set(all.flatMap((one) => where.flatMap((from) => when.map((hour) => `${one} ${from} ${hour}`))))
}

function isIn(network: string, address: string): boolean {
  const [base = '', prefix = '32'] = network.split('/')
  const bits = (text: string) =>
    text
      .split('.')
      .map((part) => Number(part).toString(2).padStart(8, '0'))
      .join('')
  return bits(base).slice(0, Number(prefix)) === bits(address).slice(0, Number(prefix))
}

const scopesOf = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...rights), fc.constantFrom('', ':dev-*')), { minLength: 1, maxLength: 5 })
  .map((pairs) => [...new Set(pairs.map(([right, pattern]) => right + (right === 'account:manage' ? '' : pattern)))])
const someScopes = fc.oneof({ weight: 2, arbitrary: fc.constant(rights) }, { weight: 3, arbitrary: scopesOf })
const someNetworks = fc.oneof(
  fc.constant<string[]>([]),
  fc.constantFrom(['127.0.0.0/8'], ['127.0.0.1/32'], ['10.0.0.0/8', '127.0.0.0/8']),
)
const someHours = fc.constantFrom(null, null, 2, 4)
const someRole = fc.constantFrom(...roles)

const maker = fc.oneof(
  fc.record({
    kind: fc.constant('key' as const),
    by: fc.constantFrom('host', 'owner', 'admin'),
    scopes: someScopes,
    networks: someNetworks,
    hours: someHours,
  }),
  fc.record({ kind: fc.constant('session' as const), role: someRole, patterns: fc.constantFrom(null, ['dev-*']) }),
)
const thing = fc.oneof(
  fc.record({ kind: fc.constant('key' as const), scopes: someScopes, networks: someNetworks, hours: someHours }),
  fc.record({
    kind: fc.constant('rotation' as const),
    scopes: someScopes,
    networks: someNetworks,
    hours: someHours,
    by: fc.constantFrom('host', 'owner', 'admin'),
  }),
  fc.record({
    kind: fc.constant('machine' as const),
    scopes: fc.constantFrom(['secrets:read'], ['secrets:list:dev-*', 'secrets:read:dev-*'], ['secrets:list']),
    networks: fc.constantFrom(['127.0.0.1/32'], ['127.9.9.0/24'], ['10.0.0.7/32']),
  }),
  fc.record({ kind: fc.constant('user' as const), role: someRole, patterns: fc.constantFrom(null, ['dev-*']) }),
  fc.record({ kind: fc.constant('promotion' as const), role: someRole, to: someRole }),
  fc.record({ kind: fc.constant('reset' as const), role: someRole }),
  fc.record({
    kind: fc.constant('rule' as const),
    scopes: fc.constantFrom(['secrets:read'], ['secrets:read:dev-*', 'audit:read'], ['secrets:write:dev-*']),
    networks: someNetworks,
  }),
  fc.record({
    kind: fc.constant('seed' as const),
    names: fc.constantFrom(['dev-a'], ['prod-a'], names),
    hours: fc.constantFrom(1, 3, 5),
  }),
  fc.record({ kind: fc.constant('vm_auth' as const) }),
  fc.record({ kind: fc.constant('sign_in' as const) }),
)

for (const engine of engines) {
  suite(`${engine.name}: whatever is made`, { skip: engine.skip }, () => {
    test('can do afterwards only what its maker could', async (t) => {
      const { api, owner, invite, url } = await startWithOwner(t, engine, { trustedProxies: ['127.0.0.1'] })
      const admin = await invite('admin')
      for (const name of names)
        assert.equal((await api.post('/v3/secrets', { name, value: 'kept-secret' })).status, 201)
      const now = Date.now()
      const timeOf = (hours: number | null) => (hours === null ? null : new Date(now + hours * 3600_000).toISOString())
      const counts = { made: 0, refused: 0 }
      let count = 0
      const unique = (what: string) => `${what}-${count++}`

      const makeKey = async (by: string, bounds: Omit<Bounds, 'isOwner'>) => {
        const from = by === 'host' ? api : by === 'owner' ? owner : admin.person
        const body = {
          name: unique('key'),
          scopes: bounds.scopes,
          networks: bounds.networks,
          expires_at: timeOf(bounds.hours),
        }
        const made = await from.post('/v3/keys', body)
        assert.equal(made.status, 201, made.text)
        const isWhole = rights.every((right) => bounds.scopes.includes(right))
        return {
          id: made.body.id as number,
          key: new Api(url, made.body.api_key),
          bounds: { ...bounds, isOwner: isWhole && by !== 'admin' },
        }
      }
      const boundsOfUser = (role: (typeof roles)[number], patterns: readonly string[] | null): Bounds => ({
        scopes: ofRole[role].flatMap((right) =>
          patterns === null
            ? [right]
            : right === 'account:manage'
              ? []
              : patterns.map((pattern) => `${right}:${pattern}`),
        ),
        networks: [],
        hours: null,
        isOwner: role === 'owner',
      })
      const users = new Map<string, Awaited<ReturnType<typeof invite>>>()
      const userOf = async (role: string, patterns: readonly string[] | null) => {
        const at = JSON.stringify([role, patterns])
        const found = users.get(at) ?? (await invite(role, { name_patterns: patterns }))
        users.set(at, found)
        return found
      }

      const check = async (
        by: typeof maker extends fc.Arbitrary<infer T> ? T : never,
        what: typeof thing extends fc.Arbitrary<infer T> ? T : never,
      ) => {
        const made =
          by.kind === 'key'
            ? await makeKey(by.by, by)
            : { key: (await userOf(by.role, by.patterns)).person, bounds: boundsOfUser(by.role, by.patterns) }
        const own = powersOf(made.bounds)
        const within = (bounds: Bounds) => [...powersOf(bounds)].filter((power) => !own.has(power))
        const judge = (answer: Answer, bounds: Bounds) => {
          assert.ok(answer.status < 500, answer.text)
          if (answer.status < 300) assert.deepEqual(within(bounds), [], answer.text)
          counts[answer.status < 300 ? 'made' : 'refused']++
        }
        const call = made.key
        switch (what.kind) {
          case 'key': {
            const body = {
              name: unique('made'),
              scopes: what.scopes,
              networks: what.networks,
              expires_at: timeOf(what.hours),
            }
            const answer = await call.post('/v3/keys', body)
            judge(answer, { ...what, isOwner: false })
            if (answer.status !== 201) return
            const key = new Api(url, answer.body.api_key)
            // What it really reads, and from where.
            for (const [at, name] of names.entries()) {
              for (const address of addresses) {
                const { status } = await key.get(`/v3/secrets/${at + 1}`, { 'x-forwarded-for': address })
                assert.ok(status !== 200 || own.has(`secrets:read ${name} ${address} 1`), `${name} from ${address}`)
              }
            }
            const { status } = await key.send('POST', '/v3/users/1/reset')
            assert.ok(status !== 200 || own.has('is-owner 127.0.0.1 1'))
            return
          }
          case 'rotation': {
            const other = await makeKey(what.by, what)
            return judge(
              await call.post(`/v3/keys/${other.id}/rotate`, { expires_at: timeOf(what.hours) }),
              other.bounds,
            )
          }
          case 'machine': {
            const answer = await call.post('/v3/machines', {
              name: unique('vm'),
              addresses: what.networks,
              scopes: what.scopes,
            })
            judge(answer, { ...what, hours: null, isOwner: false })
            if (answer.status === 201) assert.equal((await api.delete(`/v3/machines/${answer.body.id}`)).status, 200)
            return
          }
          case 'user': {
            const email = `${unique('new')}@example.com`
            const answer = await call.post('/v3/users', { email, role: what.role, name_patterns: what.patterns })
            judge(answer, boundsOfUser(what.role, what.patterns))
            if (answer.status === 201) assert.equal((await api.delete(`/v3/users/${answer.body.id}`)).status, 200)
            return
          }
          case 'promotion': {
            const { body } = await owner.post('/v3/users', { email: `${unique('old')}@example.com`, role: what.role })
            const answer = await call.send('PATCH', `/v3/users/${body.id}`, { role: what.to })
            // Whoever is made less of must have been less than whoever does it, wherever from.
            if (answer.status < 300) {
              const { networks, hours } = made.bounds
              const isMore = [...powersOf(boundsOfUser(what.to, null))].some(
                (power) => !powersOf(boundsOfUser(what.role, null)).has(power),
              )
              const bound = isMore ? {} : { networks, hours }
              assert.deepEqual(within({ ...boundsOfUser(what.role, null), networks, hours }), [], answer.text)
              judge(answer, { ...boundsOfUser(what.to, null), ...bound })
            }
            assert.equal((await api.delete(`/v3/users/${body.id}`)).status, 200)
            return
          }
          case 'reset': {
            const { body } = await owner.post('/v3/users', { email: `${unique('old')}@example.com`, role: what.role })
            judge(await call.send('POST', `/v3/users/${body.id}/reset`), boundsOfUser(what.role, null))
            assert.equal((await api.delete(`/v3/users/${body.id}`)).status, 200)
            return
          }
          case 'rule': {
            const rule = {
              name: unique('rule'),
              issuer: 'https://ci.example',
              audience: 'here',
              claims: { sub: 'job' },
            }
            const answer = await call.post('/v3/trust-rules', { ...rule, scopes: what.scopes, networks: what.networks })
            judge(answer, { ...what, hours: null, isOwner: false })
            if (answer.status === 201) assert.equal((await api.delete(`/v3/trust-rules/${answer.body.id}`)).status, 200)
            return
          }
          case 'seed': {
            const text = what.names.map((name) => ['$', `{{secret.${name}}}`].join('')).join('\n')
            const seed = { user_data: text, target: unique('vm'), expires_in: what.hours * 3600, max_fetches: 9 }
            const answer = await call.post('/v3/seeds', seed)
            assert.ok(answer.status < 500, answer.text)
            counts[answer.status === 201 ? 'made' : 'refused']++
            if (answer.status !== 201) return
            assert.ok(
              what.names.every((name) => own.has(`secrets:read ${name} 127.0.0.1 ${what.hours}`)),
              answer.text,
            )
            for (const address of addresses) {
              const headers = { 'x-forwarded-for': address }
              const text = await (await fetch(`${answer.body.url}user-data`, { headers })).text()
              const isOwn: boolean = what.names.every((name) => own.has(`secrets:read ${name} ${address} 1`))
              // From elsewhere it may say which machine it is, and no value.
              assert.equal(text.includes('kept-secret'), isOwn, `${address}: ${text}`)
            }
            return
          }
          case 'vm_auth': {
            const machine = { name: unique('vm'), addresses: ['10.1.1.1'], scopes: ['secrets:read:dev-*'] }
            const { body } = await api.post('/v3/machines', machine)
            const answer = await call.send('PUT', '/v3/settings', { vm_auth: true })
            const networks = made.bounds.networks.length === 0 ? [] : ['10.1.1.1/32']
            judge(answer, { scopes: machine.scopes, networks, hours: null, isOwner: false })
            assert.equal((await api.put('/v3/settings', { vm_auth: false })).status, 200)
            assert.equal((await api.delete(`/v3/machines/${body.id}`)).status, 200)
            return
          }
          default:
            judge(await call.send('PUT', '/v3/sign-in', { second_factor_required: false }), {
              ...boundsOfUser('owner', null),
            })
        }
      }
      await fc.assert(fc.asyncProperty(maker, thing, check), { numRuns: isThorough ? 1500 : 120 })
      // Neither lets all pass, nor nothing.
      assert.ok(counts.made > 10 && counts.refused > 10, JSON.stringify(counts))
    })
  })
}
