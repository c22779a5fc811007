/** Lists, keys, deployments, seeds and the trail, at the command line; and that all of it speaks JSON. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import { startPerson } from '../support/cli.ts'
import { main } from '../support/main.ts'
import { Middleman } from '../support/middleman.ts'
import { preparedSuite } from '../support/prepared-suite.ts'

preparedSuite('The commands of an account', async () => {
  const person = await startPerson({ after })
  await person.server.api.post('/v3/secrets', { name: 'db-password', value: 'planted-5ecret' })

  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came back
  async function json(...words: string[]): Promise<any> {
    const { code, stdout, stderr } = await person.run([...words, '--json'])
    assert.equal(code, 0, stderr)
    assert.doesNotMatch(stdout, /5ecret/)
    return JSON.parse(stdout)
  }

  test('make, rename, fill and delete lists', async () => {
    assert.equal((await json('lists', 'create', 'Web servers')).name, 'Web servers')
    assert.equal((await json('lists', 'rename', 'Web servers', 'Web')).name, 'Web')
    assert.equal((await json('lists', 'move', 'Web', 'db-password')).moved[0].list.name, 'Web')
    assert.equal((await person.run(['lists', 'create', 'Web'])).code, 5)
    assert.equal((await person.run(['lists', 'delete', 'None', '--yes'])).code, 3)
    const asked = await person.onTerminal(['lists', 'delete', 'Web'], [['Type the name', 'web\r']])
    assert.equal(asked.code, 1)
    assert.match(asked.text, /with all that is in it, will be gone for good: db-password/)
    await person.run(['secrets', 'get', 'db-password'])
    const tried = await person.run(['lists', 'delete', 'Web', '--dry-run'])
    assert.match(tried.stdout, /^[1-9]\d* of \d+ requests would have been refused, since .*\nWHO +ACTION +NAME/)
    assert.match(tried.stdout, / secret\.read +db-password /)
    assert.equal(tried.stderr, 'Nothing is changed.\n')
    assert.ok((await json('lists', 'delete', 'Web', '--dry-run')).refused_requests > 0)
    assert.ok((await json('lists', 'list')).lists.some((list: { readonly name: string }) => list.name === 'Web'))
    await json('lists', 'move', 'default', 'db-password')
    const empty = await person.run(['lists', 'delete', 'Web', '--dry-run'])
    assert.deepEqual([empty.code, empty.stdout], [1, ''])
    assert.match(empty.stderr, /There is no secret in it that this key may list: nothing to try/)
    assert.equal((await json('lists', 'delete', 'Web', '--yes')).deleted.name, 'Web')
  })

  test('repeat what makes a key when the answer is lost, and say how to get one that can be used', async (t) => {
    const middleman = await Middleman.start(t, person.server.url)
    middleman.tricks.push('lose')
    const env = { STRONGROOM_URL: middleman.url }

    const lost = await person.run(['keys', 'create', 'lost', '--scope', 'secrets:read'], { env })
    const id = /API key (\d+) was made/.exec(lost.stderr)?.[1] ?? assert.fail(lost.stderr)
    const rotated = await json('keys', 'rotate', id, '--overlap', '0')

    assert.equal(lost.code, 1)
    assert.match(lost.stderr, /given out then\. For a usable one, rotate it without an overlap\.\n$/)
    assert.equal(lost.stdout, '')
    assert.match(rotated.api_key, /^sr_/)
  })

  test('say who made a key, and end what it made when that is asked for', async () => {
    const makeFamily = async () => {
      const maker = await json('keys', 'create', 'deploy', '--scope', 'secrets:read', 'keys:manage')
      const env = { STRONGROOM_API_KEY: maker.api_key as string }
      const child = await person.run(['keys', 'create', 'child', '--scope', 'secrets:read', '--json'], { env })
      return { id: String(maker.id), child: String(JSON.parse(child.stdout).id) }
    }
    const kept = await makeFamily()
    const shown = (await person.run(['keys', 'show', kept.child])).stdout
    assert.match(shown, new RegExp(`created +\\S+ by deploy \\(API key ${kept.id}\\)`))
    assert.match((await person.run(['keys', 'list'])).stdout, /MADE BY.*\n(.*\n)*.*child.*deploy \(API key/)
    const warned = await person.onTerminal(['keys', 'revoke', kept.id], [['Revoke it', 'y\r']])
    assert.match(warned.text, /It made 1 API key, which go on\. With --cascade they end too/)
    assert.match((await person.run(['keys', 'show', kept.child])).stdout, /active/)

    const ended = await makeFamily()
    const done = await person.run(['keys', 'revoke', ended.id, '--cascade', '--yes'])
    assert.match(done.stdout, /is revoked\. With it ended 1 API key\.$/m)
    assert.match((await person.run(['keys', 'show', ended.child])).stdout, /revoked/)
    const later = await json('keys', 'revoke', kept.id, '--cascade', '--yes')
    assert.deepEqual(later.ended.keys, [{ id: Number(kept.child), name: 'child' }])
  })

  test('make, rotate and revoke keys, each shown once', async () => {
    const made = await person.run([
      'keys',
      'create',
      'ci',
      '--scope',
      'secrets:read:ci-*',
      'secrets:list',
      '--expires',
      '90d',
    ])
    assert.match(made.stdout, /^sr_\w{49}\n$/)
    const [key] = (await json('keys', 'list')).keys.slice(-1)
    assert.deepEqual([key.name, key.scopes.length, key.api_key], ['ci', 2, undefined])
    assert.equal(Math.round((Date.parse(key.expires_at) - Date.now()) / 86_400_000), 90)
    const rotated = await json('keys', 'rotate', String(key.id), '--overlap', '0')
    assert.match(rotated.api_key, /^sr_/)
    assert.equal((await person.run(['keys', 'revoke', String(rotated.id)])).code, 2)
    const words = ['keys', 'revoke', String(rotated.id)]
    assert.equal((await person.onTerminal(words, [['Revoke it', '\r']])).code, 1)
    assert.equal((await person.onTerminal(words, [['Revoke it', 'y\r']])).code, 0)
    assert.match((await person.run(['keys', 'show', String(rotated.id)])).stdout, /revoked/)
    assert.equal((await person.run(['keys', 'show', 'ci'])).code, 2)
    const job = await json('keys', 'create', 'job', '--scope', 'secrets:read:ci-*')
    const asJob = (...words: string[]) => person.run(words, { env: { STRONGROOM_API_KEY: job.api_key } })
    assert.match((await asJob('keys', 'show', 'self')).stdout, /^job \(id \d+\), active/)
    assert.equal((await asJob('keys', 'revoke', 'self')).code, 2)
    assert.match((await asJob('keys', 'revoke', 'self', '--yes')).stdout, /^The key job \(id \d+\) is revoked/)
    assert.equal((await asJob('keys', 'show', 'self')).code, 4)
    assert.equal((await person.run(['keys', 'create', 'x', '--scope', 'everything'])).code, 2)
  })

  test('make and take back seeds', async () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a reference
    writeFileSync(join(person.folder, 'web.yaml'), '#cloud-config\npassword: ${{secret.db-password | yaml}}\n')
    const words = ['seed', 'create', '--target', 'web-1', '--user-data', 'web.yaml', '--expires-in', '2h']

    const seed = await json(...words)

    assert.match(seed.url, /\/seed\/sr_/)
    assert.match(await (await fetch(`${seed.url}user-data`)).text(), /planted-5ecret/)
    assert.deepEqual([(await json('seed', 'show', '1')).state, (await json('seed', 'list')).seeds.length], ['used', 1])
    assert.equal((await person.run(['seed', 'revoke', '1'])).code, 0)
    assert.equal((await person.run(['seed', 'create', '--target', 'x', '--user-data', 'absent'])).code, 1)
  })

  test('show who holds what, until it is gone', async () => {
    const [held] = (await json('deployments', 'list', '--secret', 'db-password')).deployments
    assert.equal(held.target, 'web-1')
    assert.equal((await json('deployments', 'delete', String(held.id))).deleted.id, held.id)
    assert.deepEqual((await json('deployments', 'list')).deployments, [])
  })

  test('read the trail, and follow it', async () => {
    const { records } = await json('audit', 'list', '--secret', 'db-password', '--action', 'secret.create')
    assert.equal(records.length, 1)
    assert.equal((await json('audit', 'list', '--limit', '2')).records.length, 2)
    assert.equal((await json('audit', 'list', '--from', '1h')).records.length > 10, true)
    const child = person.start(['audit', 'tail', '--interval', '1', '--action', 'secret.read', '--json'])
    after(() => void child.kill('SIGTERM'))
    assert.ok(child.stdout)
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    const first = lines.next()
    let isThere = false
    void first.then(() => {
      isThere = true
    })

    // From when on it follows is its own affair: what is read after that is shown.
    while (!isThere) await Promise.race([first, person.server.api.get('/v3/secrets/1')])

    const { value } = await first
    assert.equal(JSON.parse(String(value)).object.name, 'db-password')
    child.kill('SIGTERM')
  })

  test('stop when nobody reads on', async () => {
    const { spawn } = await import('node:child_process')
    const line = `"${process.execPath}" "${main}" audit list --limit 0 | head -1`
    const child = spawn('bash', ['-o', 'pipefail', '-c', line], { env: person.environment() })
    let errors = ''
    child.stderr.on('data', (chunk) => {
      errors += chunk
    })
    const code = await new Promise((resolve) => child.once('close', resolve))
    assert.deepEqual([code, errors], [0, ''])
  })

  test('do what they were asked, and end as it ended, though nobody reads what they print', async () => {
    const drawn = randomBytes(32).toString('base64')
    writeFileSync(join(person.folder, 'leak'), `password: ${drawn}\n`)
    // More than go into one request.
    const many = Array.from({ length: 150 }, (_, at) => [`imported-${at}`, 'x'])
    writeFileSync(join(person.folder, 'more.json'), JSON.stringify(Object.fromEntries(many)))
    await person.server.api.post('/v3/secrets', { name: 'leaked', value: drawn })
    const unread = async (words: readonly string[]) => {
      const child = person.start(words)
      child.stdout?.destroy()
      return (await once(child, 'exit'))[0]
    }

    assert.equal(await unread(['scan', 'leak']), 10)
    assert.equal(await unread(['import', 'more.json', '--yes']), 0)
    const { secrets } = await json('secrets', 'list', 'imported-*')
    assert.equal(secrets.length, many.length)
    assert.equal(await unread(['export', '--format', 'json']), 0)
  })

  test('that would follow the trail for ever end when nobody reads on', async (t) => {
    const child = person.start(['audit', 'tail', '--interval', '1'])
    t.after(() => void child.kill('SIGKILL'))
    const over = once(child, 'exit', { signal: AbortSignal.timeout(30_000) })
    child.stdout?.destroy()
    let isOver = false
    const ended = over.finally(() => {
      isOver = true
    })
    while (!isOver) await Promise.race([ended, person.server.api.get('/v3/secrets/1')])

    assert.deepEqual(await ended, [0, null])
  })
})
