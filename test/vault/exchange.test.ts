/**
 * Whoever writes the database exchanges every column of every table between two rows, of one account and of two, and takes
 * every row away: the server then answers as before, or not at all, but for what docs/security.md lists.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { suite, type TestContext, test } from 'node:test'
import { unsealedTables, whenMissing } from '../../src/store/coverage.ts'
import type { Row } from '../../src/store/dump/dump.ts'
import type { Value } from '../../src/store/tables/field.ts'
import type { Table } from '../../src/store/tables/table.ts'
import { tables } from '../../src/store/tables/tables.ts'
import { createAccount } from '../../src/vault/accounts.ts'
import { giveMachineNetworks } from '../../src/vault/machines.ts'
import { stretchesWith } from '../../src/vault/trail-search.ts'
import { inviteOwner } from '../../src/vault/users.ts'
import { type Answer, Api } from '../support/api.ts'
import { archive, newArchive } from '../support/archive.ts'
import { Authenticator } from '../support/authenticator.ts'
import { isThorough } from '../support/chance.ts'
import { engines, type Place, type TestEngine } from '../support/engines.ts'
import { makeKey, sign, timesAt } from '../support/issuer.ts'
import { Person } from '../support/person.ts'
import { enrolTotp, password, startWithOwner } from '../support/portal-account.ts'
import { connectTo } from '../support/postgres.ts'
import { indexNow } from '../support/trail-index.ts'

/** Asks for something, and gives what is promised of the answer. Asked again, it says the same. */
type Probe = () => Promise<{ readonly status: number; readonly shown: unknown }>

interface Scene {
  readonly attacker: Attacker
  readonly probes: Readonly<Record<string, Probe>>
}

/** By table, what shows its rows. */
const probesOf: Readonly<Record<string, readonly string[]>> = {
  accounts: ['values', 'names', 'job', 'session'],
  account_keys: ['values'],
  account_settings: ['settings', 'machine'],
  api_keys: ['values', 'keys', 'session'],
  users: ['session', 'users', 'sign-in', 'passkey', 'invited'],
  factors: ['sign-in', 'passkey', 'factors'],
  sign_in_rules: ['rules', 'sign-in'],
  environments: ['environments', 'inherited'],
  lists: ['lists', 'metadata', 'elsewhere'],
  secrets: ['values', 'names', 'metadata', 'versions', 'elsewhere'],
  secret_keys: ['values'],
  versions: ['values', 'versions', 'old'],
  deleted: ['deleted'],
  machines: ['machines', 'machine'],
  machine_addresses: ['machines', 'machine'],
  deployments: ['deployments', 'elsewhere'],
  deployment_secrets: ['deployments'],
  seeds: ['seeds', 'elsewhere'],
  trust_rules: ['rules of trust', 'job'],
  webhooks: ['webhooks'],
  used_tokens: ['used'],
  logins: ['logins'],
  wrappings: ['wrapped'],
  replies: ['replies'],
  audit_index: ['trail'],
  audit_segments: ['archive'],
}

/** What must be refused, however the rows are exchanged. */
const refusing: ReadonlySet<string> = new Set(['invited', 'used'])

/**
 * What is answered as genuine though it was exchanged, in words of docs/security.md: columns without cover, and what a
 * missing row leads to. Everything else must be as before, or refused.
 */
const listed = {
  exchanged: new Set([
    // What is only shown.
    ...['users.last_sign_in_ms', 'factors.used_ms', 'api_keys.last_used_ms', 'account_keys.uses'],
    // A row that is said to be in another environment is refused there, and missing where it was.
    ...['secrets.environment_id', 'deployments.environment_id', 'seeds.environment_id'],
    // The same of what was deleted, and of what is said to have gone with a list.
    ...['deleted.environment_id', 'deleted.with_id'],
  ]),
  missing: new Set([
    // It is as if it had never been made: it opens nothing, and is not listed.
    ...['api_keys', 'users', 'machines', 'seeds', 'trust_rules', 'deployments', 'secrets', 'lists', 'logins'],
    'wrappings',
    'webhooks',
    'environments',
    'audit_segments',
    'deleted',
    // What was to happen once may happen again.
    ...['used_tokens', 'replies'],
    // Nobody is found by it any more, or the oldest value is gone as if it had been pruned.
    ...['machine_addresses', 'versions'],
  ]),
}

