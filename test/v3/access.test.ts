/**
 * Who can read a secret, and who did. What is told is held against reads: every principal tries every secret in every
 * environment, from every address, and the answer has those who were given the value, no more and no less.
 */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { parseAllowance } from '../../src/outbound/addresses.ts'
import { Api, ask } from '../support/api.ts'
import { chance, rounds } from '../support/chance.ts'
import { engines, type TestEngine } from '../support/engines.ts'
import { audience, jobClaims, startIssuer } from '../support/issuer.ts'
import { Person } from '../support/person.ts'
import { password, startWithOwner } from '../support/portal-account.ts'
import { newAccount } from '../support/server.ts'

const hour = 3_600_000
const addresses = ['10.0.0.7', '10.9.0.1', '198.51.100.5']
const environmentNames = ['default', 'shared', 'prod', 'dev']
const secretNames = ['db-a', 'db-b', 'web-a']
const at = (environment: string) => ({ 'strongroom-environment': environment })
const from = (address: string) => ({ 'x-forwarded-for': address })
const reference = (name: string) => ['$', `{{secret.${name}}}`].join('')

interface Secret {
  readonly id: number
  readonly value: string
}

/** Somebody who tries to read, and tells whether the value came. */
interface Trier {
  readonly kind: string
  readonly id: number
  tries(secret: Secret, environment: string, address: string): Promise<boolean>
  /** Before each round. */
  readonly begin?: (address: string) => Promise<unknown>
}

async function start(t: TestContext, engine: TestEngine) {
  const clock = { now: Date.UTC(2026, 5, 1) }
  const allowances = [parseAllowance('127.0.0.1') ?? assert.fail()]
  const server = await startWithOwner(t, engine, {
    ...{ now: () => clock.now, trustedProxies: ['127.0.0.1'], outboundAllowances: allowances },
  })
  const issuer = await startIssuer(t, () => clock.now)
  const { api } = server
  const make = async (path: string, body: object, headers: Record<string, string> = {}) => {
    const answer = await api.post(path, body, headers)
    assert.ok(answer.status === 201, `${path}: ${answer.text}`)
    return answer.body
  }
  for (const [name, base] of [
    ['shared', null],
    ['prod', 'shared'],
    ['dev', null],
  ] as const) {
    await make('/v3/environments', { name, base })
  }
  /** The rules of keys that were traded. */
  const traded = new Map<number, number>()
  return { ...server, clock, issuer, make, traded }
}

type Pick = <T>(all: readonly T[]) => T

function picking(random: () => number): Pick {
  return <T>(all: readonly T[]) => {
    const [found] = all.slice(Math.floor(random() * all.length))
    if (found === undefined) throw new Error('There is none.')
    return found
  }
}

type Setup = Awaited<ReturnType<typeof start>>

/** Who reads a secret by its id, with what is sent along. */
function reading(url: string, send: (headers: Record<string, string>) => Record<string, string>): Trier['tries'] {
  return async ({ id, value }, environment, address) => {
    const headers = send({ ...at(environment), ...from(address) })
    const answer = await ask(`${url}/v3/secrets/${id}`, 'GET', headers)
    return answer.status === 200 && answer.body.value === value
  }
}

