/** Environments: each command means the one that is named, by an option, a variable or the project file, and no other. */
import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { startPerson } from '../support/cli.ts'
import { Middleman } from '../support/middleman.ts'
import { preparedSuite } from '../support/prepared-suite.ts'

suite('strongroom env', () => {
  test('lists, creates, renames, bases and deletes environments', async (t) => {
    const person = await startPerson(t)
    const printed = async (...words: string[]) => {
      const { code, stdout, stderr } = await person.run(['env', ...words])
      assert.equal(code, 0, stderr)
      return stdout
    }

    assert.equal(await printed('create', 'shared'), 'Created the environment shared.\n')
    assert.equal(
      await printed('create', 'prod', '--base', 'shared'),
      'Created the environment prod, based on shared.\n',
    )
    await person.run(['secrets', 'set', 'a', '-e', 'prod'], { input: 'x' })
    const listed = await person.run(['env', 'list'], { env: { STRONGROOM_ENVIRONMENT: 'prod' } })
    assert.match(
      listed.stdout,
      /^ +NAME +BASE +SECRETS +CREATED\n +default +0 .*\n +shared +0 .*\n\* +prod +shared +1 /,
    )
    assert.equal(
      await printed('base', 'prod'),
      'prod is based on shared: secrets that it lacks are inherited from there.\n',
    )
    assert.equal(await printed('base', 'prod', '--none'), 'prod has no base.\n')
    assert.match(await printed('rename', 'shared', 'common'), /^Renamed shared to common\.\n/)
    assert.equal(await printed('delete', 'common', '--yes'), 'The environment common is deleted.\n')
    const full = await person.run(['env', 'delete', 'prod', '--yes'])
    assert.equal(full.code, 5)
    assert.match(full.stderr, /"strongroom lists list -e prod"\. An empty list default goes with it\./)
    assert.equal((await person.run(['env', 'delete', 'absent', '--yes'])).code, 3)
    assert.equal((await person.run(['env', 'delete', 'prod'])).code, 2)
    assert.equal((await person.run(['env', 'create', 'a b'])).code, 2)
    const { environments } = JSON.parse((await person.run(['env', 'list', '--json'])).stdout)
    assert.deepEqual(
      environments.map(({ name }: { name: string }) => name),
      ['default', 'prod'],
    )
  })
})

preparedSuite('strongroom env compare and copy', async () => {
  const person = await startPerson({ after })
  for (const name of ['staging', 'prod']) await person.run(['env', 'create', name])
  const put = (name: string, environment: string, input: string) =>
    person.run(['secrets', 'set', name, '-e', environment], { input })
  await put('url', 'staging', 'planted-long-value-1')
  await put('url', 'prod', 'planted-long-value-1')
  await put('key', 'staging', 'planted-long-value-2')
  await put('key', 'prod', 'planted-long-value-3')
  await put('new', 'staging', 'planted-long-value-4')

  test('show what differs and is missing, without a value', async () => {
    const { code, stdout, stderr } = await person.run(['env', 'compare', 'staging', 'prod'])

    assert.equal(code, 0, stderr)
    assert.equal(stdout.replaceAll(/ +/g, ' '), 'NAME staging prod\nkey different A v1 B v1\nnew missing A v1 -\n')
    assert.match(stderr, /^1 the same, 1 different, 1 missing; --all shows/)
    const all = await person.run(['env', 'compare', 'staging', 'prod', '--all', '--only', 'u*'])
    assert.match(all.stdout, /^url +same +A v1 +A v1$/m)
    const json = JSON.parse((await person.run(['env', 'compare', '--json'])).stdout)
    assert.deepEqual([json.environments, json.secrets.length], [['default', 'staging', 'prod'], 3])
    assert.doesNotMatch(stdout + stderr + all.stdout, /planted/)
    assert.equal((await person.run(['env', 'compare', 'staging'])).code, 2)
    assert.equal((await person.run(['env', 'compare', 'staging', 'absent'])).code, 3)
  })

  test('show what a copy would do, ask, and do all of it', async () => {
    const words = ['env', 'copy', 'staging', 'prod', '--all']
    const dry = await person.run([...words, '--dry-run'])
    assert.equal(dry.code, 0, dry.stderr)
    const states = (text: string) =>
      text.split('\n').flatMap((line) => /^(\w+) +(created|replaced|same)/.exec(line)?.slice(1).join(' ') ?? [])
    assert.deepEqual(states(dry.stdout).sort(), ['key replaced', 'new created', 'url same'])
    assert.equal((await person.run(words)).code, 2)
    const no = await person.onTerminal(words, [['Create 1 and replace 1 in prod?', 'n\r']])
    assert.equal(no.code, 1)
    const value = async (name: string) => (await person.run(['secrets', 'get', name, '-e', 'prod'])).stdout
    assert.equal(await value('key'), 'planted-long-value-3')

    const { code, stdout, stderr } = await person.run([...words, '--yes'])

    assert.equal(code, 0, stderr)
    assert.match(stdout, /Copied 2 secrets from staging to prod\.\n$/)
    assert.doesNotMatch(stdout + stderr + dry.stdout, /planted/)
    assert.deepEqual([await value('key'), await value('new')], ['planted-long-value-2', 'planted-long-value-4'])
    assert.match((await person.run(words)).stderr, /Everything is the same in prod already/)
  })

  test('copy nothing where one cannot be, and nothing that is not named', async () => {
    await put('other', 'staging', 'planted-long-value-5')
    const writer = await person.server.withScopes('secrets:read@staging', 'secrets:list', 'secrets:write:key@prod')
    const env = { STRONGROOM_API_KEY: writer.key }
    await put('key', 'staging', 'planted-long-value-6')
    const { code, stdout, stderr } = await person.run(['env', 'copy', 'staging', 'prod', 'key', 'other', '--yes'], {
      env,
    })
    assert.notEqual(code, 0)
    assert.match(stderr, /Nothing was copied|scope/)
    assert.doesNotMatch(stdout + stderr, /planted/)
    assert.equal((await person.run(['secrets', 'get', 'key', '-e', 'prod'])).stdout, 'planted-long-value-2')
    assert.equal((await person.run(['env', 'copy', 'staging', 'prod', '--yes'])).code, 2)
    assert.equal((await person.run(['env', 'copy', 'staging', 'prod', 'absent', '--yes'])).code, 5)
  })
})