/** Covered by the chain, which its own tests tamper with. */
const ofTheTrail: ReadonlySet<string> = new Set(['accounts.audit_size', 'accounts.audit_head', 'accounts.audit_ms'])

/** What differs between two servers, or from one time to the next, and is promised to nobody. */
const volatile = /^(last_.*|request_id|.*cursor.*|expires_at|idle_expires_at|confirmed_until|created_at|id)$/

const jsonOf = (value: unknown): string =>
  JSON.stringify(value, (name, inner) =>
    name !== 'id' && volatile.test(name) && name !== 'created_at' ? undefined : inner,
  )

async function makeScene(t: TestContext, engine: TestEngine): Promise<Scene> {
  const clock = { now: Date.UTC(2026, 5, 1) }
  const publicUrl = 'https://vault.example.com'
  const server = await startWithOwner(t, engine, {
    ...{ now: () => clock.now, publicUrl, trustedProxies: [], isVaultApiServed: true },
  })
  const { api, owner, url, vault, place } = server
  const { account, token: otherKey } = await createAccount(vault, { name: 'test', requestId: 'test' }, 'other')
  const other = new Api(url, otherKey)
  const onHost = { name: 'test', requestId: 'test' }
  await giveMachineNetworks(vault, onHost, 'default', ['127.0.0.0/16', '10.0.0.0/16'])
  await giveMachineNetworks(vault, onHost, 'other', ['10.1.0.0/16'])
  const ok = async (asked: Promise<Answer>) => {
    const { status, text, body } = await asked
    assert.ok(status < 300, text)
    return body
  }
  // Before there is a webhook, which would be waited for.
  const { files } = newArchive()
  for (let segment = 0; segment < 2; segment++) {
    for (const one of [api, other]) for (let times = 0; times < 2; times++) await ok(one.get('/v3/secrets'))
    clock.now += 1000
    const { archived, failures } = await archive(vault, files)
    assert.deepEqual([archived.length, failures], [2, []])
    clock.now += 1000
  }
  const archivedUpTo = clock.now - 1500
  const keys: Api[] = [api, other]
  const job = await makeKey()
  for (const [at, one] of [api, other].entries()) {
    const name = ['first', 'second'][at]
    for (const secret of ['a', 'b']) {
      await ok(
        one.post('/v3/secrets', { name: secret, value: `${name} ${secret} 1`, description: `${name} ${secret}` }),
      )
      clock.now += 60_000 * (at + 1)
    }
    for (const id of [1, 2, 2]) {
      clock.now += 1000
      await ok(one.put(`/v3/secrets/${id}`, { value: `${name} ${id} ${clock.now}` }))
    }
    const file = {
      type: 'file',
      encoding: 'base64',
      filename: `${name}.p12`,
      tags: [`of-${name}`],
      list: `list-${name}`,
    }
    await ok(one.post('/v3/lists', { name: `list-${name}` }))
    clock.now += 1000
    await ok(
      one.post('/v3/secrets', {
        name: 'f',
        value: Buffer.from(`${name} f`).toString('base64'),
        ...file,
        expires_at: `203${at}-01-01T00:00:00Z`,
      }),
    )
    for (const key of ['k1', 'k2']) {
      clock.now += 1000
      const scopes = key === 'k1' ? ['secrets:read:a', 'secrets:list'] : ['secrets:read']
      const made = await ok(
        one.post('/v3/keys', {
          name: `${key} ${name}`,
          scopes,
          networks: key === 'k1' ? ['127.0.0.0/8'] : [],
          expires_at: `204${at}-0${key[1]}-01T00:00:00Z`,
        }),
      )
      keys.push(new Api(url, made.api_key))
    }
    await ok(one.delete('/v3/keys/3'))
    for (const machine of [1, 2]) {
      clock.now += 1000
      const scopes = machine === 1 ? ['secrets:list', 'secrets:read'] : ['secrets:list']
      const addresses = at === 0 && machine === 1 ? ['127.0.0.1'] : [`10.${at}.${machine}.0/24`]
      await ok(one.post('/v3/machines', { name: `m${machine} ${name}`, addresses, scopes }))
    }
    if (at === 0) await ok(one.put('/v3/settings', { vm_auth: true }))
    for (const target of ['web', 'db']) {
      clock.now += 1000
      await ok(
        one.post('/v3/render', {
          template: `$\u007b{secret.${target === 'web' ? 'a' : 'b'}}}`,
          target: `${target} ${name}`,
        }),
      )
      const body = {
        user_data: `v: $\u007b{secret.a}} ${target}\n`,
        target: `s ${target} ${name}`,
        max_fetches: target === 'web' ? 3 : 5,
      }
      await ok(one.post('/v3/seeds', { ...body, expires_in: target === 'web' ? 86_400 : 172_800 }))
    }
    for (const rule of ['r1', 'r2']) {
      clock.now += 1000
      const claims = { sub: `${rule} ${name}` }
      const more = rule === 'r1' ? { single_use: false } : { jwks: undefined, jwks_url: `https://ci.example/${name}` }
      const where = {
        issuer: `https://${rule}.example`,
        audience: `here ${rule} ${name}`,
        networks: rule === 'r1' ? [] : ['10.0.0.0/8'],
      }
      const base = { name: rule, ...where, claims, scopes: rule === 'r1' ? ['secrets:read'] : ['secrets:list'] }
      await ok(
        one.post('/v3/trust-rules', {
          ...base,
          jwks: { keys: [job.jwk] },
          key_ttl: rule === 'r1' ? 300 : 600,
          ...more,
        }),
      )
    }
    for (const hook of ['x', 'y']) {
      const actions = [hook === 'x' ? 'secret.*' : 'list.*']
      clock.now += 1000
      await ok(one.post('/v3/webhooks', { url: `https://${name}.example/${hook}`, actions, name: `${hook}-*` }))
      if (hook === 'y') await ok(one.send('PATCH', '/v3/webhooks/2', { enabled: false }))
    }
    const once = { name: 'once', issuer: 'https://once.example', audience: `once ${name}`, claims: { sub: 'x' } }
    await ok(one.post('/v3/trust-rules', { ...once, scopes: ['secrets:list'], jwks: { keys: [job.jwk] } }))
    for (const reply of ['x', 'y']) {
      clock.now += 1000
      await ok(one.post('/v3/secrets', { name: `r-${reply}`, value: reply }, { 'idempotency-key': `key-${reply}` }))
    }
    await ok(one.put('/v3/settings', { recovery_days: 90 }) as never)
    for (const gone of ['gone-a', 'gone-b']) {
      clock.now += 1000
      const { id } = await ok(one.post('/v3/secrets', { name: gone, value: `${gone} ${name}` }))
      await ok(one.delete(`/v3/secrets/${id}`) as never)
    }
    for (const [environment, base] of [
      ['shared', null],
      ['prod', 'shared'],
    ] as const) {
      clock.now += 1000
      await ok(one.post('/v3/environments', { name: environment, ...(base === null ? {} : { base }) }))
      const there = { 'strongroom-environment': environment }
      await ok(one.post('/v3/secrets', { name: `of-${environment}`, value: `${environment} ${name}` }, there))
      const template = `$\u007b{secret.of-${environment}}}`
      await ok(one.post('/v3/render', { template, target: `${environment} ${name}` }, there))
      await ok(one.post('/v3/seeds', { user_data: template, target: `s ${environment} ${name}` }, there))
    }
  }
  const tokenFor = (rule: string, account: string, jti?: string) =>
    sign(job, {
      ...timesAt(clock.now),
      ...{ iss: `https://${rule}.example`, aud: rule === 'once' ? `once ${account}` : `here ${rule} ${account}` },
      ...{ sub: rule === 'once' ? 'x' : `${rule} ${account}`, ...(jti === undefined ? {} : { jti }) },
    })
  const used: string[] = []
  for (const [name, account] of [
    ['first', 'default'],
    ['second', 'other'],
  ] as const) {
    for (const jti of ['one', 'two']) {
      const token = await tokenFor('once', name, jti)
      clock.now += 1000
      await ok(api.post('/v3/auth/oidc', { token, account }, { authorization: '' }))
      used.push(token)
    }
  }
  // People: in each account an owner and a reader, with all that they can sign in with.
  const { token } = await inviteOwner(
    vault,
    { caller: { kind: 'host', accountId: account.id, name: 'test' }, requestId: 't', address: 'host' },
    account.id,
  )
  const second = new Person(url)
  assert.equal(
    (await second.accept(`#${token}`, { name: 'Eve', email: 'eve@example.com', password: `${password} b` })).status,
    201,
  )
  const people: {
    readonly person: Person
    readonly email: string
    readonly password: string
    readonly device: Authenticator | undefined
    readonly place: string
  }[] = []
  for (const [at, boss] of [owner, second].entries()) {
    const email = `reader-${at}@example.com`
    clock.now += 1000
    const { invitation_url: link } = await ok(
      boss.post('/v3/users', { email, role: 'reader', name_patterns: ['a', `b${at}`] }) as never,
    )
    await ok(
      boss.post('/v3/users', { email: `invited-${at}@example.com`, role: at === 0 ? 'editor' : 'auditor' }) as never,
    )
    const reader = new Person(url)
    assert.equal((await reader.accept(String(link), { password: `${password} ${at}` })).status, 201)
    for (const [person, who, pass] of [
      [boss, at === 0 ? 'ada@example.com' : 'eve@example.com', at === 0 ? password : `${password} b`],
      [reader, email, `${password} ${at}`],
    ] as const) {
      clock.now += 1000
      let device: Authenticator | undefined
      if (at === 0 || person === boss) {
        device = new Authenticator(publicUrl)
        const begun = await person.post('/v3/session/passkeys/challenge')
        await ok(
          person.post('/v3/session/passkeys', { name: `Key ${who}`, credential: device.create(begun.body) }) as never,
        )
      }
      if (at === 0) await enrolTotp(person, clock.now)
      people.push({ person, email: who, password: pass, device, place: at === 0 ? 'default' : 'other' })
    }
  }
  // Commands that wait for a person: of each account one that was confirmed, and one that was not.
  const waiting: { readonly person: Person; readonly code: string }[] = []
  for (const [at, person] of [owner, second].entries()) {
    for (const more of [{}, { scopes: ['secrets:read'], expires_in: 3600 + at, bind_network: true }]) {
      clock.now += 1000
      const account = at === 0 ? 'default' : 'other'
      const begun = await ok(
        new Person(url).post('/v3/logins', { account, host: `h${at} ${Object.keys(more).length}`, ...more }),
      )
      waiting.push({ person, code: begun.user_code })
    }
    const { code } = waiting.at(-1) ?? assert.fail()
    await ok(person.post('/v3/logins/confirm', { user_code: code, bind_network: true }))
  }
  const wrapped: string[] = []
  for (const [at, one] of [api, other].entries()) {
    for (const ttl of [`${at + 1}h`, `${at + 5}h`]) {
      clock.now += 1000
      const { wrap_info } = await ok(one.get('/v1/secret/metadata/a', { 'x-vault-wrap-ttl': ttl }))
      wrapped.push(wrap_info.token)
    }
  }
  // Whom the rules keep out until they have a second factor.
  const { invitation_url: plainLink } = await ok(
    owner.post('/v3/users', { email: 'plain@example.com', role: 'reader' }) as never,
  )
  const plain = new Person(url)
  assert.equal((await plain.accept(String(plainLink), { password: `${password} plain` })).status, 201)
  const whose = { email: 'plain@example.com', password: `${password} plain`, place: 'default' }
  people.push({ person: plain, ...whose, device: undefined })
  await ok(api.put('/v3/sign-in', { second_factor_required: true }))
  const disabled = (await api.get('/v3/users')).body.users.find(({ email }: { email: string }) =>
    email.startsWith('invited'),
  )
  await ok(api.send('PATCH', `/v3/users/${disabled.id}`, { disabled: true }))

  const indexed = new Map<number, number>()
  for (const { id, auditSize } of await vault.store.accounts()) indexed.set(id, auditSize)
  await indexNow(vault)

  const every = async <T>(
    all: readonly T[],
    ask: (one: T, at: number) => Promise<{ status: number; text?: string; body?: unknown }>,
  ) => {
    const answers = []
    for (const [at, one] of all.entries()) answers.push(await ask(one, at))
    const status = Math.max(...answers.map((answer) => answer.status))
    return {
      status,
      shown: answers.map((answer) => (answer.status < 300 ? jsonOf(answer.body ?? answer.text) : 'refused')),
    }
  }
  const both = [api, other]
  const get = (path: string) => () => every(both, (one) => one.get(path))
  const probes: Record<string, Probe> = {
    values: () =>
      every(
        keys.flatMap((key) => [1, 2, 3].map((id) => [key, id] as const)),
        ([key, id]) => key.get(`/v3/secrets/${id}`),
      ),
    names: () => every(both, async (one) => one.get('/v3/secrets?limit=100')),
    metadata: () =>
      every(
        both.flatMap((one) => [1, 2, 3].map((id) => [one, id] as const)),
        ([one, id]) => one.get(`/v3/secrets/${id}/metadata`),
      ),
    versions: () =>
      every(
        both.flatMap((one) => [1, 2].map((id) => [one, id] as const)),
        ([one, id]) => one.get(`/v3/secrets/${id}/versions`),
      ),
    old: () =>
      every(
        both.flatMap((one) => [1, 2].map((id) => [one, id] as const)),
        ([one, id]) => one.get(`/v3/secrets/${id}/versions/1`),
      ),
    deleted: get('/v3/deleted'),
    environments: get('/v3/environments'),
    inherited: () =>
      every(
        both.flatMap((one) => ['of-prod', 'of-shared'].map((name) => [one, name] as const)),
        ([one, name]) => one.get(`/v3/secrets/by-name/${name}?environment=prod`),
      ),
    elsewhere: () =>
      every(
        both.flatMap((one) => ['secrets', 'lists', 'deployments', 'seeds'].map((noun) => [one, noun] as const)),
        ([one, noun]) => one.get(`/v3/${noun}?environment=shared`),
      ),
    keys: get('/v3/keys'),
    users: get('/v3/users'),
    machines: get('/v3/machines'),
    lists: get('/v3/lists'),
    settings: get('/v3/settings'),
    rules: get('/v3/sign-in'),
    deployments: get('/v3/deployments'),
    seeds: get('/v3/seeds'),
    'rules of trust': get('/v3/trust-rules'),
    webhooks: get('/v3/webhooks'),
    // Between the records of one time: none of it is in the database.
    archive: get(`/v3/audit?to=${new Date(archivedUpTo).toISOString()}`),
    machine: () =>
      every([1, 2], async (id) => {
        const response = await fetch(`${url}/v3/secrets/${id}`)
        return { status: response.status, body: await response.json() }
      }),
    session: () => every(people, ({ person }) => person.get('/v3/session')),
    factors: () => every(people, ({ person }) => person.get('/v3/session/factors')),
    'sign-in': () =>
      every(people, async ({ email, password: secret, place: account }) => {
        const { status, body } = await new Person(url).signIn(email, secret, account)
        return { status, body: status < 300 ? [body.user, body.account, body.enrolment_required] : body.code }
      }),
    passkey: () =>
      every(
        people.filter(({ device }) => device !== undefined),
        async ({ device }) => {
          const { body: asked } = await new Person(url).post('/v3/session/passkey/challenge')
          const { status, body } = await new Person(url).post('/v3/session/passkey', { passkey: device?.get(asked) })
          return { status, body: status < 300 ? [body.user, body.account] : body.code }
        },
      ),
    invited: () =>
      every(['default', 'other'], (account, at) =>
        new Person(url).signIn(`invited-${at}@example.com`, password, account),
      ),
    job: () =>
      every(
        [
          ['r1', 'first', 'default'],
          ['r1', 'second', 'other'],
        ] as const,
        async ([rule, name, place]) => {
          const { status, body } = await api.post(
            '/v3/auth/oidc',
            { token: await tokenFor(rule, name), account: place },
            { authorization: '' },
          )
          if (status >= 300) return { status }
          return new Api(url, body.api_key).get('/v3/secrets/1')
        },
      ),
    used: () =>
      every(used, async (token) => {
        const accounts = await Promise.all(
          ['default', 'other'].map((place) =>
            api.post('/v3/auth/oidc', { token, account: place }, { authorization: '' }),
          ),
        )
        return { status: Math.max(...accounts.map(({ status }) => status)), body: accounts.map(({ status }) => status) }
      }),
    trail: () =>
      every([...indexed], async ([accountId, last]) => {
        const sought = { secret: 'a', action: 'secret.read' }
        const found: number[] = []
        for await (const { after, upTo } of stretchesWith(vault, accountId, sought, { first: 1, last }, 8)) {
          const part = { before: upTo + 1, window: upTo - after, limit: 100 }
          const { records } = await vault.store.recordsBefore(accountId, { ...sought, ...part })
          found.push(...records.map(({ record }) => record.seq))
        }
        return { status: 200, body: found }
      }),
    logins: () => every(waiting, ({ person, code }) => person.post('/v3/logins/show', { user_code: code })),
    wrapped: () => every(wrapped, (token) => new Api(url, '').post('/v1/sys/wrapping/lookup', { token })),
    replies: () =>
      every(
        both.flatMap((one) => ['x', 'y'].map((reply) => [one, reply] as const)),
        ([one, reply]) =>
          one.post('/v3/secrets', { name: `r-${reply}`, value: reply }, { 'idempotency-key': `key-${reply}` }),
      ),
  }
  return { attacker: await attackerOf(t, place), probes }
}