async function makeTriers(setup: Setup, random: () => number): Promise<Trier[]> {
  const { url, make, api, invite, issuer, owner, clock } = setup
  const pick = picking(random)
  const some = <T>(make: () => T): T[] => [...new Set(Array.from({ length: 1 + Math.floor(random() * 3) }, make))]
  const scope = () =>
    pick(['secrets:read', 'secrets:read', 'secrets:list', 'secrets:write']) +
    pick(['', ':db-*', ':*-a', ':db-a', ':web-*']) +
    pick(['', '', '@prod', '@shared', '@dev', '@default'])
  const networks = () => pick([[], [], ['10.0.0.0/24'], ['10.0.0.7/32', '10.9.0.0/16'], ['198.51.100.0/24']])
  const bearer = (key: string) => (headers: Record<string, string>) => ({ ...headers, authorization: `Bearer ${key}` })
  const triers: Trier[] = [{ kind: 'key', id: 1, tries: reading(url, bearer(api.key)) }]
  for (let count = 0; count < rounds(5, 40); count++) {
    const ends = pick([null, null, new Date(clock.now + hour).toISOString()])
    const body = { name: `key-${count}`, scopes: some(scope), networks: networks(), expires_at: ends }
    const { id, api_key } = await make('/v3/keys', body)
    triers.push({ kind: 'key', id, tries: reading(url, bearer(api_key)) })
    if (random() < 0.4) triers.push(...(await seedOf(setup, new Api(url, api_key), pick)))
  }
  for (let count = 0; count < rounds(2, 12); count++) {
    const roles = pick([{}, {}, { prod: 'reader' }, { dev: 'editor', shared: 'reader' }])
    const patterns = pick([null, ['db-*'], ['*-a', 'web-*']])
    const more = { name_patterns: patterns, environment_roles: roles }
    const { id, email, person } = await invite(pick(['reader', 'editor', 'auditor', 'admin']), more)
    triers.push(user(setup, id, email))
    if (random() < 0.5) triers.push(...(await loginOf(setup, person)))
  }
  triers.push(user(setup, 1, 'ada@example.com'), ...(await loginOf(setup, owner)))
  for (const [count, own] of addresses.entries()) {
    const body = {
      name: `vm-${count}`,
      addresses: [`${own}/32`],
      scopes: [`secrets:read${pick(['', ':db-*', '@prod', ':*-a@shared'])}`],
    }
    const { id } = await make('/v3/machines', body)
    const read = reading(url, (headers) => headers)
    // From another address it would be another machine.
    const tries: Trier['tries'] = async (secret, environment, address) =>
      address === own && (await read(secret, environment, address))
    triers.push({ kind: 'machine', id, tries })
  }
  for (let count = 0; count < 3; count++) {
    const claims = { sub: `job-${count}` }
    const body = {
      name: `ci-${count}`,
      issuer: issuer.url,
      audience,
      claims,
      scopes: some(scope),
      networks: networks(),
    }
    const { id } = await make('/v3/trust-rules', body)
    triers.push(job(setup, id, count))
  }
  return triers
}

function user({ url }: Setup, id: number, email: string): Trier {
  let person = new Person(url)
  return {
    ...{ kind: 'user', id },
    begin: async (address) => {
      person = new Person(url)
      await person.send('POST', '/v3/session', { email, password }, from(address))
    },
    // Without a session it would be a machine that asks.
    tries: async (secret, environment, address) => {
      const send = (headers: Record<string, string>) => ({
        ...headers,
        'strongroom-portal': '1',
        cookie: person.cookie,
      })
      return person.cookie !== '' && reading(url, send)(secret, environment, address)
    },
  }
}

/** A job trades a token each time that a round begins, from the address that it then reads from. */
function job({ url, issuer, traded }: Setup, id: number, count: number): Trier {
  const keys = new Map<string, string>()
  return {
    ...{ kind: 'workload', id },
    begin: async (address) => {
      const token = await issuer.token({ ...jobClaims, sub: `job-${count}` })
      const given = await new Api(url, 'none').post('/v3/auth/oidc', { token }, { authorization: '', ...from(address) })
      if (given.status === 201) traded.set(given.body.key_id, id)
      keys.set(address, given.body.api_key ?? '')
    },
    tries: async (secret, environment, address) => {
      const key = keys.get(address) ?? ''
      const send = (headers: Record<string, string>) => ({ ...headers, authorization: `Bearer ${key}` })
      return key !== '' && reading(url, send)(secret, environment, address)
    },
  }
}

