/** Hiding values in what flows by: whatever is cut where, no value is seen, and nothing else is changed. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { suite, test } from 'node:test'
import { Mask, patternsOf } from '../../src/cli/mask.ts'
import { missing } from '../formats/consumers.ts'
import { fc } from '../support/fast-check.ts'

async function masked(pieces: readonly Buffer[], values: readonly string[]): Promise<string> {
  const mask = new Mask(patternsOf(values.map((value) => Buffer.from(value))))
  return (await buffer(Readable.from(pieces, { objectMode: true }).pipe(mask))).toString()
}

function bytewise(text: string, encoding: BufferEncoding = 'utf8'): Buffer[] {
  return [...Buffer.from(text, encoding)].map((byte) => Buffer.from([byte]))
}

const python = `
import base64, html, json, os, shlex, textwrap, urllib.parse as u, binascii, sys
def forms(v, b):
    return [json.dumps(v), json.dumps(v, ensure_ascii=False), json.dumps(json.dumps(v)), u.quote(v), u.quote(v, safe=''),
             u.quote_plus(v), u.urlencode({'p': v}), html.escape(v), repr(v), repr(b), ascii(v), u.quote(u.quote(v)),
             html.escape(v).encode('ascii', 'xmlcharrefreplace').decode(), shlex.quote(v), b.hex(),
             base64.b64encode(b).decode(), base64.urlsafe_b64encode(b).decode().rstrip('='),
             base64.encodebytes(b).decode(), '\\n'.join(textwrap.wrap(base64.b64encode(b).decode(), 64)),
             '\\n    '.join(textwrap.wrap(base64.b64encode(b).decode(), 20)),
             base64.b64encode(b'user:' + b).decode(), base64.b64encode(b'u:' + b + b'\\n').decode(),
             base64.b64encode(b'usr:' + b + b'@h').decode(), base64.b64encode(v.encode('utf-16le')).decode()]
for v in json.loads(os.environ['VALUES']):
    for form in forms(v, v.encode()): sys.stdout.buffer.write(form.encode('utf8') + b'\\n')
    sys.stdout.buffer.write(b'\\0')
`
const node = `
const util = require('node:util')
const html = (text) => text.replace(/[&<>]/g, (c) => '\\\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'))
const forms = (v) => [JSON.stringify(v), html(JSON.stringify(v)), JSON.stringify(v).replaceAll('/', '\\\\/'), encodeURIComponent(v), encodeURI(v),
  encodeURIComponent(v).toLowerCase() === encodeURIComponent(v) ? '' : encodeURIComponent(v).replace(/%../g, (c) => c.toLowerCase()),
  String(new URLSearchParams({ p: v })), escape(v), util.inspect(v), Buffer.from('user:' + v).toString('base64'),
  Buffer.from(v).toString('base64url'), Buffer.from(v).toString('hex'), v]
for (const v of JSON.parse(process.env.VALUES)) console.log([...forms(v), '\\0'].join('\\n'))
`
const shell = `for V in "$@"; do
  printf '%s\\n' "$V"; printf '%q\\n' "$V"; set -x; : "$V" 2>&1; { set +x; } 2>/dev/null; printf %s "$V" | base64; echo "$V" | base64 -w 64
  printf '\\0'
done`

suite('A mask', () => {
  test('hides a value that comes byte by byte', async () => {
    assert.equal(await masked(bytewise('a s3cur3 b s3cur s3cur3'), ['s3cur3']), 'a *** b s3cur ***')
  })

  test('hides each line of a value, however it is indented or ended', async () => {
    const key = '-----BEGIN KEY-----\nMIIEvQ==\n-----END KEY-----\n'
    const text = `  ${key.replaceAll('\n', '\r\n  ')}`
    const out = await masked(bytewise(text), [key])
    assert.doesNotMatch(out, /MIIEvQ|BEGIN|END/)
    assert.equal(await masked([Buffer.from(`x${key}y`)], [key]), 'x***y')
  })

  test('hides the forms that JSON, a URL and base64 give to a value', async () => {
    const value = 'pass "word"/ü'
    const forms = [JSON.stringify(value), encodeURIComponent(value), Buffer.from(value).toString('base64')]
    for (const form of forms) assert.match(await masked(bytewise(`<${form}>`), [value]), /^<"?\*\*\*"?>$/)
  })

  test('hides a value as Python, Node and a shell print it', { skip: missing('python3') }, async () => {
    const values = [
      ...[
        'p&ss<w>rd-99',
        'pässwörd-77',
        'p@ss/w0rd!x y',
        "it's-secr3t",
        'q"uo`te$d-1',
        'backslash\n-2',
        'a=b&c=d;e,f:g',
      ],
      ...[
        'first-line-11\rsecond-line-22\rthird-line-33',
        'one-1111\r\ntwo-2222\n',
        '\ttab-3333',
        '🔑-key-\u2028-4',
        '%41%42-5',
        'rub\u007fout-6666',
        '+/+/+/6',
      ],
      'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-0123456789',
      `-----BEGIN KEY-----\n${'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC'.repeat(2)}\n-----END KEY-----\n`,
    ]
    const printers: readonly (readonly [program: string, ...words: string[]])[] = [
      ['python3', '-c', python],
      [process.execPath, '-e', node],
      ['bash', '-c', shell, 'bash', ...values],
    ]
    for (const [program, ...words] of printers) {
      const { stdout, status, stderr } = spawnSync(program, words, {
        env: { ...process.env, VALUES: JSON.stringify(values), PYTHONUTF8: '1' },
      })
      assert.equal(status, 0, String(stderr))
      const printed = stdout.toString('latin1').split('\0')
      assert.equal(printed.length, values.length + 1)
      for (const [at, value] of values.entries()) {
        const shown = await masked(bytewise(printed[at] ?? '', 'latin1'), [value])
        // Each line was one way to print it; what is left is what stood around it.
        for (const line of shown.split('\n')) {
          const left = line.replaceAll(/\*{3}/g, '')
          assert.ok(left.length <= 14, `${JSON.stringify(value)} by ${program}: ${line}`)
        }
      }
    }
  })

  test('hides a value as Ruby, Perl, Go, jq and other shells escape it', async () => {
    const value = "x\u001b[1mRed-Q7w\tK9\u0001ty p\u00e4s's\ud83d\ude00#Lb3@y"
    const written = [
      // `inspect`, `dump`, `Regexp.escape` and `Shellwords.escape` of Ruby.
      "x\\e[1mRed-Q7w\\tK9\\u0001ty p\u00e4s's\ud83d\ude00\\#Lb3@y",
      "x\\e[1mRed-Q7w\\tK9\\x01ty p\\u00E4s's\\u{1F600}#Lb3@y",
      "x\u001b\\[1mRed\\-Q7w\\tK9\u0001ty\\ p\u00e4s's\ud83d\ude00\\#Lb3@y",
      "x\\\u001b\\[1mRed-Q7w\\\tK9\\\u0001ty\\ p\\\u00e4s\\'s\\\ud83d\ude00\\#Lb3@y",
      // Data::Dumper of Perl, strace.
      "x\\e[1mRed-Q7w\\tK9\\1ty p\u00e4s's\ud83d\ude00#Lb3\\@y",
      "x\\33[1mRed-Q7w\\tK9\\1ty p\\303\\244s's\\360\\237\\230\\200#Lb3@y",
      // bash, zsh, ksh, fish, ls, cat -v.
      "x\\E[1mRed-Q7w\\tK9\\001ty p\u00e4s\\'s\ud83d\ude00#Lb3@y",
      "x\\C-[[1mRed-Q7w\\tK9\\C-Aty p\u00e4s\\'s\ud83d\ude00#Lb3@y",
      "x$'\\033'\\[1mRed-Q7w$'\\t'K9$'\\001'ty\\ p\u00e4s\\'s\ud83d\ude00\\#Lb3@y",
      "x\\E[1mRed-Q7w\\tK9\\x[01]ty p\u00e4s\\'s\ud83d\ude00#Lb3@y",
      "x\\e\\[1mRed-Q7w\\tK9\\caty\\ p\u00e4s\\'s\ud83d\ude00\\#Lb3@y",
      "x'$'\\033''[1mRed-Q7w'$'\\t''K9'$'\\001''ty p\u00e4s'\\''s\ud83d\ude00#Lb3@y",
      "x^[[1mRed-Q7w^IK9^Aty pM-CM-$s'sM-pM-^_M-^XM-^@#Lb3@y",
      // XML of Go, headers of e-mail, units of systemd.
      'x\ufffd[1mRed-Q7w&#x9;K9\ufffdty p\u00e4s&#39;s\ud83d\ude00#Lb3@y',
      'x=1B=5B1mRed-Q7w=09K9=01ty_p=C3=A4s=27s=F0=9F=98=80=23Lb3=40y',
      'x\\x1b\\x5b1mRed\\x2dQ7w\\x09K9\\x01ty\\x20p\\xc3\\xa4s\\x27s\\xf0\\x9f\\x98\\x80\\x23Lb3\\x40y',
    ]
    for (const one of written) assert.equal(await masked(bytewise(one), [value]), '***', one)
    // zsh without the quotes that are empty; a path that a browser's URL has.
    assert.equal(await masked(bytewise("it\\''s-secr3t"), ["it's-secr3t"]), '***')
    assert.equal(await masked(bytewise('a/b-secr3t'), ['a\\b-secr3t']), '***')
  })

  test('hides the bytes of a value as numbers', async () => {
    const bytes = [...Buffer.from('s3cur3')]
    const pairs = bytes.map((byte) => byte.toString(16))
    for (const text of [bytes.join(' '), bytes.join(', '), bytes.join('.'), bytes.join(',\n    ')]) {
      assert.equal(await masked(bytewise(`[${text}]`), ['s3cur3']), '[***]')
    }
    for (const [begin, between] of [
      ['', '-'],
      ['0x', ', 0x'],
      ['0x', ',\n  0x'],
      ['\\x', '\\x'],
      ['%', '%'],
    ] as const) {
      assert.equal(await masked(bytewise(begin + pairs.join(between)), ['s3cur3']), `${begin}***`)
    }
    assert.equal(await masked([Buffer.from('115 51 99')], ['s3cur3']), '115 51 99')
  })

  test('hides a value in Latin-1 and in UTF-16', async () => {
    const value = 'p\u00e4ssw\u00f6rd'
    const wide = Buffer.from(value, 'utf16le')
    for (const bytes of [Buffer.from(value, 'latin1'), wide, Buffer.from(wide).swap16()]) {
      assert.equal(await masked(bytewise(bytes.toString('latin1'), 'latin1'), [value]), '***')
    }
  })

  test('hides hexadecimal, in pairs and with what parts them', async () => {
    const hex = Buffer.from('s3cur3-value').toString('hex')
    const pairs = hex.match(/../g) ?? []
    for (const text of [
      hex,
      hex.toUpperCase(),
      pairs.join(':'),
      pairs.join(' '),
      `${hex.slice(0, 10)}\n${hex.slice(10)}`,
    ]) {
      assert.equal(await masked(bytewise(text), ['s3cur3-value']), '***')
    }
  })

  test('hides what is in a value that is base64 itself', async () => {
    const inside = 'user: gr4ce\npassword: h0pper-1906\n'
    assert.equal(await masked(bytewise('password: h0pper-1906'), [Buffer.from(inside).toString('base64')]), '***')
  })

  test('hides values that overlap, or begin with each other', async () => {
    assert.equal(await masked(bytewise('abcdefgh'), ['abcdef', 'defgh']), '***')
    assert.equal(await masked(bytewise('abcdefgh'), ['abcd', 'abcdefgh']), '***')
    assert.equal(await masked(bytewise('abcdefgX'), ['abcd', 'abcdefgh']), '***efgX')
    assert.equal(await masked(bytewise('aaaaaaab'), ['aaaab']), 'aaa***')
  })

  test('lets everything else through as it is, invalid UTF-8 too', async () => {
    const bytes = Buffer.from([0xff, 0xfe, 0x00, 0x73, 0x33, 0xc3])
    const mask = new Mask(patternsOf([Buffer.from('s3cur3')]))
    assert.deepEqual(await buffer(Readable.from([bytes]).pipe(mask)), bytes)
    assert.equal(await masked([Buffer.from('abc')], ['', 'a', 'abc']), 'abc')
  })

  test('writes what is clear at once, and holds back only what may be a value', async () => {
    const mask = new Mask(patternsOf([Buffer.from('s3cur3')]))
    mask.write('Name: s3c')
    assert.equal(String(mask.read()), 'Name: ')
    mask.write('ret')
    assert.equal(String(mask.read()), 's3cret')
  })

  test('hides a value that quoted-printable has broken into lines', async () => {
    const value = 'quoted=printable ü'
    const text = 'a quoted=3Dprin=\ntable=\r\n =C3=\n=BC b'
    assert.equal(await masked(bytewise(text), [value]), 'a *** b')
  })

  test('reads no more of a text for a value that is a few characters, repeated', async () => {
    const length = 4000
    for (const unit of ['a', 'ab', 'abaab', '0123456789', 'aaab']) {
      const value = unit.repeat(length).slice(0, length)
      const forms = [value, Buffer.from(value).toString('base64'), Buffer.from(value).toString('hex')]
      for (const form of forms) {
        // Never whole, so that each place might be a beginning; and whole, many times over.
        const whole = `${form.slice(0, -1)}~`.repeat(4) + form.repeat(3)
        for (const pieces of [
          [Buffer.from(whole)],
          whole.match(/.{1,50}/g)?.map((piece) => Buffer.from(piece)) ?? [],
        ]) {
          const mask = new Mask(patternsOf([Buffer.from(value)]))
          const out = (await buffer(Readable.from(pieces, { objectMode: true }).pipe(mask))).toString()
          assert.ok(mask.steps < 400 * whole.length, `${unit}: ${mask.steps} steps for ${whole.length} bytes`)
          assert.ok(out.endsWith('***') && !out.includes(form), `${unit} ${out.slice(-40)}`)
        }
      }
    }
  })

  test('gives the same for every way to cut a text', async () => {
    const letter = fc.constantFrom('a', 'b', 'c', '\n')
    const value = fc.string({ unit: letter, minLength: 4, maxLength: 9 })
    const property = fc.asyncProperty(
      fc.array(value, { minLength: 1, maxLength: 3 }),
      fc.string({ unit: letter, maxLength: 60 }),
      fc.array(fc.nat(60), { maxLength: 8 }),
      async (values, text, cuts) => {
        const at = [0, ...cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b), text.length]
        const pieces = at.slice(1).map((end, index) => Buffer.from(text.slice(at[index], end)))
        const whole = await masked([Buffer.from(text)], values)
        assert.equal(await masked(pieces, values), whole)
        for (const one of values) assert.equal(whole.includes(one), false)
      },
    )
    await fc.assert(property, { numRuns: 300 })
  })
})
