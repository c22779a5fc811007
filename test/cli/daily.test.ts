/** The daily work with secrets: values that nobody has seen, who has read one, and other places and names. */
import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { Decrypter, Encrypter } from 'age-encryption'
import { alphabets, generateValue } from '../../src/cli/random-value.ts'
import { archive, filesIn, newArchive, ticking } from '../support/archive.ts'
import { rounds } from '../support/chance.ts'
import { type Person, startPerson, startPersonWithServer } from '../support/cli.ts'

async function storedIn(person: Person, name: string): Promise<string> {
  const { stdout, stderr, code } = await person.run(['secrets', 'get', name])
  assert.equal(code, 0, stderr)
  return stdout
}

suite('strongroom secrets generate', () => {
  test('stores a value that it shows to nobody, and says how much randomness it has', async (t) => {
    const person = await startPerson(t)

    const { code, stdout, stderr } = await person.run(['secrets', 'generate', 'session-key'])

    assert.deepEqual([code, stdout], [0, ''])
    assert.equal(stderr, 'session-key is stored.\nIt has 190 bits of randomness.\n')
    const value = await storedIn(person, 'session-key')
    assert.match(value, /^[A-Za-z0-9]{32}$/)
    assert.equal(stderr.includes(value), false)
    const again = await person.run(['secrets', 'generate', 'session-key', '--print', '--description', 'of the shop'])
    assert.match(again.stderr, /session-key is stored, as version 2/)
    assert.equal(again.stdout, `${await storedIn(person, 'session-key')}\n`)
    assert.notEqual(again.stdout.trim(), value)
    assert.equal((await person.server.api.get('/v3/secrets/1/metadata')).body.description, 'of the shop')
  })

  test('makes what was asked for', async (t) => {
    const person = await startPerson(t)
    const made = async (...words: string[]) => {
      const { code, stdout, stderr } = await person.run(['secrets', 'generate', 'a', '--json', '--print', ...words])
      assert.equal(code, 0, stderr)
      const { value, bits } = JSON.parse(stdout)
      assert.equal(await storedIn(person, 'a'), value)
      return [value, bits] as const
    }
    const kinds: readonly (readonly [words: readonly string[], form: RegExp, bits: number])[] = [
      [['--length', '20', '--alphabet', 'symbols'], /^[\x21-\x7e]{20}$/, 129],
      [['--length', '40', '--alphabet', 'ab'], /^[ab]{40}$/, 40],
      [['--kind', 'hex'], /^[0-9a-f]{64}$/, 256],
      [['--kind', 'base64', '--length', '16'], /^[A-Za-z0-9+/]{22}==$/, 128],
      [['--kind', 'words'], /^[a-z]+(-[a-z]+){6}$/, 77],
      [['--kind', 'uuid'], /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, 122],
    ]
    for (const [words, form, bits] of kinds) {
      const [value, told] = await made(...words)
      assert.match(value, form)
      assert.equal(told, bits)
    }
    const weak = await person.run(['secrets', 'generate', 'pin', '--alphabet', 'digits', '--length', '6'])
    assert.match(weak.stderr, /19 bits can be guessed by trying/)
  })

  test('stores both keys of a pair together, which belong to each other', async (t) => {
    const person = await startPerson(t)
    for (const kind of ['ed25519', 'rsa']) {
      const { code, stdout, stderr } = await person.run(['secrets', 'generate', kind, '--kind', kind])
      assert.equal(code, 0, stderr)
      const [key, pub] = [await storedIn(person, kind), await storedIn(person, `${kind}.pub`)]
      assert.equal(stdout, pub)
      const algorithm = kind === 'rsa' ? 'sha256' : null
      const signature = sign(algorithm, Buffer.from('text'), createPrivateKey(key))
      assert.ok(verify(algorithm, Buffer.from('text'), createPublicKey(pub), signature))
      assert.equal(stdout.includes('PRIVATE'), false)
    }
    assert.equal((await person.run(['secrets', 'generate', 'age', '--kind', 'age'])).code, 0)
    const encrypter = new Encrypter()
    encrypter.addRecipient(await storedIn(person, 'age.pub'))
    const decrypter = new Decrypter()
    decrypter.addIdentity(await storedIn(person, 'age'))
    assert.equal(await decrypter.decrypt(await encrypter.encrypt('text'), 'text'), 'text')
    // None of the two without the other.
    const reader = await person.server.withScopes('secrets:write:solo')
    const env = { STRONGROOM_API_KEY: reader.key }
    assert.equal((await person.run(['secrets', 'generate', 'solo', '--kind', 'ed25519'], { env })).code, 4)
    assert.equal((await person.run(['secrets', 'get', 'solo'])).code, 3)
  })

  test('stores nothing upon another version than was said', async (t) => {
    const person = await startPerson(t)
    await person.run(['secrets', 'set', 'a'], { input: 'x' })

    const { code } = await person.run(['secrets', 'generate', 'a', '--if-version', '0'])

    assert.equal(code, 5)
    assert.equal(await storedIn(person, 'a'), 'x')
    assert.equal((await person.run(['secrets', 'generate', 'a', '--if-version', '1'])).code, 0)
  })

  test('refuses what it cannot make', async (t) => {
    const person = await startPerson(t)
    const refused = [
      [['--kind', 'uuid', '--length', '3'], /has the length that it has/],
      [['--kind', 'hex', '--alphabet', 'ab'], /goes with --kind password/],
      [['--alphabet', 'a'], /two characters and more/],
      [['--alphabet', 'a\n'], /two characters and more/],
      [['--kind', 'rsa', '--length', '1024'], /from 2048 to 8192/],
      [['--kind', 'wrods'], /Did you mean words/],
      [['--length', '0'], /--length must be/],
    ] as const
    for (const [words, why] of refused) {
      const { code, stderr } = await person.run(['secrets', 'generate', 'a', ...words])
      assert.equal(code, 2)
      assert.match(stderr, why)
    }
    assert.equal((await person.run(['secrets', 'generate', 'id:1'])).code, 2)
    assert.equal((await person.run(['secrets', 'get', 'a'])).code, 3)
  })

  test('takes each character as often as any other', async () => {
    const wish = { kind: 'password', length: 4000, alphabet: 'readable' } as const
    const counts = new Map<string, number>()
    const times = rounds(5, 200)
    for (let at = 0; at < times; at++) {
      for (const one of (await generateValue(wish)).value) counts.set(one, (counts.get(one) ?? 0) + 1)
    }
    const characters = [...(alphabets['readable'] ?? '')]
    assert.deepEqual([...counts.keys()].sort(), characters.sort())
    const usual = (times * 4000) / characters.length
    // Six deviations: once in a hundred million runs.
    for (const [one, count] of counts) assert.ok(Math.abs(count - usual) < 6 * Math.sqrt(usual), `${one}: ${count}`)
  })
})