/** What somebody with the database does, whatever the schema forbids: over one connection, as it is done hundreds of times. */
interface Attacker {
  write(statements: readonly Statement[]): Promise<void>
  rowsOf(table: Table): Promise<Row[]>
}

function attackerOf(t: TestContext, { dataDir, databaseUrl }: Place): Promise<Attacker> {
  return databaseUrl === undefined ? Promise.resolve(ofSqlite(t, dataDir)) : ofPostgres(t, databaseUrl)
}

function ofSqlite(t: TestContext, dataDir: string): Attacker {
  const database = new DatabaseSync(join(dataDir, 'strongroom.db'), {
    timeout: 5000,
    enableForeignKeyConstraints: false,
  })
  t.after(() => database.close())
  return {
    write: async (statements) => {
      database.exec('begin immediate')
      try {
        for (const [sql, ...values] of statements) database.prepare(sql).run(...(values as SQLInputValue[]))
        database.exec('commit')
      } catch (error) {
        database.exec('rollback')
        throw error
      }
    },
    rowsOf: async (table) => {
      const statement = database.prepare(selecting(table))
      statement.setReturnArrays(true)
      return statement.all() as unknown as Row[]
    },
  }
}

async function ofPostgres(t: TestContext, databaseUrl: string): Promise<Attacker> {
  const client = await connectTo(t, databaseUrl)
  await client.query("set session_replication_role = 'replica'")
  return {
    write: async (statements) => {
      await client.query('begin')
      try {
        for (const [sql, ...values] of statements) {
          let count = 0
          await client.query(
            sql.replaceAll('?', () => `$${++count}`),
            values,
          )
        }
        await client.query('commit')
      } catch (error) {
        await client.query('rollback')
        throw error
      }
    },
    rowsOf: async (table) => {
      const { rows } = await client.query({ text: selecting(table), rowMode: 'array' })
      const kinds = Object.values(table.columns)
      return rows.map((row: Value[]) =>
        row.map((value, at) => (value !== null && kinds[at]?.startsWith('integer') ? Number(value) : value)),
      )
    },
  }
}