async function seedOf({ url: here }: Setup, by: Api, pick: Pick): Promise<Trier[]> {
  const [name, environment] = [pick(secretNames), pick(environmentNames)]
  for (const address of addresses) {
    const body = { user_data: reference(name), target: 'web-1', max_fetches: 100, expires_in: pick([1, 5]) * 3600 }
    const made = await by.post('/v3/seeds', body, { ...at(environment), ...from(address) })
    if (made.status !== 201) continue
    let document = ''
    return [
      {
        ...{ kind: 'seed', id: made.body.id },
        // Each fetch is one of those that it is good for.
        begin: async (address) => {
          const url = `${made.body.url.replace(/^https?:\/\/[^/]+/, here)}user-data`
          document = (await ask(url, 'GET', from(address))).text
        },
        tries: async ({ value }, asked) => asked === environment && document.includes(value),
      },
    ]
  }
  return []
}

/** A key that a login gave. */
async function loginOf({ url }: Setup, person: Person): Promise<Trier[]> {
  const ask = (path: string, body: object) => new Person(url).send('POST', `/v3/logins${path}`, body, from('192.0.2.1'))
  const { body } = await ask('', { host: 'laptop' })
  const confirmed = await person.post('/v3/logins/confirm', { user_code: body.user_code })
  if (confirmed.status !== 200) return []
  const { body: given } = await ask('/poll', { device_code: body.device_code })
  const send = (headers: Record<string, string>) => ({ ...headers, authorization: `Bearer ${given.api_key}` })
  return [{ kind: 'key', id: given.key_id, tries: reading(url, send) }]
}

async function makeSecrets({ make }: Setup): Promise<Secret[]> {
  const secrets: Secret[] = []
  for (const environment of environmentNames) {
    for (const name of secretNames) {
      // Prod inherits the one, and hides the other.
      if (environment === 'prod' && name === 'db-b') continue
      if (environment === 'dev' && name !== 'db-a') continue
      const value = `value-${environment}-${name}-kept`
      const { id } = await make('/v3/secrets', { name, value }, at(environment))
      secrets.push({ id, value })
    }
  }
  return secrets
}

/** Who has read a secret so far, and how often, by the trail: keys that a rule gave count as the rule. */
async function trailOf({ api, traded }: Setup, id: number): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>()
  for (let cursor: string | null = ''; cursor !== null; ) {
    const path = `/v3/audit?limit=1000&action=secret.read&outcome=ok&secret=${id}${cursor === '' ? '' : `&cursor=${cursor}`}`
    const { body, headers } = await api.get(path, from('10.0.0.7'))
    for (const { principal } of body.records) {
      const rule = principal.kind === 'key' ? traded.get(principal.id) : undefined
      const name = rule === undefined ? `${principal.kind} ${principal.id}` : `workload ${rule}`
      found.set(name, (found.get(name) ?? 0) + 1)
    }
    cursor = headers.get('strongroom-next-cursor')
  }
  return found
}

interface Told {
  readonly principal: { readonly kind: string; readonly id: number }
}

const whoIs = ({ principal: { kind, id } }: Told) => `${kind} ${id}`

