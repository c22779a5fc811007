/** Exports of password and secrets managers, as they document them: every value comes over, and what does not is named. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Refusal } from '../../src/errors.ts'
import { encryptionOf } from '../../src/formats/encrypted.ts'
import type { ImportFormat } from '../../src/formats/formats.ts'
import { guessFormat, readImport } from '../../src/formats/read.ts'
import { is1pux, read1pux } from '../../src/formats/read-1pux.ts'
import { readCsv } from '../../src/formats/read-csv.ts'
import { nameFound } from '../../src/formats/reading.ts'
import { isSecretName } from '../../src/model/name.ts'
import { rounds } from '../support/chance.ts'
import { fc } from '../support/fast-check.ts'
import { python } from '../support/python.ts'
import { archive } from '../support/zip.ts'

/** Recognized, and read: values by name. */
function read(text: string | Buffer, format: ImportFormat) {
  if (typeof text === 'string') assert.equal(guessFormat('-', text), format)
  const { entries, renamed, leftOut } = typeof text === 'string' ? readImport(text, format) : read1pux(text)
  assert.ok(entries.every(({ name }) => isSecretName(name)))
  return {
    values: Object.fromEntries(entries.map(({ name, value }) => [name, value])),
    descriptions: Object.fromEntries(
      entries.flatMap(({ name, description }) => (description ? [[name, description]] : [])),
    ),
    renamed: Object.fromEntries(renamed.map(({ from, name }) => [from, name])),
    leftOut: leftOut.map(({ what }) => what),
  }
}

function refusal(text: string | Buffer, format?: ImportFormat): string {
  try {
    if (typeof text === 'string') readImport(text, format ?? guessFormat('-', text))
    else read1pux(text)
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error))
    assert.doesNotMatch(error.message, /planted/)
    return error.message
  }
  return assert.fail('It was read.')
}