suite('strongroom secrets who', () => {
  test('says who has read a secret, when, and what holds it', async (t) => {
    const person = await startPerson(t)
    await person.run(['secrets', 'set', 'db'], { input: 'one' })
    const reader = await person.server.withScopes('secrets:list', 'secrets:read')
    const env = { STRONGROOM_API_KEY: reader.key }
    for (let at = 0; at < 2; at++) await person.run(['secrets', 'get', 'db'], { env })
    await person.run(['run', '--target', 'web-1', '--', 'true'])
    await person.run(['secrets', 'set', 'db'], { input: 'two' })
    await person.run(['secrets', 'get', 'db', '--version', '1'])

    const { code, stdout, stderr } = await person.run(['secrets', 'who', 'db'])

    assert.equal(code, 0, stderr)
    assert.match(stdout, /\(API key 2\) +2 +\S+ +1 +127\.0\.0\.1$/m)
    assert.match(stdout, /\(API key 1\) +2 +\S+ +1 +127\.0\.0\.1$/m)
    assert.match(stdout, /^web-1 +1 +\S+ +out of date$/m)
    assert.doesNotMatch(stdout, /one|two/)
    assert.match(stdout, /^Can read$/m)
    assert.match(stdout, /\(API key 2\) +default +secrets:read *$/m)
    assert.doesNotMatch(stdout, /Can no longer read/)
    const json = JSON.parse((await person.run(['secrets', 'who', 'db', '--json'])).stdout)
    assert.deepEqual([json.name, json.version, json.complete, json.holders.length], ['db', 2, true, 1])
    assert.deepEqual(
      json.readers
        .map(({ principal, reads }: { principal: { id: number }; reads: number }) => [principal.id, reads])
        .sort(),
      [
        [1, 2],
        [2, 2],
      ],
    )
    assert.deepEqual(
      [json.can.map(({ principal }: { principal: { id: number } }) => principal.id), json.no_longer],
      [[1, 2], []],
    )
    const none = await person.run(['secrets', 'who', 'db', '--since', '2099-01-01'])
    assert.match(none.stdout, /Nobody has read db/)
    const unaware = await person.run(['secrets', 'who', 'db'], { env })
    assert.equal(unaware.code, 0)
    assert.match(unaware.stderr, /may not read the audit log/)
    assert.match(unaware.stdout, /web-1/)
    await person.run(['keys', 'revoke', '2', '--yes'])
    const later = (await person.run(['secrets', 'who', 'db'])).stdout
    assert.match(later, /Can no longer read\n[^\n]*\n[^\n]*\(API key 2\) +2 +\S+ +1 *$/m)
  })
})