/** Holds what is told against the trail and against reads. */
async function tryAll(setup: Setup, triers: readonly Trier[], secrets: readonly Secret[]) {
  const { api } = setup
  const names = new Set(triers.map(({ kind, id }) => `${kind} ${id}`))
  const isTried = (one: Told) => names.has(whoIs(one))
  const told = new Map<number, { readonly can: readonly string[]; readonly ghosts: readonly string[] }>()
  for (const { id } of secrets) {
    const past = await trailOf(setup, id)
    const { status, body, text } = await api.get(`/v3/secrets/${id}/access`, from('10.0.0.7'))
    assert.equal(status, 200, text)
    const can: readonly (Told & { environments: { name: string }[] })[] = body.can.filter(isTried)
    const did: readonly (Told & { reads: number; can: boolean })[] = body.did.filter(isTried)
    const own = [...past].filter(([name]) => names.has(name))
    assert.deepEqual(did.map((one) => [whoIs(one), one.reads]).sort(), own.sort(), 'who did, and how often')
    told.set(id, {
      can: can.flatMap((one) => one.environments.map(({ name }) => `${whoIs(one)} ${name}`)).sort(),
      ghosts: did.flatMap((one) => (one.can ? [] : [whoIs(one)])).sort(),
    })
  }
  const pasts = new Map<number, readonly string[]>()
  for (const { id } of secrets)
    pasts.set(
      id,
      [...(await trailOf(setup, id)).keys()].filter((one) => names.has(one)),
    )
  const able = await readAll(triers, secrets)
  for (const { id } of secrets) {
    const really = [...(able.get(id) ?? [])].sort()
    assert.deepEqual(told.get(id)?.can, really, `who can read secret ${id}`)
    const gone = (pasts.get(id) ?? []).filter((who) => !really.some((one) => one.startsWith(`${who} `)))
    assert.deepEqual(told.get(id)?.ghosts, gone.sort(), `who did read secret ${id}, and cannot`)
  }
  const pairs = secrets.length * triers.length * environmentNames.length
  return { pairs, able: [...able.values()].reduce((sum, one) => sum + one.size, 0) }
}

/** @returns who was given the value where, as `kind id environment`, by secret */
async function readAll(triers: readonly Trier[], secrets: readonly Secret[]) {
  const able = new Map<number, Set<string>>(secrets.map(({ id }) => [id, new Set()]))
  for (const address of addresses) {
    for (const trier of triers) {
      await trier.begin?.(address)
      const tried = secrets.flatMap((secret) => environmentNames.map((environment) => ({ secret, environment })))
      const given = await Promise.all(tried.map((one) => trier.tries(one.secret, one.environment, address)))
      for (const [count, { secret, environment }] of tried.entries()) {
        if (given[count]) able.get(secret.id)?.add(`${trier.kind} ${trier.id} ${environment}`)
      }
    }
  }
  return able
}

/** What happens meanwhile. */
const changes: readonly ((setup: Setup, triers: Trier[], pick: Pick) => Promise<unknown>)[] = [
  async ({ api }, triers, pick) => {
    for (let count = 0; count < 4; count++) {
      const { id } = pick(triers.filter(({ kind, id }) => kind === 'key' && id > 1))
      await api.delete(`/v3/keys/${id}`)
    }
    await api.put('/v3/settings', { vm_auth: true }, from('10.0.0.7'))
  },
  async ({ api, clock }, triers, pick) => {
    clock.now += 2 * hour
    for (const { id } of triers.filter(({ kind, id }) => kind === 'user' && id > 1)) {
      const change = pick([
        { role: 'reader' },
        { role: 'auditor' },
        { disabled: true },
        { name_patterns: ['web-*'] },
        {},
      ])
      await api.send('PATCH', `/v3/users/${id}`, change)
    }
  },
  async ({ api }, triers, pick) => {
    const { body } = await api.get('/v3/environments')
    const prod = body.environments.find(({ name }: { name: string }) => name === 'prod')
    assert.equal((await api.send('PATCH', `/v3/environments/${prod.id}`, { base: null })).status, 200)
    // What its keys read is told of these from then on.
    const gone = pick(triers.filter(({ kind }) => kind === 'workload'))
    await api.delete(`/v3/trust-rules/${gone.id}`)
    triers.splice(triers.indexOf(gone), 1)
    await api.put('/v3/settings', { networks: ['10.0.0.0/8', '127.0.0.0/8'] }, from('10.0.0.7'))
  },
]