preparedSuite('strongroom env copy of more than one transaction takes', async () => {
  const person = await startPerson({ after })
  for (const name of ['many', 'there']) await person.run(['env', 'create', name])
  const { api } = person.server
  for (let from = 0; from < 230; from += 100) {
    const secrets = Array.from({ length: Math.min(100, 230 - from) }, (_, at) => ({
      name: `n-${String(from + at).padStart(3, '0')}`,
      value: 'planted-long-value',
    }))
    await api.post('/v3/secrets/batch/create', { secrets }, { 'strongroom-environment': 'many' })
  }
  const countThere = async () => {
    const { headers } = await api.get('/v3/secrets?count=true&limit=1&environment=there')
    return Number(headers.get('strongroom-total-count'))
  }

  test('is one part after the other, says so before it begins, and goes on where it is run again', async () => {
    const words = ['env', 'copy', 'many', 'there', '--all']
    const dry = await person.run([...words, '--dry-run', '--json'])
    assert.equal(dry.code, 0, dry.stderr)
    assert.equal(JSON.parse(dry.stdout).secrets.length, 230)
    assert.equal(await countThere(), 0)
    // Some are there already: nothing is left to do for the first part.
    assert.equal((await person.run(['env', 'copy', 'many', 'there', 'n-0*', '--yes'])).code, 0)
    assert.equal(await countThere(), 100)

    const no = await person.onTerminal(words, [['Create 130 and replace 0 in there?', 'n\r']])
    assert.equal(no.code, 1)
    const { code, stdout, stderr } = await person.run([...words, '--yes'])

    assert.equal(code, 0, stderr)
    assert.match(stderr, /copied in 3 parts, each in a transaction of its own/)
    assert.match(stdout, /Copied 130 secrets from many to there\.\n$/)
    assert.equal(await countThere(), 230)
  })

  test('copies nothing where one of any part cannot be', async () => {
    await api.post('/v3/environments', { name: 'half' })
    const half = { 'strongroom-environment': 'half' }
    await api.post('/v3/secrets', { name: 'n-229', value: 'AA==', type: 'file' }, half)

    const { code, stderr } = await person.run(['env', 'copy', 'many', 'half', '--all', '--yes'])

    assert.equal(code, 5)
    assert.match(stderr, /Nothing was copied: 1 of them cannot be/)
    const { headers } = await api.get('/v3/secrets?count=true&limit=1', half)
    assert.equal(headers.get('strongroom-total-count'), '1')
  })

  test('says what stays where a part fails', async (t) => {
    await api.post('/v3/environments', { name: 'broken' })
    const middle = await Middleman.start(t, api.url)
    const env = { STRONGROOM_URL: middle.url }
    const words = ['env', 'copy', 'many', 'broken', '--all']
    assert.equal((await person.run([...words, '--dry-run'], { env })).code, 0)
    const looks = middle.seen.length
    const refusal = { status: 422, body: { code: 'invalid', detail: 'Not this one.' } }
    middle.tricks.push(...Array.from({ length: looks + 1 }, () => 'pass' as const), refusal)

    const { code, stderr } = await person.run([...words, '--yes'], { env })

    assert.notEqual(code, 0)
    assert.equal(middle.seen.length, 2 * looks + 2)
    assert.match(stderr, /Copied 100 secrets, which stay; 130 are left/)
  })
})