suite('strongroom secrets rename', () => {
  test('keeps the value and its history, and names what may still ask for the old name', async (t) => {
    const person = await startPerson(t)
    for (const input of ['one', 'two']) await person.run(['secrets', 'set', 'db'], { input })
    await person.run(['secrets', 'set', 'taken'], { input: 'x' })
    await person.run(['run', '--only', 'db', '--target', 'web-1', '--', 'true'])

    const { code, stdout, stderr } = await person.run(['secrets', 'rename', 'db', 'shop/db'])

    assert.equal(code, 0, stderr)
    assert.equal(stdout, 'Renamed db to shop/db. Its value is version 3 now.\n')
    assert.match(stderr, /name db no longer find it\. It is deployed to web-1\./)
    assert.equal(await storedIn(person, 'shop/db'), 'two')
    assert.equal((await person.run(['secrets', 'get', 'db'])).code, 3)
    assert.equal((await person.run(['secrets', 'get', 'shop/db', '--version', '1'])).stdout, 'one')
    assert.equal(
      (await person.run(['secrets', 'rename', 'shop/db', 'shop/db'])).stdout,
      'shop/db is its name already.\n',
    )
    assert.equal((await person.run(['secrets', 'rename', 'shop/db', 'taken'])).code, 5)
    assert.equal((await person.run(['secrets', 'rename', 'shop/db', 'x', '--if-version', '2'])).code, 5)
    assert.equal((await person.run(['secrets', 'rename', 'absent', 'x'])).code, 3)
    assert.equal((await person.run(['secrets', 'rename', 'shop/db', 'a b'])).code, 2)
  })
})

suite('strongroom secrets move', () => {
  test('puts secrets into another list, by name and pattern, and says of each that it could not', async (t) => {
    const person = await startPerson(t)
    for (const name of ['web-a', 'web-b', 'db']) await person.run(['secrets', 'set', name], { input: 'x' })
    await person.run(['lists', 'create', 'Web'])
    const inList = async () =>
      (await person.run(['secrets', 'list', '--list', 'Web', '--names'])).stdout.split('\n').sort().join(' ')

    const { code, stdout, stderr } = await person.run(['secrets', 'move', 'web-*', 'web-a', 'id:3', '--to', 'Web'])

    assert.equal(code, 0, stderr)
    assert.equal(stdout, 'Moved to Web: web-a, web-b, db.\n')
    assert.equal(await inList(), ' db web-a web-b')
    assert.equal((await person.run(['secrets', 'move', 'db', '--to', 'Web'])).stdout, 'Already in Web.\n')
    assert.equal((await person.run(['secrets', 'move', 'absent', '--to', 'Web'])).code, 3)
    assert.equal((await person.run(['secrets', 'move', 'x-*', '--to', 'Web'])).code, 3)
    assert.equal((await person.run(['secrets', 'move', 'db', '--to', 'absent'])).code, 3)
    const writer = await person.server.withScopes('secrets:list', 'secrets:write:web-*')
    const env = { STRONGROOM_API_KEY: writer.key }
    const partly = await person.run(['secrets', 'move', '*', '--to', 'default'], { env })
    assert.notEqual(partly.code, 0)
    assert.match(partly.stderr, /Not moved: .*db/)
  })
})

suite('strongroom audit list and secrets who', () => {
  test('read the archive, and say what of it they leave out', async (t) => {
    const { path, files } = newArchive()
    const { person, server } = await startPersonWithServer(t, { now: ticking(), auditArchive: path })
    await person.run(['secrets', 'set', 'db'], { input: 'one' })
    await person.run(['secrets', 'get', 'db'])
    await archive(server.vault, files)
    const asked = ['audit', 'list', '--secret', 'db', '--action', 'secret.create']
    assert.match((await person.run(asked)).stdout, /secret\.create/)
    const read = JSON.parse((await person.run(['secrets', 'who', 'db', '--json'])).stdout)
    assert.deepEqual([read.complete, read.readers.length], [true, 1])

    rmSync(join(path, '1', filesIn(path)[0] ?? ''))
    const listed = await person.run(asked)
    assert.match(
      listed.stderr,
      /^Left out: archived records 1 to \d+, from \S+ to \S+\. The file 1\/\S+ is not in the archive/m,
    )
    const { archived } = JSON.parse((await person.run([...asked, '--json'])).stdout)
    assert.deepEqual(
      archived.map(({ code, first }: { code: string; first: number }) => [code, first]),
      [['missing', 1]],
    )
    const who = await person.run(['secrets', 'who', 'db'])
    assert.equal(who.stderr.match(/Left out/g)?.length, 1)
    assert.equal(JSON.parse((await person.run(['secrets', 'who', 'db', '--json'])).stdout).complete, false)
  })
})
