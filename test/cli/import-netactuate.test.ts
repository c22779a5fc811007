/** Moving from NetActuate: all lists and values come over, and whatever clashes is said. One server plays the vendor. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import type { Api } from '../support/api.ts'
import { type Ended, type Person, startPerson } from '../support/cli.ts'
import { engines } from '../support/engines.ts'
import { Middleman } from '../support/middleman.ts'
import { startServer, type TestServer } from '../support/server.ts'

const values: Readonly<Record<string, string>> = {
  EMPTY: '',
  LINES: 'planted one\r\nplanted two\n\n',
  UNICODE: 'plänted 鍵 🔑\u{0}\u{feff}',
  BLANKS: '  planted\t',
  QUOTES: `planted "'\`$(id) %41+&=#`,
  MAX_LONG: 'planted'.repeat(9000),
}

interface Moving {
  readonly vendor: TestServer
  readonly person: Person
  readonly here: Api
  /** Runs the import with the vendor's key in the environment. */
  run(...words: string[]): Promise<Ended>
}

async function start(t: TestContext, url?: string): Promise<Moving> {
  const [engine] = engines
  const vendor = await startServer(t, engine ?? assert.fail())
  const person = await startPerson(t)
  const run = async (...words: string[]) => {
    const at = url ?? `${vendor.url}/api/`
    const ended = await person.run(['import', 'netactuate', '--url', at, ...words], {
      env: { NETACTUATE_API_KEY: vendor.api.key },
    })
    const said = ended.stdout + ended.stderr
    assert.doesNotMatch(said, /pl[aä]nted|\n\s+at /, 'A value was printed, or a stack.')
    assert.ok(!said.includes(vendor.api.key))
    return ended
  }
  return { vendor, person, here: person.server.api, run }
}

async function put(api: Api, list: string, name: string, value: string): Promise<void> {
  const { status } = await api.post('/v3/secrets', { name, value, list })
  assert.equal(status, 201, name)
}

async function makeList(api: Api, name: string): Promise<void> {
  assert.equal((await api.post('/v3/lists', { name })).status, 201)
}

/** What a server holds: each value with its list. */
async function heldBy(api: Api): Promise<Record<string, readonly [list: string, value: string]>> {
  const { lists } = (await api.get('/v3/lists')).body
  const names = new Map(lists.map(({ id, name }: { id: number; name: string }) => [id, name]))
  const { data } = (await api.get('/api/secrets/all-values')).body
  return Object.fromEntries(
    data.map((value: { secret_list_id: number; secret_key: string; secret_value: string }) => [
      value.secret_key,
      [names.get(value.secret_list_id), value.secret_value],
    ]),
  )
}

async function listsOf(api: Api): Promise<readonly string[]> {
  return (await api.get('/v3/lists')).body.lists.map(({ name }: { name: string }) => name).sort()
}

