/** Fingerprints find values and nothing else, however they are written, and are not made of what could be guessed. */
import assert from 'node:assert/strict'
import { createSecretKey, randomBytes, randomUUID } from 'node:crypto'
import { suite, test } from 'node:test'
import { filterBits, filterOf, fingerprintsOf, type Keys, rollingKeys } from '../../src/fingerprint/fingerprint.ts'
import { Matcher } from '../../src/fingerprint/matcher.ts'
import { strongWindow, windowBytes } from '../../src/fingerprint/strength.ts'
import { rounds } from '../support/chance.ts'
import { fc } from '../support/fast-check.ts'

const numRuns = rounds(60, 500)

function newKeys(): Keys {
  return { ...rollingKeys(randomBytes(8)), mac: createSecretKey(randomBytes(32)) }
}

/** What is found in the pieces of a stream, as `FORM@PLACE`. */
function found(values: readonly Buffer[], pieces: readonly Buffer[]): readonly string[] {
  const keys = newKeys()
  const matcher = new Matcher(
    keys,
    values.flatMap((value) => fingerprintsOf(value, keys)),
  )
  const scan = matcher.stream()
  const matches = [...pieces.flatMap((piece) => scan.push(piece)), ...scan.end()]
  return matches.flatMap(({ at, of }) => of.map(({ form }) => `${form}@${at}`))
}

const token = Buffer.from('sk_live_7hG2kQ9zXw4Lm8Rt1Vb6')
const key = Buffer.from(
  `-----BEGIN PRIVATE KEY-----\n${[1, 2, 3, 4].map(() => randomBytes(48).toString('base64')).join('\n')}\n-----END PRIVATE KEY-----\n`,
)
const bytes = randomBytes(300)

suite('A fingerprint', () => {
  test('finds its value wherever it stands, in pieces of any size', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.uint8Array({ maxLength: 200 }),
        fc.constantFrom(token, key.subarray(0, -1), bytes),
        fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 60 }),
        (before, after, value, sizes) => {
          const whole = Buffer.concat([before, value, after])
          const pieces: Buffer[] = []
          for (let at = 0, turn = 0; at < whole.length; turn++) {
            const size = sizes[turn % sizes.length] ?? 1
            pieces.push(whole.subarray(at, at + size))
            at += size
          }
          assert.ok(found([value], pieces).includes(`raw@${before.length}`))
        },
      ),
      { numRuns },
    )
  })

  test('finds it byte by byte, twice, and beside others', () => {
    const text = Buffer.from(`a=${token}${token}\n${key}`)
    const pieces = Array.from(text, (byte) => Buffer.from([byte]))

    const all = found([token, key], pieces)

    assert.deepEqual(all.filter((one) => one.startsWith('raw')).sort(), [
      ...['raw@2', `raw@${2 + token.length}`, `raw@${3 + 2 * token.length}`].sort(),
    ])
  })

  const text = key.toString()
  const written: readonly (readonly [how: string, Buffer, string, string])[] = [
    ['without its last line end', key, text.trimEnd(), 'raw'],
    ['with the line ends of Windows', key, text.replaceAll('\n', '\r\n'), 'line-ends'],
    ['with those of Unix', Buffer.from(text.replaceAll('\n', '\r\n')), text, 'line-ends'],
    ['in JSON', key, JSON.stringify({ key: text }), 'json'],
    ['in a URL', key, `https://x.example/?k=${encodeURIComponent(text)}`, 'url'],
    ['in base64', key, key.toString('base64'), 'base64'],
    ['in base64, with a line end more', token, Buffer.from(`${token}\n`).toString('base64'), 'base64'],
    ['in base64 for URLs', bytes, bytes.toString('base64url'), 'base64'],
    ['indented', key, text.replaceAll('\n', '\n    '), 'one-line'],
    ['with quotes in JSON', Buffer.from(`"${token}"\\`), JSON.stringify(`"${token}"\\`), 'json'],
    ['with letters beyond ASCII in JSON', Buffer.from(`é"${token}`), JSON.stringify(`é"${token}`), 'json'],
    ['with letters beyond ASCII in a URL', Buffer.from(`é ${token}`), encodeURIComponent(`é ${token}`), 'url'],
  ]
  for (const [how, value, place, form] of written) {
    test(`finds a value ${how}`, () => {
      const forms = found([value], [Buffer.from(`noise ${place} noise`)]).map((one) => one.split('@')[0])
      assert.ok(forms.includes(form), forms.join(' '))
    })
  }

  test('finds nothing where the value is not, one byte short or another', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: token.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const other = Buffer.from(token)
        other[at] = (other[at] ?? 0) ^ change
        assert.deepEqual(found([token], [other, other.subarray(0, -1)]), [])
      }),
      { numRuns },
    )
    assert.deepEqual(found([token, key, bytes], [randomBytes(300_000)]), [])
  })

  test('has a rolling hash that rules out all but one of four million places', () => {
    const keys = newKeys()
    const filter = filterOf(token.subarray(0, windowBytes), keys)
    const text = randomBytes(2_000_000)
    const matcher = new Matcher(keys, [{ form: 'raw', length: windowBytes, offset: 0, filter, mac: Buffer.alloc(16) }])
    const hits = matcher.candidates(text, 0, text.length - windowBytes + 1).length

    // One is expected at most; a hundred never come by chance.
    assert.ok(hits < 100, `${hits}`)
    assert.ok(filter < 2 ** filterBits)
  })

  test('says nothing of the value that two sets have in common', () => {
    const [one, other] = [fingerprintsOf(token, newKeys()), fingerprintsOf(token, newKeys())]
    assert.notDeepEqual(one[0]?.mac, other[0]?.mac)
    assert.equal(one[0]?.length, token.length)
  })
})