function selecting({ name, columns, keyLength }: Table): string {
  const names = Object.keys(columns)
  return `select ${names.join(', ')} from ${name} order by ${names.slice(0, keyLength).join(', ')}`
}

/** Statements that give each of two rows what the other has in a column; and those that undo it. */
function exchange(table: Table, at: number, a: Row, b: Row) {
  const names = Object.keys(table.columns)
  const key = names.slice(0, table.keyLength)
  const where = key.map((name) => `${name} = ?`).join(' and ')
  const sql = `update ${table.name} set ${names[at]} = ? where ${where}`
  const kind = Object.values(table.columns)[at] ?? ''
  const held: Value = kind.startsWith('integer') ? -7 : kind.startsWith('text') ? '~held' : new Uint8Array([7])
  const keyOf = (row: Row, value: Value) =>
    row.slice(0, table.keyLength).map((own, place) => (place === at ? value : own))
  const swap = (one: Row, other: Row, mine: Value, theirs: Value) =>
    [
      [sql, held, ...keyOf(one, mine)],
      [sql, mine, ...keyOf(other, theirs)],
      [sql, theirs, ...keyOf(one, held)],
    ] as const
  const [mine, theirs] = [a[at] ?? null, b[at] ?? null]
  return { statements: swap(a, b, mine, theirs), undo: swap(a, b, theirs, mine) }
}