preparedSuite('A secret that an environment inherits', async () => {
  const person = await startPerson({ after })
  await person.run(['env', 'create', 'shared'])
  await person.run(['env', 'create', 'prod', '--base', 'shared'])
  for (const input of ['one', 'two']) await person.run(['secrets', 'set', 'smtp', '-e', 'shared'], { input })

  test('has its history, its versions and its readers there', async () => {
    await person.run(['secrets', 'get', 'smtp', '-e', 'prod'])
    const told = async (...words: string[]) => {
      const { code, stdout, stderr } = await person.run(['secrets', ...words, '-e', 'prod', '--json'])
      assert.equal(code, 0, stderr)
      return JSON.parse(stdout)
    }

    const history = await told('history', 'smtp')
    assert.deepEqual(
      history.versions.map(({ version }: { version: number }) => version),
      [2, 1],
    )
    const diff = await told('diff', 'smtp')
    assert.deepEqual([diff.from, diff.to, diff.same], [1, 2, false])
    const who = await told('who', 'smtp')
    assert.deepEqual([who.name, who.readers.length, who.holders], ['smtp', 1, []])
    assert.ok(who.readers[0].reads >= 1)
    const slip = await person.run(['keys', 'create', 'ci', '--scope', 'secrets:read@prdo'])
    assert.notEqual(slip.code, 0)
    assert.match(slip.stderr, /There is no environment prdo\./)
    const narrow = await person.server.withScopes('secrets:list@prod', 'secrets:read@prod')
    const env = { STRONGROOM_API_KEY: narrow.key }
    assert.equal((await person.run(['secrets', 'history', 'smtp'], { env })).code, 0)
    // What is changed is the environment's own.
    const restored = await person.run(['secrets', 'restore', 'smtp', '1', '-e', 'prod'])
    assert.equal(restored.code, 3)
  })
})