suite('An export of Bitwarden', () => {
  const vault = {
    encrypted: false,
    folders: [{ id: 'f1', name: 'Work/Cloud' }],
    items: [
      {
        passwordHistory: [{ lastUsedDate: '2025-01-01T00:00:00.000Z', password: 'planted-old' }],
        revisionDate: '2025-02-01T00:00:00.000Z',
        creationDate: '2025-01-01T00:00:00.000Z',
        deletedDate: null,
        id: 'i1',
        organizationId: null,
        folderId: 'f1',
        type: 1,
        reprompt: 0,
        name: 'AWS röot account',
        notes: 'line 1\nline 2',
        favorite: false,
        fields: [
          { name: 'Access key', value: 'AKIA', type: 1, linkedId: null },
          { name: 'Enabled', value: 'true', type: 2, linkedId: null },
          { name: 'Same as user', value: null, type: 3, linkedId: 100 },
        ],
        login: {
          fido2Credentials: [{ credentialId: 'x' }],
          uris: [
            { match: null, uri: 'https://aws.amazon.com' },
            { match: null, uri: 'https://console.aws' },
          ],
          username: 'root',
          password: 'pä$$ "word"',
          totp: null,
        },
        collectionIds: null,
      },
      {
        id: 'i2',
        folderId: null,
        type: 5,
        name: 'deploy',
        notes: null,
        sshKey: { privateKey: '-----BEGIN-----\nx\n', publicKey: 'ssh-ed25519 AAAA', keyFingerprint: 'SHA256:x' },
      },
      { id: 'i3', folderId: null, type: 2, name: 'empty', notes: '', secureNote: { type: 0 } },
      { id: 'i4', folderId: null, type: 3, name: 'Card', card: { cardholderName: 'A', number: '4111', code: '123' } },
    ],
  }

  test('comes over with folders, each field a secret', () => {
    const { values, renamed, leftOut } = read(JSON.stringify(vault), 'bitwarden')

    assert.deepEqual(values, {
      'Work/Cloud/AWS-root-account/username': 'root',
      'Work/Cloud/AWS-root-account/password': 'pä$$ "word"',
      'Work/Cloud/AWS-root-account/uri': 'https://aws.amazon.com',
      'Work/Cloud/AWS-root-account/uri-2': 'https://console.aws',
      'Work/Cloud/AWS-root-account/notes': 'line 1\nline 2',
      'Work/Cloud/AWS-root-account/Access-key': 'AKIA',
      'Work/Cloud/AWS-root-account/Enabled': 'true',
      'deploy/privateKey': '-----BEGIN-----\nx\n',
      'deploy/publicKey': 'ssh-ed25519 AAAA',
      'deploy/keyFingerprint': 'SHA256:x',
      'Card/cardholderName': 'A',
      'Card/number': '4111',
      'Card/code': '123',
    })
    assert.equal(renamed['Work/Cloud/AWS röot account/Access key'], 'Work/Cloud/AWS-root-account/Access-key')
    assert.equal(Object.keys(renamed).length, 7)
    assert.deepEqual(leftOut, [
      '1 older passwords of Work/Cloud/AWS röot account',
      '1 passkeys of Work/Cloud/AWS röot account',
      'empty',
    ])
  })

  test('of an organization has its collections for folders', () => {
    const { items } = vault
    const text = JSON.stringify({
      encrypted: false,
      collections: [{ id: 'c1', organizationId: 'o', name: 'Ops', externalId: null }],
      items: [{ ...items[1], collectionIds: ['c1'] }],
    })
    assert.deepEqual(Object.keys(read(text, 'bitwarden').values), [
      'Ops/deploy/privateKey',
      'Ops/deploy/publicKey',
      'Ops/deploy/keyFingerprint',
    ])
  })

  test('of Secrets Manager comes over with notes and projects', () => {
    const secret = {
      object: 'secret',
      id: 'be8e0ad8-d545-4017-a55a-b02f014d4158',
      organizationId: '10e8cbfa-7bd2-4361-bd6f-b02e013f9c41',
      projectId: 'e325ea69-a3ab-4dff-836f-b02e013fe530',
      key: 'SES_KEY',
      value: '0.982492bc-7f37-4475-9e60',
      note: 'the sender',
      creationDate: '2023-06-28T20:13:20.643567Z',
      revisionDate: '2023-06-28T20:13:20.643567Z',
    }
    const listed = read(JSON.stringify([secret, { ...secret, key: 'db url', value: '', note: '' }]), 'bitwarden')
    assert.deepEqual(listed.values, { SES_KEY: '0.982492bc-7f37-4475-9e60', 'db-url': '' })
    assert.deepEqual(listed.descriptions, { SES_KEY: 'the sender' })
    assert.deepEqual(listed.renamed, { 'db url': 'db-url' })
    assert.deepEqual(read(JSON.stringify(secret), 'bitwarden').values, { SES_KEY: '0.982492bc-7f37-4475-9e60' })
    const exported = {
      projects: [{ id: 'p', name: 'Shop' }],
      secrets: [{ key: 'A', value: '1', note: '', id: 's', projectIds: ['p'] }],
    }
    assert.deepEqual(read(JSON.stringify(exported), 'bitwarden').values, { 'Shop/A': '1' })
  })

  test('that lacks something is refused', () => {
    assert.match(
      refusal('folder,favorite,type,name,notes,fields,reprompt,login_uri,login_username,login_password,login_totp\n'),
      /CSV of Bitwarden.*Export it again as ".json"/,
    )
    const bws =
      'A="planted"\n# b c="planted"\n\n# one or more secrets have been commented-out due to a problematic key name\n'
    assert.match(refusal(bws), /Use "bws secret list --output json"/)
  })
})