/** Where no two rows differ: another value in one of them. */
function edit(table: Table, at: number, row: Row) {
  const names = Object.keys(table.columns)
  const where = names.slice(0, table.keyLength).map((name) => `${name} = ?`)
  const sql = `update ${table.name} set ${names[at]} = ? where ${where.join(' and ')}`
  const kind = Object.values(table.columns)[at] ?? ''
  const value = row[at] ?? null
  const other = kind.startsWith('integer') ? Number(value ?? 0) + 1 : `${value ?? ''}x`
  const keyWith = (mine: Value) => row.slice(0, table.keyLength).map((own, place) => (place === at ? mine : own))
  return { statements: [[sql, other, ...keyWith(value)]], undo: [[sql, value, ...keyWith(other)]] } as const
}

/** Puts the trail of an account back: a record of the failure went into the one that was exchanged. */
function trailOf(account: Row): readonly Statement[] {
  const at = (name: string) => account[accountColumns.indexOf(name)] ?? null
  const [id, size] = [at('id'), at('audit_size')]
  const sql = 'update accounts set audit_size = ?, audit_head = ?, audit_ms = ? where id = ?'
  return [
    ['delete from audit where account_id = ? and seq > ?', id, size],
    [sql, size, at('audit_head'), at('audit_ms'), id],
  ]
}