preparedSuite('An environment that is named', async () => {
  const person = await startPerson({ after })
  for (const name of ['dev', 'prod']) await person.run(['env', 'create', name])
  for (const name of ['default', 'dev', 'prod']) {
    await person.run(['secrets', 'set', 'db', '-e', name], { input: `of ${name}` })
  }
  const project = join(person.folder, '.strongroom.yaml')

  /** What `get` prints, for these words and variables. */
  async function value(words: readonly string[] = [], env: Record<string, string> = {}): Promise<string> {
    const { code, stdout, stderr } = await person.run(['secrets', 'get', 'db', ...words], { env })
    assert.equal(code, 0, stderr)
    return stdout
  }

  test('is that of the option, before that of the variable, before that of the project file', async (t) => {
    t.after(() => rmSync(project, { force: true }))
    const variable = { STRONGROOM_ENVIRONMENT: 'dev' }
    assert.equal(await value(), 'of default')
    assert.equal(await value([], variable), 'of dev')
    assert.equal(await value(['--environment', 'prod'], variable), 'of prod')

    writeFileSync(project, 'environment: prod\n', { mode: 0o644 })

    assert.equal(await value(), 'of prod')
    assert.equal(await value([], variable), 'of dev')
    assert.equal(await value(['-e', 'default'], variable), 'of default')
    const status = await person.run(['status'])
    assert.match(status.stdout, /^Environment +prod, of the project file$/m)
    assert.equal(JSON.parse((await person.run(['status', '--json'], { env: variable })).stdout).environment, 'dev')
  })

  test('is meant by every command about what is in one', async () => {
    const of = async (words: readonly string[], input?: string) => {
      const { code, stdout, stderr } = await person.run([...words], input === undefined ? {} : { input })
      assert.equal(code, 0, stderr)
      return stdout
    }
    assert.equal(await of(['run', '-e', 'dev', '--', 'sh', '-c', 'echo $DB']), 'of dev\n')
    assert.match(await of(['export', '-e', 'prod', '--format', 'dotenv']), /^DB='?of prod'?\n$/)
    assert.equal(await of(['render', '-e', 'dev', '-f', '-'], '${' + '{secret.db}}'), 'of dev')
    await of(['import', '-', '-e', 'dev', '--yes'], 'ONLY=dev\n')
    assert.equal(await of(['secrets', 'list', '-e', 'dev', '--names']), 'db\nONLY\n')
    assert.equal(await of(['secrets', 'list', '-e', 'prod', '--names']), 'db\n')
    await of(['secrets', 'generate', 'key', '-e', 'dev'])
    await of(['lists', 'create', 'Web', '-e', 'dev'])
    await of(['secrets', 'move', 'key', '--to', 'Web', '-e', 'dev'])
    assert.match(await of(['secrets', 'who', 'db', '-e', 'dev']), /API key 1/)
    await of(['run', '-e', 'dev', '--target', 'web-1', '--', 'true'])
    assert.match(await of(['deployments', 'list', '-e', 'dev']), /web-1/)
    await of(['secrets', 'delete', 'key', '-e', 'dev', '--yes'])
    assert.equal(await value(), 'of default')
    const audited = async (...words: string[]) =>
      JSON.parse(await of(['audit', 'list', '--json', '--limit', '0', ...words])).records
    const inDev = await audited('-e', 'dev', '--secret', 'db')
    assert.ok(inDev.length > 0)
    assert.ok(inDev.every((one: { environment?: { name: string } }) => one.environment?.name === 'dev'))
    assert.ok((await audited('--secret', 'db')).length > inDev.length)
    for (const words of [
      ['get', 'ONLY', '-e', 'prod'],
      ['history', 'ONLY', '-e', 'prod'],
      ['get', 'db', '-e', 'absent'],
    ]) {
      assert.equal((await person.run(['secrets', ...words])).code, 3, words.join(' '))
    }
  })

  test('has what it inherits from its base, for run and export too', async () => {
    await person.run(['env', 'create', 'staging', '--base', 'dev'])
    await person.run(['secrets', 'set', 'own', '-e', 'staging'], { input: 'of staging' })
    const dry = await person.run(['run', '-e', 'staging', '--dry-run', '--json'])
    const names = JSON.parse(dry.stdout).variables.map((one: { variable: string }) => one.variable)
    assert.deepEqual(names.sort(), ['DB', 'ONLY', 'OWN'])
    const ran = await person.run(['run', '-e', 'staging', '--only', 'db', '--', 'sh', '-c', 'echo $DB'])
    assert.equal(ran.stdout, 'of dev\n')
    const { stdout } = await person.run(['export', '-e', 'staging', '--format', 'json'])
    assert.deepEqual(JSON.parse(stdout), { ONLY: 'dev', db: 'of dev', own: 'of staging' })
    assert.equal((await person.run(['secrets', 'list', '-e', 'staging', '--names'])).stdout, 'own\n')
    const all = await person.run(['secrets', 'list', '-e', 'staging', '--inherited'])
    assert.match(all.stdout, /^db .* inherited from dev$/m)
    assert.equal((await person.run(['secrets', 'list', '--inherited', '--tag', 'a'])).code, 2)
    await person.run(['secrets', 'set', 'db', '-e', 'staging'], { input: 'own now' })
    assert.deepEqual([await value(['-e', 'staging']), await value(['-e', 'dev'])], ['own now', 'of dev'])
  })

  test('that none can be is refused with a sentence', async () => {
    const { code, stderr } = await person.run(['secrets', 'list', '-e', 'a b'])
    assert.equal(code, 2)
    assert.match(stderr, /environment: must be 1 to 63/)
    writeFileSync(project, 'environment: [a]\n', { mode: 0o644 })
    assert.match((await person.run(['status'])).stderr, /:1:14: The project file must have one text for "environment"/)
    rmSync(project)
  })

  test('need not be by a key that is of one alone', async () => {
    const key = await person.server.withScopes('secrets:list@dev', 'secrets:read@dev')
    const env = { STRONGROOM_API_KEY: key.key }
    assert.equal(await value([], env), 'of dev')
    assert.equal((await person.run(['secrets', 'get', 'db', '-e', 'prod'], { env })).code, 3)
    const { stdout } = await person.run(['env', 'list', '--json'], { env })
    assert.deepEqual(
      JSON.parse(stdout).environments.map(({ name }: { name: string }) => name),
      ['dev'],
    )
  })

  test('is completed, and names are those in it', async () => {
    const complete = async (...words: string[]) => {
      const { stdout } = await person.run(['__complete', ...words])
      return stdout.split('\n').filter(Boolean).sort()
    }
    assert.deepEqual(await complete('run', '-e', ''), ['default', 'dev', 'prod', 'staging'])
    assert.deepEqual(await complete('secrets', 'get', '--environment', 'd'), ['default', 'dev'])
    assert.deepEqual(await complete('secrets', 'get', '--environment=p'), ['--environment=prod'])
    assert.deepEqual(await complete('env', 'base', 'prod', ''), ['default', 'dev', 'prod', 'staging'])
    assert.deepEqual(await complete('secrets', 'get', '-e', 'dev', ''), ['ONLY', 'db'])
    assert.deepEqual(await complete('secrets', 'get', '-e', 'prod', ''), ['db'])
  })

  test('is written into the project file by init', async (t) => {
    t.after(() => rmSync(project, { force: true }))
    const { code, stderr } = await person.run(['init', '-e', 'dev', '--only', 'db'])
    assert.equal(code, 0, stderr)
    assert.equal(await value(), 'of dev')
  })
})
