/** What is imported: read as its own programs read it, or refused with the place, never half understood. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import dotenv from 'dotenv'
import { Refusal } from '../../src/errors.ts'
import type { ImportFormat } from '../../src/formats/formats.ts'
import { guessFormat, importFormatOf, readEntries } from '../../src/formats/read.ts'
import { writeEntries } from '../../src/formats/write.ts'
import { rounds } from '../support/chance.ts'
import { anyCharacter, fc } from '../support/fast-check.ts'
import * as consumers from './consumers.ts'
import { line } from './values.ts'
import { asDopplerWrites } from './vendors.ts'

const numRuns = rounds(100, 2000)

function read(text: string, format: ImportFormat) {
  return Object.fromEntries(readEntries(text, format).map(({ name, value }) => [name, value]))
}

function sorted<T extends { readonly name: string }>(entries: readonly T[]): readonly T[] {
  return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

function refusal(text: string, format: ImportFormat): string {
  try {
    readEntries(text, format)
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error))
    return error.message
  }
  return assert.fail('It was read.')
}

suite('A dotenv file', () => {
  test('is read as the dotenv library reads it, or refused', () => {
    let taken = 0
    fc.assert(
      fc.property(fc.array(line, { maxLength: 4 }), (lines) => {
        const text = lines.join('\n')
        let own: ReturnType<typeof read>
        try {
          own = read(text, 'dotenv')
        } catch (error) {
          assert.ok(error instanceof Refusal)
          return
        }
        taken++
        assert.deepEqual(own, { ...dotenv.parse(text) })
      }),
      { numRuns: numRuns * 20 },
    )
    assert.ok(taken > numRuns, `only ${taken} were taken`)
  })

  const refused: readonly (readonly [text: string, message: RegExp])[] = [
    ['A=1\nplanted\n', /^file: Line 2 is not NAME=VALUE/],
    ['A=1\nB: planted', /^file: Line 2 is not/],
    ["A='planted\nB=1", /^file: Line 1 has a quote that does not end/],
    ["A='planted' x", /^file: Line 1 has a quote/],
    ['A=1\nB=planted#x', /^file: Line 2 has a "#" without a blank/],
    ['A=1\nB=#planted', /^file: Line 2 has a value that begins with "#": .* put the value in single quotes/],
    ['A= # planted', /^file: Line 1 has only a comment after "="/],
    ['A=1\nB= #planted', /^file: Line 2 has only a comment/],
    ['export A=#planted', /^file: Line 1 has a value that begins with "#"/],
    ['A=planted # a # b', /^file: Line 1 has a comment that readers begin at different places/],
    ['A=planted\t# a', /^file: Line 1 has a comment/],
    ['A=pa$planted', /^file: Line 1 has a "\$"/],
    ['A=planted$$x', /^file: Line 1 has a "\$"/],
    [`A="\${planted}"`, /^file: Line 1 has "\$" in double quotes/],
    [`A='\${planted}'`, /^file: Line 1 has "\$\{"/],
    ['A=C:\\planted', /^file: Line 1 has a backslash/],
    ['A="planted\\t"', /^file: Line 1 has a backslash in double quotes/],
    ['A="planted\\"x"', /^file: Line 1 has a backslash in double quotes/],
    ['A="planted\\\\n"', /^file: Line 1 has a backslash in double quotes/],
    ["A='planted\\'x'", /^file: Line 1 has a backslash before a quote/],
    ["A='planted\\\\x'", /^file: Line 1 has a backslash before a quote/],
    ['A=1\nB=`planted`', /^file: Line 2 has backticks/],
    ['A=planted\rB=1', /^file: Line 1 has a carriage return alone/],
    ["A=1\r\nB='planted\r\nx'\r\n", /^file: Line 2 has several lines that end as on Windows/],
    ['A=\u00a0planted', /^file: Line 1 has a blank that is no space/],
    ['A=planted\u2003', /^file: Line 1 has a blank that is no space/],
    ['A=1\nexport =planted', /^file: Line 2 has "export" where a name/],
    ["A='planted' # it's", /^file: Line 1 has a quote in the comment/],
    ['A="planted"#"', /^file: Line 1 has a quote in the comment/],
    ["A=planted\u2028'x'", /^file: Line 1 has a line or paragraph separator/],
    ['A=planted\nA=2', /^A: Is in the file twice/],
    ['=planted', /^file: Line 1/],
  ]
  for (const [text, message] of refused) {
    test(`that has ${JSON.stringify(text)} is refused, without the value`, () => {
      assert.match(refusal(text, 'dotenv'), message)
      assert.doesNotMatch(refusal(text, 'dotenv'), /planted/)
    })
  }
})

suite('A dotenv file that is read', () => {
  test('has what every reader has of it', () => {
    const read1 = (text: string) => read(text, 'dotenv')
    assert.deepEqual(read1('\ufeffexport A=b\r\nB="x y" # c\r\n'), { A: 'b', B: 'x y' })
    assert.deepEqual(read1(`A='#x'\nB="#x"\nC=''\nD=\nE=a=b\nF=b c # d\nG='$x \\n "'\nH=it's`), {
      ...{ A: '#x', B: '#x', C: '', D: '', E: 'a=b', F: 'b c', G: '$x \\n "', H: "it's" },
    })
    assert.deepEqual(read1('A="a\\nb"\nB="a\nb"\nC=\'a\nb\''), { A: 'a\nb', B: 'a\nb', C: 'a\nb' })
  })

  for (const [reader, readAll, canRead] of consumers.dotenvReaders) {
    test(`is what ${reader.name} reads`, { skip: reader.missing }, () => {
      const texts = fc
        .sample(fc.array(line, { maxLength: 4 }), numRuns * 20)
        .map((lines) => lines.join('\n'))
        .flatMap((text) => {
          try {
            return [{ text, own: read(text, 'dotenv') }]
          } catch (error) {
            assert.ok(error instanceof Refusal)
            return []
          }
        })
        .filter(({ own }) => Object.entries(own).every(([name, value]) => canRead(name, String(value))))
      assert.ok(texts.length > numRuns, `only ${texts.length} were taken`)
      const found = readAll(texts.map(({ text }) => text))
      for (const [at, { text, own }] of texts.entries()) assert.deepEqual(found[at], own, JSON.stringify(text))
    })
  }
})

suite('A file of JSON or YAML', () => {
  const entries = fc.array(
    fc.record({
      name: fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/),
      value: fc.string({ unit: anyCharacter }).filter((text) => text.isWellFormed()),
    }),
    { maxLength: 6 },
  )
  for (const format of ['json', 'yaml'] as const) {
    test(`of ${format} gives back what was exported`, () => {
      fc.assert(
        fc.property(entries, (all) => {
          const unique = [...new Map(all.map(({ name, value }) => [name, { name, value }])).values()]
          const found = readEntries(writeEntries(unique, format, ''), format)
          assert.deepEqual(sorted(found), sorted(unique))
        }),
        { numRuns },
      )
    })
  }

  test('gives back bytes from YAML', () => {
    const bytes = Uint8Array.of(0, 255, 10)
    assert.deepEqual(readEntries(writeEntries([{ name: 'f', value: bytes }], 'yaml', ''), 'yaml'), [
      { name: 'f', value: bytes },
    ])
  })

  test('takes base64 from YAML that lines break', () => {
    const text = 'a: !!binary |\n  AP8A\n  /wA=\n'
    assert.deepEqual(readEntries(text, 'yaml'), [{ name: 'a', value: Uint8Array.of(0, 255, 0, 255, 0) }])
  })

  test('keeps numbers and words as they are written', () => {
    const json = '{"a":1.10,"b":1e3,"c":12345678901234567890,"d":true,"e":"\\ud83d\\ude00 \\u0041","f":-0}'
    assert.deepEqual(read(json, 'json'), {
      a: '1.10',
      b: '1e3',
      c: '12345678901234567890',
      d: 'true',
      e: '😀 A',
      f: '-0',
    })
    const yaml = 'a: 1.10\nb: yes\nc: 0x1F\nd: 2026-01-01\ne: |\n  x\n  y\nf: "\\u263a"\n007: 007\n"g": \'\'\n'
    assert.deepEqual(read(yaml, 'yaml'), {
      ...{ a: '1.10', b: 'yes', c: '0x1F', d: '2026-01-01', e: 'x\ny\n', f: '☺', '007': '007', g: '' },
    })
  })

  test('takes any name, that of a prototype too', () => {
    assert.deepEqual(readEntries('{"__proto__":"x"}', 'json'), [{ name: '__proto__', value: 'x' }])
    assert.deepEqual(readEntries('__proto__: x', 'yaml'), [{ name: '__proto__', value: 'x' }])
  })

  test('of YAML may have aliases, which mean the anchor of their name that is next above', () => {
    const yaml = 'a: &x one\nb: *x\nc: &x |\n  two\n  lines\nd: *x\n&y e: *x\nf: *y\ng: &z !!binary AP8=\nh: *z\n'
    assert.deepEqual(
      readEntries(yaml, 'yaml').map(({ name, value }) => [name, value]),
      [
        ...[
          ['a', 'one'],
          ['b', 'one'],
          ['c', 'two\nlines\n'],
          ['d', 'two\nlines\n'],
          ['e', 'two\nlines\n'],
          ['f', 'e'],
        ],
        ...[
          ['g', Uint8Array.of(0, 255)],
          ['h', Uint8Array.of(0, 255)],
        ],
      ],
    )
  })

  const manyAliases = Array.from({ length: 32 }, (_, at) => `b${at}: *x`).join('\n')
  const refused: readonly (readonly [ImportFormat, string, RegExp])[] = [
    ['json', '{"a":"planted"', /^file: Is not JSON/],
    ['json', '{"a":planted}', /^file: Is not JSON/],
    ['json', '["planted"]', /^file: Must hold a JSON object/],
    ['json', '{"a":"planted","b":{"c":"planted"}}', /^b: Is no single value/],
    ['json', '{"a":null}', /^a: Has no value/],
    ['json', '{"a":"planted","\\u0061":"2"}', /^file: Has the member "a" twice/],
    ['json', '{"b":{"c":"planted","c":"2"}}', /^file: Has the member "c" twice/],
    ['yaml', 'a: planted\nb: "planted', /^file: Is not YAML \(line 2\)/],
    ['yaml', '- planted', /^file: Must hold a YAML mapping/],
    ['yaml', '', /^file: Must hold/],
    ['yaml', 'a: planted\n---\nb: 1', /^file: Must hold one/],
    ['yaml', 'a: [planted]', /^a: Is no single value/],
    ['yaml', 'a:\nb: planted', /^a: Has no value/],
    ['yaml', 'a: ~', /^a: Has no value/],
    ['yaml', 'b: *x\na: &x planted', /^b: Is an alias of an anchor that is not above it\. Write its value out\.$/],
    ['yaml', 'a: &x [planted]\nb: *x', /^a: Is no single value/],
    ['yaml', '&x a: planted\nb: &y\nc: *y', /^b: Has no value/],
    ['yaml', '<<: { c: planted }\nb: planted', /^file: Has a merge key of YAML \("<<"\), .* Write out the names/],
    ['yaml', '*x : planted', /^file: Has a key that is an alias of an anchor that is not above it/],
    ['yaml', `a: &x ${'planted'.repeat(2 ** 17)}\n${manyAliases}`, /^file: Has aliases .* more than 16 Mi characters/],
    ['yaml', 'a: !!int planted', /^a: Has a tag of YAML .* Leave the tag out: values are read as they are written\.$/],
    ['yaml', 'a: !!binary "planted, and more"', /^a: Is not base64/],
    ['yaml', 'a: !!binary cGxhbnRlZA', /^a: Is not base64/],
    ['aws', '{"Name":"a","SecretBinary":"planted_"}', /^a: Is not base64/],
    ['yaml', 'a: planted\na: 2', /^a: Is in the file twice/],
  ]
  for (const [format, text, message] of refused) {
    test(`of ${format} that is ${JSON.stringify(text.slice(0, 100))} is refused, without the value`, () => {
      assert.match(refusal(text, format), message)
      assert.doesNotMatch(refusal(text, format), /planted/)
    })
  }
})

suite('The exports of others', () => {
  test('of Vault are read, of either version of its engine', () => {
    const second = `{"request_id":"x","lease_id":"","renewable":false,"lease_duration":0,
      "data":{"data":{"user":"app","port":5432},"metadata":{"created_time":"2026-01-01T00:00:00Z","version":3}},"warnings":null}`
    const first = '{"request_id":"x","lease_id":"","data":{"data":"a word","user":"app"}}'

    assert.deepEqual(read(second, 'vault'), { user: 'app', port: '5432' })
    assert.deepEqual(read(first, 'vault'), { data: 'a word', user: 'app' })
    assert.deepEqual([guessFormat('x.json', second), guessFormat('-', first)], ['vault', 'vault'])
  })

  test('of Doppler are read, as it escapes them', () => {
    const own = { DOPPLER_PROJECT: 'p', DOPPLER_CONFIG: 'c', DOPPLER_ENVIRONMENT: 'e' }
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[A-Z]{1,8}$/), fc.string()), (values) => {
        const wanted = { ...values }
        const env = asDopplerWrites({ ...values, ...own })
        assert.equal(guessFormat('doppler.env', env), 'doppler')
        assert.deepEqual(read(env, 'doppler'), wanted)
        assert.deepEqual(read(JSON.stringify({ ...values, ...own }), 'doppler'), wanted)
      }),
      { numRuns },
    )
    const computed = '{"A":{"computed":"x","note":""}}'
    assert.equal(guessFormat('-', computed), 'doppler')
    assert.deepEqual(read(computed, 'doppler'), { A: 'x' })
    assert.match(refusal('{"A":{"computed":null}}', 'doppler'), /^A: Has no value that may be read in Doppler/)
  })

  test('of AWS are read: texts, key-value pairs, and bytes', () => {
    const one = (Name: string, rest: object) => ({ ARN: 'arn:x', Name, VersionId: 'v', ...rest, CreatedDate: 1.5 })
    const batch = JSON.stringify({
      SecretValues: [
        one('prod/db', { SecretString: '{"username":"app","port":5432}' }),
        one('/token', { SecretString: 'plain' }),
        one('json', { SecretString: '{"nested":{"a":1}}' }),
        one('odd', { SecretString: '{not json' }),
        one('cert', { SecretBinary: 'AP8=' }),
      ],
      Errors: [],
    })

    assert.equal(guessFormat('-', batch), 'aws')
    assert.deepEqual(read(batch, 'aws'), {
      'prod/db/username': 'app',
      'prod/db/port': '5432',
      token: 'plain',
      json: '{"nested":{"a":1}}',
      odd: '{not json',
      cert: Uint8Array.of(0, 255),
    })
    const single = JSON.stringify(one('token', { SecretString: 'plain' }))
    assert.equal(guessFormat('secret.json', single), 'aws')
    assert.deepEqual(read(single, 'aws'), { token: 'plain' })
    assert.match(refusal('{"SecretValues":[],"Errors":[{"SecretId":"x"}]}', 'aws'), /AWS left out 1 secrets/)
  })

  test('are refused when they are something else', () => {
    assert.match(refusal('{"a":"planted"}', 'vault'), /^file: Is not what "vault kv get/)
    assert.match(refusal('{"data":{"data":null,"metadata":{}}}', 'vault'), /deleted in Vault/)
    assert.match(refusal('{"a":"planted"}', 'aws'), /^file: Is not what "aws/)
    assert.throws(() => importFormatOf('toml'), /--format: Must be one of dotenv/)
  })
})

suite('A format is guessed', () => {
  const guesses: readonly (readonly [path: string, text: string, ImportFormat])[] = [
    ['.env', 'A=1', 'dotenv'],
    ['.env.production', '# c', 'dotenv'],
    ['prod.env', '', 'dotenv'],
    ['-', '# c\n\nexport A=1', 'dotenv'],
    ['-', 'A: 1', 'yaml'],
    ['secrets.yml', 'A=1', 'yaml'],
    ['-', ' {"a":"b"}', 'json'],
    ['x.yaml', '{"a":"b"}', 'json'],
    ['x.json', '{"data":{"a":"b"}}', 'json'],
    ['x.json', '{', 'json'],
  ]
  for (const [path, text, format] of guesses) {
    test(`for ${path} with ${JSON.stringify(text)}: ${format}`, () => assert.equal(guessFormat(path, text), format))
  }
})