const accountColumns = Object.keys(tables.find(({ name }) => name === 'accounts')?.columns ?? {})

type Statement = readonly [sql: string, ...Value[]]

function remove({ name, columns, keyLength }: Table, row: Row): Statement {
  const where = Object.keys(columns)
    .slice(0, keyLength)
    .map((column) => `${column} = ?`)
  return [`delete from ${name} where ${where.join(' and ')}`, ...row.slice(0, keyLength)]
}

function insert({ name, columns }: Table, row: Row): Statement {
  const names = Object.keys(columns)
  return [`insert into ${name} (${names.join(', ')}) values (${names.map(() => '?').join(', ')})`, ...row]
}

function textOf(value: Value | undefined): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : JSON.stringify(value ?? null)
}

/** Two rows that differ in a column, of one account or of two. */
function pairOf(table: Table, all: readonly Row[], at: number, isOfOne: boolean): readonly [Row, Row] | undefined {
  const account = table.name === 'accounts' ? 0 : Object.keys(table.columns).indexOf('account_id')
  for (const a of all) {
    for (const b of all) {
      const isSame = a[account] === b[account]
      if (isSame === isOfOne && textOf(a[at]) !== textOf(b[at]) && (at !== account || !isOfOne)) return [a, b]
    }
  }
  return undefined
}