suite('An export of 1Password', () => {
  const item = (title: string, more: object) => ({
    id: 'x',
    title,
    version: 1,
    vault: { id: 'v', name: 'Private' },
    category: 'LOGIN',
    created_at: '2025-01-25T14:36:10.59238+09:00',
    ...more,
  })
  const login = item('test item', {
    fields: [
      {
        id: 'username',
        type: 'STRING',
        purpose: 'USERNAME',
        label: 'username',
        reference: 'op://Private/test-item/username',
      },
      { id: 'password', type: 'CONCEALED', purpose: 'PASSWORD', label: 'password', value: 's3cret' },
      { id: 'FOO', type: 'CONCEALED', label: 'FOO', value: 'bar', section: { id: 'add more', label: 'App' } },
      { id: 'BAR', type: 'CONCEALED', label: 'BAR', value: 'baz', section: { id: 'add more' } },
    ],
    files: [{ id: 'f', name: 'key.pem', size: 12, content_path: '/v1/…' }],
  })

  test('as op prints it comes over under the names of its references', () => {
    const { values, leftOut } = read(JSON.stringify(login), '1password')
    assert.deepEqual(values, {
      'Private/test-item/password': 's3cret',
      'Private/test-item/App/FOO': 'bar',
      'Private/test-item/BAR': 'baz',
    })
    assert.deepEqual(leftOut, ['1 files of Private/test item'])
    const another = item('b', { fields: [{ id: 'a', type: 'STRING', label: '', value: '}\n{' }] })
    const both = [login, another].map((one) => JSON.stringify(one, undefined, 2)).join('\n')
    assert.deepEqual(read(both, '1password').values, { ...values, 'Private/b/a': '}\n{' })
    assert.deepEqual(read(JSON.stringify([login, another]), '1password').values, { ...values, 'Private/b/a': '}\n{' })
    assert.match(refusal(JSON.stringify([item('planted', {})]).replaceAll('planted', 'x')), /Use "op item get/)
  })

  test('in CSV comes over', () => {
    const text = `Title,Url,Username,Password,OTPAuth,Favorite,Archived,Tags,Notes\nForum,https://forum.example.org,snowfox,"a ""b"", c",otpauth://totp/x,false,false,social,"two\nlines"\nForum,,other,p2,,true,false,,\n`
    const { values, renamed, leftOut } = read(text, '1password')
    assert.deepEqual(values, {
      'Forum/url': 'https://forum.example.org',
      'Forum/username': 'snowfox',
      'Forum/password': 'a "b", c',
      'Forum/one-time-password': 'otpauth://totp/x',
      'Forum/notes': 'two\nlines',
      'Forum/username-2': 'other',
      'Forum/password-2': 'p2',
    })
    assert.equal(renamed['Forum/username'], 'Forum/username-2')
    assert.deepEqual(leftOut, ['the tags of Forum'])
  })

  const data = {
    accounts: [
      {
        attrs: { accountName: 'Ada', name: 'Ada', avatar: '', email: 'ada@example.com', uuid: 'u', domain: 'x' },
        vaults: [
          {
            attrs: { uuid: 'v', desc: '', avatar: '', name: 'Shop', type: 'U' },
            items: [
              {
                uuid: 'i',
                favIndex: 0,
                createdAt: 1614298956,
                updatedAt: 1635346445,
                state: 'active',
                categoryUuid: '001',
                details: {
                  loginFields: [
                    {
                      value: 'most-secure-password!',
                      id: '',
                      name: 'password',
                      fieldType: 'P',
                      designation: 'password',
                    },
                    { value: 'app', id: '', name: 'user', fieldType: 'T', designation: 'username' },
                    { value: '', id: '', name: 'rest', fieldType: 'T' },
                  ],
                  notesPlain: 'a note',
                  sections: [
                    {
                      title: 'Keys',
                      name: 'Section_1',
                      fields: [
                        { title: 'PIN', id: 'a', value: { concealed: '12345' }, guarded: true },
                        { title: 'mail', id: 'b', value: { email: { email_address: 'a@b.c', provider: null } } },
                        { title: 'until', id: 'c', value: { date: 1629806400 } },
                        { title: 'one-time password', id: 'TOTP_1', value: { totp: 'otpauth://totp/a' } },
                        { title: 'key', id: 'd', value: { sshKey: { privateKey: '-----BEGIN', metadata: {} } } },
                        { title: 'where', id: 'e', value: { address: { street: 'S', zip: '1' } } },
                      ],
                    },
                  ],
                  passwordHistory: [{ value: 'planted-old', time: 1458322355 }],
                },
                overview: { subtitle: '', title: 'Database (prod)', url: 'https://db.example.com', tags: ['db'] },
              },
              {
                uuid: 'j',
                state: 'archived',
                categoryUuid: '006',
                details: { documentAttributes: { fileName: 'a.pdf', documentId: 'd', decryptedSize: 3 } },
                overview: { title: 'Contract', url: '' },
              },
            ],
          },
        ],
      },
    ],
  }

  const attributes = '{"version":3,"description":"1Password Unencrypted Export","createdAt":1585333569}'
  const files = { 'export.attributes': attributes, 'export.data': JSON.stringify(data), 'files/d__a.pdf': 'abc' }

  test('in the form of 1PUX comes over with vaults and sections', () => {
    for (const method of ['ZIP_DEFLATED', 'ZIP_STORED'] as const) {
      const { values, leftOut } = read(archive(files, method), '1password')
      assert.deepEqual(values, {
        'Shop/Database-prod/password': 'most-secure-password!',
        'Shop/Database-prod/username': 'app',
        'Shop/Database-prod/Keys/PIN': '12345',
        'Shop/Database-prod/Keys/mail': 'a@b.c',
        'Shop/Database-prod/Keys/until': '1629806400',
        'Shop/Database-prod/Keys/one-time-password': 'otpauth://totp/a',
        'Shop/Database-prod/Keys/key': '-----BEGIN',
        'Shop/Database-prod/Keys/where': '{"street":"S","zip":"1"}',
        'Shop/Database-prod/url': 'https://db.example.com',
        'Shop/Database-prod/notes': 'a note',
      })
      assert.deepEqual(leftOut, [
        '1 older passwords of Shop/Database (prod)',
        'the tags of Shop/Database (prod)',
        '1 files of Shop/Contract',
        'Shop/Contract',
      ])
    }
  })

  test('that is damaged or no such archive is refused', () => {
    const whole = archive(files)
    assert.match(refusal(archive({ a: 'planted' })), /none of 1Password/)
    assert.match(refusal(whole.subarray(0, whole.length - 30)), /damaged/)
    assert.match(refusal(Buffer.from('PK\u0003\u0004planted')), /damaged/)
    // Whatever byte is another: it is read as it was, or refused.
    const { values } = read(whole, '1password')
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, other) => {
        const broken = Buffer.from(whole)
        broken[at] = (broken[at] ?? 0) ^ other
        if (!is1pux(broken)) return
        try {
          const { entries } = read1pux(broken)
          assert.deepEqual(Object.fromEntries(entries.map(({ name, value }) => [name, value])), values)
        } catch (error) {
          assert.ok(error instanceof Refusal, String(error))
        }
      }),
      { numRuns: rounds(300, 5000) },
    )
  })

  test('that would fill memory is refused', () => {
    const bomb = archive({ 'export.data': `{"a":"${'x'.repeat(300 * 2 ** 20)}"}` })
    assert.match(refusal(bomb), /more than can be read/)
    // It says that it is small.
    const sizeAt = bomb.lastIndexOf(Buffer.from('PK\u0001\u0002', 'latin1')) + 24
    bomb.writeUInt32LE(100, sizeAt)
    assert.match(refusal(bomb), /damaged/)
  })
})