for (const engine of engines) {
  suite(`${engine.name}: who can read a secret`, { skip: engine.skip }, () => {
    test('are those whom a read gives it, whatever they are and whatever happened; and ghosts are those who did and cannot', async (t) => {
      const random = chance(t)
      const pick = picking(random)
      const setup = await start(t, engine)
      const secrets = await makeSecrets(setup)
      const triers = await makeTriers(setup, random)
      let pairs = 0
      for (const change of [undefined, ...changes]) {
        await change?.(setup, triers, pick)
        const tried = await tryAll(setup, triers, secrets)
        assert.ok(tried.able > 20 && tried.able < tried.pairs, `${tried.able} of ${tried.pairs}`)
        pairs += tried.pairs
      }
      assert.ok(pairs > 1000, `${pairs} pairs`)
    })

    test('is told with what lets them in, what leads there, what holds it and who is a ghost', async (t) => {
      const { api, url, make, issuer, clock } = await start(t, engine)
      const { id } = await make('/v3/secrets', { name: 'db-a', value: 'kept' }, at('shared'))
      await make('/v3/secrets', { name: 'dsn', type: 'template', value: reference('db-a') }, at('prod'))
      await make('/v3/secrets', { name: 'outer', type: 'template', value: reference('dsn') }, at('prod'))
      await make('/v3/secrets', { name: 'other', type: 'template', value: reference('none') }, at('prod'))
      const made = async (name: string, scopes: string[], networks: string[] = []) => {
        const { id: own, api_key } = await make('/v3/keys', { name, scopes, networks })
        return { id: Number(own), key: new Api(url, api_key) }
      }
      const web = await made('web', ['secrets:list@prod', 'secrets:read:db-*@prod'], ['10.0.0.0/8', '127.0.0.1'])
      const old = await made('old', ['secrets:read'])
      assert.equal((await web.key.get(`/v3/secrets/${id}`)).body.value, 'kept')
      assert.equal((await old.key.get(`/v3/secrets/${id}`, at('shared'))).body.value, 'kept')
      const rendered = await web.key.post('/v3/render', { template: reference('db-a'), target: 'web-1' })
      assert.equal(rendered.status, 200, rendered.text)
      await api.delete(`/v3/keys/${old.id}`)
      const claims = { sub: 'job' }
      const rule = { name: 'ci', issuer: issuer.url, audience, claims, scopes: ['secrets:read@prod'] }
      const { id: ruleId } = await make('/v3/trust-rules', rule)
      const token = await issuer.token({ ...jobClaims, sub: 'job' })
      const traded = await new Api(url, 'none').post('/v3/auth/oidc', { token }, { authorization: '' })
      await new Api(url, traded.body.api_key).get(`/v3/secrets/${id}`)
      await api.put(`/v3/secrets/${id}`, { value: 'next' }, at('shared'))

      const { body, status, text } = await api.get(`/v3/secrets/${id}/access`)

      assert.equal(status, 200, text)
      assert.deepEqual(body.secret, { id, name: 'db-a', version: 2 })
      assert.deepEqual(body.environments, ['shared', 'prod'])
      const ofName = (name: string) =>
        body.can.find((one: { principal: { name: string } }) => one.principal.name === name)
      assert.deepEqual(ofName('web'), {
        principal: { kind: 'key', id: web.id, name: 'web' },
        environments: [{ name: 'prod', scope: 'secrets:read:db-*@prod' }],
        ...{ role: null, trust_rule: null, networks: ['10.0.0.0/8', '127.0.0.1/32'], expires_at: null },
      })
      assert.equal(ofName('ci: job').trust_rule, ruleId)
      assert.deepEqual(ofName('ci').principal, { kind: 'workload', id: ruleId, name: 'ci' })
      assert.equal(ofName('ada@example.com').role, 'owner')
      assert.equal(ofName('old'), undefined)
      const did = body.did.map((one: Record<string, object>) => [
        (one['principal'] as { name?: string }).name,
        ...[one['environments'], one['reads'], one['version'], one['can']],
      ])
      assert.deepEqual(did, [
        ['ci', ['prod'], 1, 1, true],
        ['web', ['prod'], 2, 1, true],
        ['old', ['shared'], 1, 1, false],
      ])
      assert.deepEqual(
        body.targets.map((one: object) => ({ ...one, since: '' })),
        [{ id: 1, target: 'web-1', environment: 'prod', version: 1, stale: true, since: '' }],
      )
      assert.deepEqual(body.templates, [
        { id: id + 1, name: 'dsn', environments: ['prod'] },
        { id: id + 2, name: 'outer', environments: ['prod'] },
      ])
      assert.deepEqual([body.complete, body.cut], [true, []])
      assert.ok(!text.includes('kept') && !text.includes('next'))
      const { records } = (await api.get('/v3/audit?action=secret.access')).body
      assert.deepEqual(
        records.map((one: Record<string, unknown>) => [one['outcome'], one['environment']]),
        [['ok', { id: 2, name: 'shared' }]],
      )
      // Of one environment alone; and of a time alone.
      const prod = (await api.get(`/v3/secrets/${id}/access`, at('prod'))).body
      assert.deepEqual(prod.environments, ['prod'])
      assert.deepEqual(
        prod.did.map((one: { principal: { name: string } }) => one.principal.name),
        ['ci', 'web'],
      )
      clock.now += hour
      const later = new Date(clock.now).toISOString()
      assert.deepEqual((await api.get(`/v3/secrets/${id}/access?from=${later}`)).body.did, [])
      // Page by page it is the same.
      const pages: object[] = []
      for (let cursor: string | null = ''; cursor !== null; ) {
        const page = await api.get(`/v3/secrets/${id}/access?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`)
        assert.equal(page.body.did === undefined, cursor !== '')
        pages.push(...page.body.can)
        cursor = page.headers.get('strongroom-next-cursor')
      }
      assert.deepEqual(pages, (await api.get(`/v3/secrets/${id}/access`)).body.can)
      // What a rule's keys did stays told when the rule is gone.
      await api.delete(`/v3/trust-rules/${ruleId}`)
      const [gone] = (await api.get(`/v3/secrets/${id}/access`)).body.did
      assert.deepEqual([gone.principal.name, gone.can], ['ci: job', false])
    })

    test('is told to whoever reads the records of the secret, environment by environment', async (t) => {
      const { make, url } = await start(t, engine)
      const { id } = await make('/v3/secrets', { name: 'db-a', value: 'kept' }, at('shared'))
      await make('/v3/keys', { name: 'prod-only', scopes: ['secrets:read@prod'] })
      await make('/v3/keys', { name: 'shared-only', scopes: ['secrets:read@shared'] })
      const withScopes = async (...scopes: string[]) => {
        const { api_key } = await make('/v3/keys', { name: 'asks', scopes })
        return new Api(url, api_key)
      }
      const asked = async (scopes: string[], headers: Record<string, string> = {}) => {
        const { status, body } = await (await withScopes(...scopes)).get(`/v3/secrets/${id}/access`, headers)
        return {
          status,
          environments: body.environments,
          names: body.can?.map((one: { principal: { name: string } }) => one.principal.name),
        }
      }

      const whole = await asked(['audit:read'])
      assert.deepEqual([whole.status, whole.environments], [200, ['shared', 'prod']])
      const narrowed = await asked(['audit:read:db-*@prod'])
      assert.deepEqual([narrowed.status, narrowed.environments], [200, ['prod']])
      assert.ok(narrowed.names.includes('prod-only') && !narrowed.names.includes('shared-only'))
      assert.equal((await asked(['audit:read:db-*@prod'], at('shared'))).status, 404)
      assert.equal((await asked(['audit:read@dev'])).status, 404)
      assert.equal((await asked(['audit:read:web-*'])).status, 404)
      assert.equal((await asked(['audit:read:web-*', 'secrets:list'])).status, 403)
      assert.equal((await asked(['secrets:read', 'keys:manage'])).status, 403)
      // A template says what it refers to: to whoever may read it.
      await make('/v3/secrets', { name: 'dsn', type: 'template', value: reference('db-a') }, at('shared'))
      const auditor = await withScopes('audit:read')
      assert.deepEqual((await auditor.get(`/v3/secrets/${id}/access`)).body.templates, [])
      const unaware = await withScopes('audit:read', 'secrets:read:db-*')
      assert.deepEqual((await unaware.get(`/v3/secrets/${id}/access`)).body.templates, [])
      const reader = await withScopes('audit:read', 'secrets:read:dsn')
      assert.equal((await reader.get(`/v3/secrets/${id}/access`)).body.templates.length, 1)
    })

    test('is not told of a secret of another account, or of one that is deleted', async (t) => {
      const { api, make, vault, url } = await start(t, engine)
      const { id } = await make('/v3/secrets', { name: 'db-a', value: 'kept' })
      const other = new Api(url, (await newAccount(vault)).token)
      assert.equal((await other.get(`/v3/secrets/${id}/access`)).status, 404)
      assert.equal((await api.delete(`/v3/secrets/${id}`)).status, 200)
      assert.equal((await api.get(`/v3/secrets/${id}/access`)).status, 404)
    })

    test('counts a seed as long as it has fetches left for a document that refers to the secret', async (t) => {
      const { api, make } = await start(t, engine)
      const { id } = await make('/v3/secrets', { name: 'db-a', value: 'kept' })
      await make('/v3/secrets', { name: 'dsn', type: 'template', value: reference('db-a') })
      const seeds = async () => {
        const { body } = await api.get(`/v3/secrets/${id}/access`)
        return body.can.flatMap(({ principal }: Told) => (principal.kind === 'seed' ? [principal.id] : []))
      }
      const seed = await make('/v3/seeds', { user_data: reference('db-a'), target: 'web-1', max_fetches: 1 })
      const through = await make('/v3/seeds', { user_data: reference('dsn'), target: 'web-2', max_fetches: 1 })
      await make('/v3/seeds', { user_data: '#cloud-config\n', target: 'web-3' })
      assert.deepEqual(await seeds(), [seed.id, through.id])
      assert.equal((await fetch(`${seed.url}user-data`)).status, 200)
      assert.deepEqual(await seeds(), [through.id])
    })

    test('are not those who are disabled, nor a seed of another environment, nor where another of its name hides it', async (t) => {
      const { api, make, invite } = await start(t, engine)
      const { id } = await make('/v3/secrets', { name: 'db-a', value: 'kept' }, at('shared'))
      const { id: userId, person } = await invite('reader')
      const can = async () => {
        const { body } = await api.get(`/v3/secrets/${id}/access`)
        return body.can.flatMap((one: Told & { environments: { name: string }[] }) =>
          one.environments.map(({ name }) => `${whoIs(one)} ${name}`),
        )
      }
      await make('/v3/secrets', { name: 'db-a', value: 'other' }, at('default'))
      const elsewhere = await make('/v3/seeds', { user_data: reference('db-a'), target: 'web-1' }, at('default'))
      const seed = await make('/v3/seeds', { user_data: reference('db-a'), target: 'web-1' }, at('prod'))
      const before = await can()
      assert.ok(before.includes(`user ${userId} prod`) && before.includes(`user ${userId} shared`))
      const ofSeeds = before.filter((one: string) => one.startsWith('seed'))
      assert.deepEqual(ofSeeds, [`seed ${seed.id} prod`], `${elsewhere.id}`)

      await make('/v3/secrets', { name: 'db-a', value: 'own' }, at('prod'))
      assert.ok((await can()).every((one: string) => one.endsWith(' shared')))
      assert.equal((await person.get(`/v3/secrets/${id}`)).status, 200)
      assert.equal((await api.send('PATCH', `/v3/users/${userId}`, { disabled: true })).status, 200)
      assert.ok(!(await can()).includes(`user ${userId} shared`))
      const { body } = await api.get(`/v3/secrets/${id}/access`)
      assert.deepEqual(
        body.did.map((one: Told & { can: boolean }) => [whoIs(one), one.can]),
        [
          [`user ${userId}`, false],
          ['key 1', true],
        ],
      )
    })
  })
}