interface Answered {
  readonly status: number
  readonly shown: unknown
}

async function ask({ probes }: Scene, table: Table): Promise<Map<string, Answered>> {
  const answers = new Map<string, Answered>()
  for (const name of probesOf[table.name] ?? []) answers.set(name, (await probes[name]?.()) ?? assert.fail(name))
  return answers
}

/** What is answered well, and otherwise than before. */
function served(
  before: Map<string, Answered>,
  after: Map<string, Answered>,
  how: 'served' | 'whole' = 'served',
): string[] {
  return [...after].flatMap(([name, { shown }]) => {
    const was = before.get(name)?.shown
    if (!Array.isArray(shown) || !Array.isArray(was)) return [name]
    return shown.some((one, at) => (how === 'whole' || one !== 'refused') && one !== was[at]) ? [name] : []
  })
}

/** MACs are made above both engines: in a run that is not thorough each table is tried on one of them. */
function triedOn(engine: TestEngine): readonly Table[] {
  const there = engines.filter(({ skip }) => skip === false)
  return isThorough ? tables : tables.filter((_, at) => there[at % there.length] === engine)
}

for (const engine of engines) {
  suite(`${engine.name}: a store whose rows`, { skip: engine.skip, timeout: 3_600_000 }, () => {
    test('lose or exchange something answers as before or not at all, but for what is documented', async (t) => {
      const scene = await makeScene(t, engine)
      const found = { exchanged: new Set<string>(), missing: new Set<string>() }
      const untried: string[] = []
      for (const table of triedOn(engine)) {
        if (!(table.name in probesOf)) continue
        // A mark that something was used, which is either there or not.
        if (table.name === 'used_tokens') continue
        const before = await ask(scene, table)
        for (const [name, { shown }] of before) {
          const isServed = Array.isArray(shown) && shown.some((one) => one !== 'refused')
          assert.equal(isServed, !refusing.has(name), `${name}: a probe that is always refused shows nothing`)
        }
        assert.deepEqual(served(before, await ask(scene, table)), [], `${table.name} by itself`)
        for (const [at, column] of Object.keys(table.columns).entries()) {
          if (ofTheTrail.has(`${table.name}.${column}`)) continue
          const rows = await scene.attacker.rowsOf(table)
          const pairs = [true, false]
            .map((isOfOne) => pairOf(table, rows, at, isOfOne))
            .filter((pair) => pair !== undefined)
          const [row] = rows
          const done =
            pairs.length > 0
              ? pairs.map((pair) => exchange(table, at, ...pair))
              : row === undefined
                ? []
                : [edit(table, at, row)]
          if (done.length === 0) untried.push(`${table.name}.${column}`)
          for (const { statements, undo } of done) {
            const isPossible = await scene.attacker.write(statements).then(
              () => true,
              () => false,
            )
            if (!isPossible) continue
            try {
              if (served(before, await ask(scene, table)).length > 0) found.exchanged.add(`${table.name}.${column}`)
            } finally {
              await scene.attacker.write([...undo, ...(table.name === 'accounts' ? rows.flatMap(trailOf) : [])])
            }
          }
        }
        // Or nothing was shown: what was put back is answered as it was.
        assert.deepEqual(served(before, await ask(scene, table), 'whole'), [], `${table.name} put back`)
      }
      for (const table of triedOn(engine)) {
        if (!(table.name in probesOf)) continue
        const before = await ask(scene, table)
        for (const row of await scene.attacker.rowsOf(table)) {
          // Whoever takes an account away takes all of it.
          if (table.name === 'accounts' || found.missing.has(table.name)) continue
          await scene.attacker.write([remove(table, row)])
          try {
            if (served(before, await ask(scene, table)).length > 0) found.missing.add(table.name)
          } finally {
            await scene.attacker.write([remove(table, row), insert(table, row)])
          }
        }
      }
      assert.deepEqual(
        [...found.missing].filter((one) => !listed.missing.has(one)),
        [],
      )
      assert.deepEqual(
        [...found.exchanged].filter((one) => !listed.exchanged.has(one)),
        [],
      )
      assert.deepEqual(untried, [])
    })
  })
}

suite('The documents', () => {
  test('say of every table what its rows are covered by, and what it means when one is gone', () => {
    const sealed = Object.keys(whenMissing)
    assert.deepEqual(tables.map(({ name }) => name).sort(), [...sealed, ...Object.keys(unsealedTables)].sort())
  })
})