suite('An export of Infisical', () => {
  test('in JSON comes over with folders and comments', () => {
    const one = (key: string, secretPath: string, more: object = {}) => ({
      key,
      workspace: 'w',
      value: `${key} 'value'`,
      type: 'shared',
      _id: 'i',
      secretPath,
      tags: [],
      comment: '',
      ...more,
    })
    const tags = [{ _id: 't', name: 'db', slug: 'db', workspace: 'w' }]
    const text = JSON.stringify([
      one('A', '/'),
      one('A', '/api/v1', { comment: 'of the API' }),
      one('B', '/', { tags }),
    ])

    const { values, descriptions, leftOut } = read(text, 'infisical')

    assert.deepEqual(values, { A: "A 'value'", 'api/v1/A': "A 'value'", B: "B 'value'" })
    assert.deepEqual(descriptions, { 'api/v1/A': 'of the API' })
    assert.deepEqual(leftOut, ['the tags of B'])
  })

  test('in CSV, dotenv and YAML comes over', () => {
    assert.deepEqual(read('Key,Value\nA,"a ""b"", c"\nB,\n', 'infisical').values, { A: 'a "b", c', B: '' })
    assert.deepEqual(read("A='a b'\nexport B='x=y'\n", 'dotenv').values, { A: 'a b', B: 'x=y' })
    const dotenv = readImport("A='a b'\n", 'infisical')
    assert.deepEqual(dotenv.entries, [{ name: 'A', value: 'a b' }])
    assert.match(refusal('A,Value\n', 'infisical'), /Line 1/)
  })
})