const pick = (alphabet: string, size: number) =>
  Array.from(randomBytes(size * 2).subarray(0, size), (byte, at) => alphabet[(byte * 256 + at) % alphabet.length]).join(
    '',
  )
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

suite('What is drawn at random', () => {
  const drawn: readonly (readonly [what: string, () => Buffer, atLeast: number])[] = [
    ['40 hexadecimal digits', () => Buffer.from(randomBytes(20).toString('hex')), 90],
    ['32 bytes in base64', () => Buffer.from(randomBytes(32).toString('base64')), 90],
    ['32 bytes', () => randomBytes(32), 90],
    ['40 letters and digits', () => Buffer.from(pick(`${letters}0123456789`, 40)), 90],
    ['a UUID', () => Buffer.from(randomUUID()), 60],
    ['24 letters, digits and signs', () => Buffer.from(pick(`${letters}0123456789!@#$%^&*()`, 24)), 60],
    ...['abcdefghijklmnopqrstuvwxyz0123456789', `${letters}0123456789`].map((alphabet) => {
      const make = () => Buffer.from(`postgres://app:${pick(alphabet, 24)}@db-1.eu-west-2.internal:5432/app`)
      return [`a password of 24 of ${alphabet.length} signs within a connection URL`, make, 85] as const
    }),
    ['32 small letters and digits', () => Buffer.from(pick('abcdefghijklmnopqrstuvwxyz0123456789', 32)), 90],
    ['a token within a URL', () => Buffer.from(`https://u:${pick(`${letters}0123456789`, 32)}@db.example.com/x`), 90],
  ]
  for (const [what, make, atLeast] of drawn) {
    test(`has fingerprints: ${what}`, () => {
      const strong = Array.from({ length: 100 }, make).filter((value) => fingerprintsOf(value, newKeys()).length > 0)
      assert.ok(strong.length >= atLeast, `${strong.length} of 100`)
    })
  }
})

suite('What can be guessed', () => {
  const weak = [
    ...[
      '',
      'hunter2',
      'x'.repeat(5000),
      'correct horse battery staple',
      'correct-horse-battery-staple-again-and-again',
    ],
    ...[
      'MySuperSecretPassword2024!MySuperSecretPassword2025!',
      'P@ssw0rd!P@ssw0rd1P@ssw0rd2',
      '12345678901234567890123456',
    ],
    'postgres://app:hunter2@db-1.eu-west-2.rds.amazonaws.com:5432/app?sslmode=require',
    ...['ip-10-0-12-34.eu-west-2.compute.internal', 'arn:aws:iam::123456789012:role/My-Role-Name-2024'],
    ...[
      'abc123def456ghi789jkl012mno345',
      'a1b2c3d4e5f6g7h8i9j0k1l2m3',
      'qwertyuiopasdfghjklzxcvbnm123',
      'abababababababababababab',
    ],
    ...['2024-01-15T10:30:00.000Z,2025-02-16T11:31:01.111Z', '+44 20 7946 0958, +1 (555) 010-9999'],
    ...['postgres://app:Sommer2024Hund@db-prd-01.eu-west-2.internal:5432/app', 'Dragon77Monkey12Shadow9Summer'],
    'mysql://nginx:kbdqwertz123@mysqlprd01.xyzcorp.example:3306/wpdb',
    '{"user":"admin","password":"letmein","port":5432,"host":"10.0.12.34"}',
    'The quick brown fox jumps over the lazy dog, 7 times in 2024',
    ...['00:1a:2b:3c:4d:5e-00:1a:2b:3c:4d:5f', '192.168.10.12,192.168.10.13,fe80::1ff:fe23:4567:890a'],
  ]
  for (const value of weak) {
    test(`has none: ${value.slice(0, 60)}`, () => {
      assert.deepEqual(fingerprintsOf(Buffer.from(value), newKeys()), [])
    })
  }

  test('has none in another guise: its base64 looks random', () => {
    const value = Buffer.from('correct horse battery staple, and again')
    assert.notEqual(strongWindow(Buffer.from(value.toString('base64'))), undefined)
    assert.deepEqual(fingerprintsOf(value, newKeys()), [])
  })

  test('is not what the window of a strong value lies in', () => {
    const weakPart = 'postgres://app:hunter2@db.example.com/x?key='
    // Drawn once: of a thousand draws, two are such that the window begins a little earlier.
    const value = Buffer.from(`${weakPart}k3Jd8s0aQz7Wm2Xc9Vb5Nn1Lp6Rt4Yh8Gf3Ds0Qe`)
    const raw = fingerprintsOf(value, newKeys()).filter(({ form }) => form === 'raw')

    assert.ok((raw[0]?.offset ?? 0) >= weakPart.length - 8)
  })
})