suite('strongroom import netactuate', () => {
  test('brings every list and every value over, byte for byte, and does nothing when it is run again', async (t) => {
    const { vendor, here, run } = await start(t)
    for (const list of ['prod', 'Team Ä, staging', 'empty']) await makeList(vendor.api, list)
    for (const [at, [name, value]] of Object.entries(values).entries()) {
      await put(vendor.api, at % 2 === 0 ? 'prod' : 'Team Ä, staging', name, value)
    }

    const dry = await run('--dry-run')
    assert.equal(dry.code, 0, dry.stderr)
    assert.match(dry.stdout, /^empty +new list$/m)
    assert.match(dry.stdout, /^prod +EMPTY +new$/m)
    assert.deepEqual(await heldBy(here), {})
    assert.deepEqual(await listsOf(here), [])

    const { code, stdout, stderr } = await run('--yes')

    assert.equal(code, 0, stderr)
    assert.match(stdout, /6 secrets are stored, 0 were the same, 0 are left out/)
    assert.deepEqual(await heldBy(here), await heldBy(vendor.api))
    assert.deepEqual(await listsOf(here), await listsOf(vendor.api))
    const versions = (await here.get('/v3/metadata')).body.secrets.map((one: { version: number }) => one.version)
    const again = await run('--yes', '--json')
    assert.equal(again.code, 0)
    const told = JSON.parse(again.stdout)
    assert.deepEqual([told.new_lists, told.new, told.replaced, told.clashes, told.stored], [[], [], [], [], []])
    assert.equal(told.same.length, 6)
    const after = (await here.get('/v3/metadata')).body.secrets.map((one: { version: number }) => one.version)
    assert.deepEqual(after, versions)
  })

  test('drops no clash in silence: it refuses all, leaves out, or puts in the place, as it is told', async (t) => {
    const { vendor, here, run } = await start(t)
    for (const api of [vendor.api, here]) await makeList(api, 'prod')
    await makeList(here, 'other')
    for (const name of ['NEW', 'SAME', 'DIFFERENT', 'ELSEWHERE']) await put(vendor.api, 'prod', name, `planted ${name}`)
    await put(here, 'prod', 'SAME', 'planted SAME')
    await put(here, 'prod', 'DIFFERENT', 'planted before')
    await put(here, 'other', 'ELSEWHERE', 'planted ELSEWHERE')
    const before = await heldBy(here)

    const refused = await run('--yes')
    assert.equal(refused.code, 5)
    assert.match(refused.stderr, /2 clash, and nothing was stored/)
    assert.match(refused.stdout, /DIFFERENT +left out +has another value here/)
    assert.match(refused.stdout, /ELSEWHERE +left out +is in the list other here/)
    assert.deepEqual(await heldBy(here), before)

    const skipped = await run('--yes', '--on-clash', 'skip')
    assert.equal(skipped.code, 0, skipped.stderr)
    assert.match(skipped.stderr, /Left out: DIFFERENT, ELSEWHERE\./)
    assert.deepEqual(await heldBy(here), { ...before, NEW: ['prod', 'planted NEW'] })

    const replaced = await run('--yes', '--on-clash', 'replace')
    assert.equal(replaced.code, 0, replaced.stderr)
    assert.deepEqual(await heldBy(here), await heldBy(vendor.api))
    assert.equal((await here.get('/v3/metadata?name=DIFFERENT')).body.secrets[0].version, 2)
    assert.equal((await run('--yes', '--on-clash', 'merge')).code, 2)
  })

  test('says which names cannot come over: twice there, or none that a secret or list can have', async (t) => {
    const { person, here, run } = await start(t)
    const answers = [
      [
        { id: 1, name: 'prod' },
        { id: 2, name: 'dev' },
        { id: 3, name: ' no list\n' },
        { id: 4, name: '2027' },
        { id: 5, name: 'a/../b' },
      ],
      [
        { id: 4, secret_list_id: 2, secret_key: 'TWICE', secret_value: 'planted dev' },
        { id: 3, secret_list_id: 1, secret_key: 'TWICE', secret_value: 'planted prod' },
        { id: 5, secret_list_id: 1, secret_key: 'no name', secret_value: 'planted' },
        { id: 6, secret_list_id: 3, secret_key: 'HOMELESS', secret_value: 'planted' },
        { id: 7, secret_list_id: 1, secret_key: 'FINE', secret_value: 'planted' },
        { id: 8, secret_list_id: 1, secret_key: 'LONG', secret_value: 'planted'.repeat(10_000) },
        { id: 9, secret_list_id: 4, secret_key: 'OF_A_NUMBER', secret_value: 'planted' },
      ],
    ]
    const vendor = await Middleman.start(t, person.server.url)
    vendor.always = {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: ({ path }: { path: string }) => ({
        ...{ result: 'success', message: null, code: 200 },
        data: answers[path.includes('all-values') ? 1 : 0],
      }),
    }
    const url = ['--url', `${vendor.url}/api`]

    const refused = await run(...url, '--yes')
    assert.equal(refused.code, 5)
    assert.match(refused.stdout, /^dev +TWICE +left out +is in the list prod there, too$/m)
    assert.match(refused.stdout, /no name +left out +is no name of a secret/)
    assert.match(refused.stdout, /HOMELESS +left out +is in a list that cannot be called so/)
    assert.match(refused.stdout, /^prod +LONG +left out +has a value longer than the 65536 bytes/m)
    assert.match(refused.stdout, /^2027 +OF_A_NUMBER +left out +is in a list that cannot be called so/m)
    assert.match(refused.stdout, /^a\/\.\.\/b +left out +no list/m)
    assert.deepEqual(await heldBy(here), {})
    const replaced = await run(...url, '--yes', '--on-clash', 'replace', '--json')
    assert.equal(replaced.code, 5)
    assert.equal(JSON.parse(replaced.stdout).clashes.length, 8)
    assert.deepEqual(await heldBy(here), { FINE: ['prod', 'planted'], TWICE: ['prod', 'planted prod'] })
    const skipped = await run(...url, '--yes', '--on-clash', 'skip')
    assert.equal(skipped.code, 0, skipped.stderr)
    assert.match(skipped.stderr, /Left out: TWICE, no name, HOMELESS, LONG, OF_A_NUMBER,/)
  })

  test('stops where it may not go on, says what is stored, and goes on from there', async (t) => {
    const { vendor, person, here, run } = await start(t)
    await makeList(vendor.api, 'prod')
    // Eight requests.
    const names = Array.from({ length: 800 }, (_, at) => `S-${at}`)
    for (let at = 0; at < names.length; at += 50) {
      await Promise.all(names.slice(at, at + 50).map((name) => put(vendor.api, 'prod', name, `planted ${name}`)))
    }
    const { body: key } = await here.post('/v3/keys', {
      name: 'mover',
      scopes: ['secrets:list', 'secrets:read', 'secrets:write'],
    })
    const between = await Middleman.start(t, person.server.url)
    person.env = { STRONGROOM_URL: between.url, STRONGROOM_API_KEY: key.api_key }
    const stored = () =>
      between.seen.filter(({ method, path }) => method === 'POST' && path === '/v3/secrets/batch/create').length
    const watch = setInterval(() => {
      if (stored() < 2) return
      clearInterval(watch)
      void here.delete(`/v3/keys/${key.id}`)
    }, 1)
    t.after(() => clearInterval(watch))

    const stopped = await run('--yes')

    assert.equal(stopped.code, 4, stopped.stderr)
    assert.match(stopped.stderr, /The import stopped\. Stored: S-.*Not stored: .*S-\d+\./)
    const half = Object.keys(await heldBy(here)).length
    assert.ok(half >= 100 && half < 800, String(half))
    person.env = { STRONGROOM_URL: person.server.url, STRONGROOM_API_KEY: here.key }
    const again = await run('--yes')
    assert.equal(again.code, 0, again.stderr)
    assert.match(again.stdout, new RegExp(`${800 - half} secrets are stored, ${half} were the same`))
    assert.deepEqual(await heldBy(here), await heldBy(vendor.api))
  })

  test('brings two thousand over', async (t) => {
    const { person, here, run } = await start(t)
    const vendor = await Middleman.start(t, person.server.url)
    const lists = Array.from({ length: 20 }, (_, at) => ({ id: at + 1, name: `list-${at}` }))
    const data = Array.from({ length: 2000 }, (_, at) => ({
      id: at + 1,
      secret_list_id: (at % 20) + 1,
      secret_key: `S-${at}`,
      secret_value: `planted ${at}`,
    }))
    const envelope = { result: 'success', message: null, code: 200 }
    vendor.always = {
      status: 200,
      body: ({ path }: { path: string }) => ({ ...envelope, data: path.includes('all-values') ? data : lists }),
    }

    const { code, stdout, stderr } = await run('--url', `${vendor.url}/api/`, '--yes', '--json')

    assert.equal(code, 0, stderr)
    assert.equal(JSON.parse(stdout).stored.length, 2000)
    const held = await heldBy(here)
    assert.equal(Object.keys(held).length, 2000)
    assert.deepEqual(held['S-1999'], ['list-19', 'planted 1999'])
  })

  test('stores nothing of a server that answers errors, pages, or something else', async (t) => {
    const { person, here, run } = await start(t)
    const vendor = await Middleman.start(t, person.server.url)
    const url = ['--url', `${vendor.url}/api/`, '--yes']
    const html = { 'content-type': 'text/html' }
    const one = { id: 1, name: 'prod' }
    for (const [trick, code, words] of [
      [{ status: 200, headers: html, body: '<html>planted</html>' }, 1, /not as the Secret Lists API does/],
      [{ status: 404, body: { result: 'error', message: 'planted', code: 404, data: null } }, 1, /answers 404/],
      [{ status: 401, body: { result: 'error', message: 'planted' } }, 4, /does not take the API key/],
      [{ status: 302, headers: { location: 'http://127.0.0.1:1/planted' } }, 1, /sends elsewhere/],
      [{ status: 200, body: { result: 'success', data: [{ id: 1, name: null }] } }, 1, /a list that is none/],
      [{ status: 200, body: { result: 'success', data: { data: ['planted'] } } }, 1, /not as the Secret Lists API/],
      [
        { status: 200, body: { result: 'success', data: [one, { ...one, name: 'planted' }] } },
        1,
        /two lists of one id/,
      ],
      [{ status: 200, body: 'planted'.repeat(2 ** 25) }, 1, /answers with more than \d+ bytes/],
      [{ status: 503, body: 'planted' }, 6, /answers 503/],
      ['cut', 6, /gives no whole answer/],
    ] as const) {
      vendor.always = trick
      const ended = await run(...url)
      assert.equal(ended.code, code, ended.stderr)
      assert.match(ended.stderr, words)
    }
    assert.equal((await run('--url', 'http://127.0.0.1:1/api/', '--yes')).code, 6)
    for (const wrong of ['ftp://a/api/', 'https://u:planted@a/api/', 'https://a/api/?key=planted', 'planted']) {
      assert.equal((await run('--url', wrong)).code, 2, wrong)
    }
    assert.deepEqual(await listsOf(here), [])
  })

  test('asks once more after a fault that passes, and sends the key as the clients of the vendor do if need be', async (t) => {
    const { vendor, person, here, run } = await start(t)
    await makeList(vendor.api, 'prod')
    await put(vendor.api, 'prod', 'A', 'planted')
    const between = await Middleman.start(t, vendor.url)
    between.tricks.push({ status: 502, body: 'planted' }, { status: 403, body: {} })

    const ended = await run('--url', `${between.url}/api/`, '--yes')

    assert.equal(ended.code, 0, ended.stderr)
    assert.deepEqual(await heldBy(here), { A: ['prod', 'planted'] })
    assert.ok(between.seen.slice(2).every(({ path }) => path.includes(`?key=${vendor.api.key}`)))
    const file = join(person.folder, 'vendor.key')
    writeFileSync(file, `${vendor.api.key}\n`)
    const typed = ['import', 'netactuate', '--url', `${vendor.url}/api/`, '--yes', '--json']
    assert.equal((await person.run([...typed, '--api-key-file', file])).code, 0)
    assert.equal((await person.run([...typed, '--api-key-file', '-'], { input: vendor.api.key })).code, 0)
    assert.equal((await person.run([...typed, '--api-key', vendor.api.key])).code, 0)
    assert.equal((await person.run(typed)).code, 2)
  })

  test('leaves a value that this key may not read where it is', async (t) => {
    const { vendor, person, here, run } = await start(t)
    for (const api of [vendor.api, here]) await makeList(api, 'prod')
    await put(vendor.api, 'prod', 'A', 'planted')
    await put(here, 'prod', 'A', 'planted here')
    const { body: key } = await here.post('/v3/keys', { name: 'mover', scopes: ['secrets:list', 'secrets:write'] })
    person.env = { STRONGROOM_URL: person.server.url, STRONGROOM_API_KEY: key.api_key }

    const { code, stdout } = await run('--yes')

    assert.equal(code, 5)
    assert.match(stdout, /A +left out +is here, with a value that this key may not read/)
    assert.deepEqual(await heldBy(here), { A: ['prod', 'planted here'] })
  })
})