test('AWS has names that no secret can have, and answers in pages', () => {
  const answer = {
    ARN: 'arn',
    Name: 'app+prod/db@1',
    VersionId: 'v',
    SecretString: '{"user name":"a"}',
    VersionStages: [],
  }
  const { values, renamed } = read(JSON.stringify(answer), 'aws')
  assert.deepEqual(values, { 'app-prod/db-1/user-name': 'a' })
  assert.deepEqual(renamed, { 'app+prod/db@1/user name': 'app-prod/db-1/user-name' })
  assert.match(refusal(JSON.stringify({ SecretValues: [answer], NextToken: 'planted' })), /NextToken/)
})

suite('What is encrypted', () => {
  const encrypted: readonly (readonly [by: string, path: string, text: string, hint: string])[] = [
    [
      'sops',
      '.env',
      'A=ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]\nsops_mac=ENC[AES256_GCM,data:x,type:str]\nsops_version=3.9.0\n',
      'sops decrypt --input-type dotenv --output-type dotenv .env | strongroom import - --format dotenv',
    ],
    [
      'sops',
      'a.json',
      '{"A":"ENC[AES256_GCM,data:x,type:str]","sops":{"mac":"x"}}',
      'sops decrypt a.json | strongroom import - --format json',
    ],
    [
      'sops',
      '-',
      'A: ENC[AES256_GCM,data:x,type:str]\nsops:\n    kms: []\n    mac: x\n',
      'sops decrypt --input-type yaml --output-type yaml FILE | strongroom import - --format yaml',
    ],
    [
      'dotenvx',
      'my env',
      'DOTENV_PUBLIC_KEY="03f8"\nA="encrypted:BDqDBibm4wsYqMpCjTQ6BsDHmMadg9K3dAt+Z9HPMfLE"\n',
      "dotenvx decrypt --stdout -f 'my env' | strongroom import - --format dotenv",
    ],
    ['dotenv-vault', '.env.vault', 'DOTENV_VAULT_DEVELOPMENT="nTUq"\n', 'npx dotenv-vault decrypt DOTENV_KEY'],
    ['git-crypt', '.env', '\0GITCRYPT\0\u0012\u0034', 'git-crypt unlock && strongroom import .env'],
    ['ansible-vault', 'x.yml', '$ANSIBLE_VAULT;1.1;AES256\n6662\n', 'ansible-vault view x.yml | strongroom import -'],
    ['age', '.env.age', 'age-encryption.org/v1\n-> X25519 x\n', 'age --decrypt -i KEY_FILE .env.age | strongroom'],
    ['age', '.env.age', '-----BEGIN AGE ENCRYPTED FILE-----\n', 'age --decrypt -i KEY_FILE .env.age | strongroom'],
    ['PGP', '.env.asc', '-----BEGIN PGP MESSAGE-----\n', 'gpg --decrypt .env.asc | strongroom import -'],
    ['openssl enc', '.env.enc', 'Salted__x', 'openssl enc -d -in .env.enc'],
    [
      'Bitwarden',
      'b.json',
      '{"encrypted": true, "passwordProtected": true, "salt": "x", "data": "2.x"}',
      'without a password',
    ],
    ['Bitwarden', 'b.json', '{"encrypted":true,"encKeyValidation_DO_NOT_EDIT":"2.x","items":[]}', 'without a password'],
  ]
  for (const [by, path, text, hint] of encrypted) {
    test(`by ${by} is recognized in ${JSON.stringify(text.slice(0, 24))}`, () => {
      const found = encryptionOf(path, Buffer.from(text))
      assert.equal(found?.by, by)
      assert.ok(found?.hint.includes(hint), found?.hint)
    })
  }

  test('is not what only speaks of it', () => {
    const plain = [
      'A=encrypted:no\nB=1\n',
      'SOPS_AGE_KEY=AGE-SECRET-KEY-1\n',
      '{"encrypted":false,"items":[]}',
      '{"encrypted":true}',
      'sops: a text\n',
      'A: "ENC[AES256_GCM,data:x]"\n',
      'KEY=-----BEGIN\n',
    ]
    for (const text of plain) assert.equal(encryptionOf('.env', Buffer.from(text)), undefined, text)
  })
})

suite('CSV', () => {
  test('is read as Python writes it', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', 'ß', ',', '"', '\n', '\r\n', ' ', "'"), maxLength: 6 })
    const table = fc.array(fc.array(cell, { minLength: 3, maxLength: 3 }), { maxLength: 5 })
    const tables = fc.sample(table, { numRuns: rounds(100, 2000), seed: 7 })
    const program = `
import csv, io
out = []
for rows in data:
    held = io.StringIO()
    csv.writer(held).writerows([['a', 'b', 'c']] + rows)
    out.append(held.getvalue())
`
    const texts = python(program, tables)
    assert.ok(Array.isArray(texts))
    texts.forEach((text: unknown, at) => {
      const rows = readCsv(String(text)).map((row) => ['a', 'b', 'c'].map((name) => row.get(name)))
      assert.deepEqual(rows, tables[at], String(text))
    })
  })

  test('that is none is refused with its line', () => {
    assert.throws(() => readCsv('a,b\n1\n'), /Line 2 has 1 columns/)
    assert.throws(() => readCsv('a,b\n1,"planted'), /Line 2 is not CSV/)
    assert.throws(() => readCsv('a,b\n1,"x"y\n'), /Line 2 is not CSV/)
    assert.throws(() => readCsv(''), /names of columns/)
  })
})

test('Whatever things are called, each gets a name that a secret may have, and no other has', () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.string({ maxLength: 300 }), { maxLength: 4 }), { maxLength: 8 }), (paths) => {
      const { entries, renamed } = nameFound(
        paths.map((path) => ({ path, value: 'x' })),
        [],
      )
      const names = entries.map(({ name }) => name)
      assert.ok(names.every(isSecretName), names.join(' | '))
      assert.equal(new Set(names).size, paths.length)
      for (const [at, path] of paths.entries()) {
        if (path.join('/') !== names[at]) assert.ok(renamed.some(({ name }) => name === names[at]))
      }
    }),
    { numRuns: rounds(200, 5000) },
  )
})
