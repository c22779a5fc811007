/** User-data in all the forms that cloud-init takes, judged by cloud-init's own reader. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import { Refusal } from '../../src/errors.ts'
import type { Value } from '../../src/render/fill.ts'
import { namesIn } from '../../src/render/template.ts'
import { decodeScriptContent, parseUserData, renderUserData } from '../../src/render/user-data.ts'
import { rounds } from '../support/chance.ts'
import { fc } from '../support/fast-check.ts'
import { missingInPython, python } from '../support/python.ts'

const numRuns = rounds(300, 5000)
const limits = { templateBytes: 10_000, renderedUnits: 20_000, references: 100, lexemes: 1000, parts: 5, depth: 2 }

function rendered(data: string | Uint8Array, values: Readonly<Record<string, Value>>): Buffer {
  return renderUserData(parseUserData(Buffer.from(data)), new Map(Object.entries(values)))
}

function refusal(call: () => unknown): Refusal {
  try {
    call()
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error))
    return error
  }
  return assert.fail('It was not refused.')
}

/** What cloud-init finds in each of the documents: the type and the text of every part, in base64. */
function readByCloudInit(documents: readonly Uint8Array[]): (readonly [type: string, text: string])[][] {
  const program = `import base64, logging
from cloudinit import user_data, util
logging.disable(logging.CRITICAL)
out = []
for blob in data:
    message = user_data.convert_string(base64.b64decode(blob))
    parts = []
    for part in message.walk():
        if user_data.is_skippable(part):
            continue
        payload = util.fully_decoded_payload(part)
        if part.get_content_type() in user_data.DECOMP_TYPES:
            payload = util.decomp_gzip(payload, quiet=False, decode=False)
        if isinstance(payload, str):
            payload = payload.encode("utf-8", "surrogateescape")
        parts.append([part.get_content_type(), base64.b64encode(payload).decode()])
    out.append(parts)`
  const found = python(
    program,
    documents.map((document) => Buffer.from(document).toString('base64')),
  )
  return (found as [string, string][][]).map((parts) =>
    parts.map(([type, text]) => [type, Buffer.from(text, 'base64').toString()]),
  )
}

const skip = missingInPython('cloudinit', 'yaml')

function multipart(eol = '\n'): string {
  return [
    'From nobody',
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed;',
    ' boundary="==B (1)=="',
    '',
    'preamble ${{secret.PREAMBLE}}',
    '--==B (1)==',
    'Content-Type: text/cloud-config; charset="us-ascii"',
    'Content-Disposition: attachment; filename="${{secret.NAME}}"',
    '',
    '#cloud-config',
    'password: ${{secret.A}}',
    '--==B (1)==',
    'Content-Type: text/x-shellscript',
    'Content-Transfer-Encoding: base64',
    '',
    Buffer.from('#!/bin/sh\necho ${{secret.B | shell}}\n').toString('base64'),
    '--==B (1)==',
    'content-type: TEXT/Plain',
    'content-transfer-encoding: Quoted-Printable',
    '',
    '#!/bin/sh',
    '# =C3=A4 =',
    '=24{{secret.A}}',
    '--==B (1)==  ',
    'Content-Type: application/octet-stream',
    'Content-Transfer-Encoding: base64',
    '',
    Buffer.from('${{secret.BINARY}}').toString('base64'),
    '--==B (1)==',
    'Content-Type: multipart/alternative; boundary=inner',
    '',
    '--inner',
    '',
    '#!/bin/sh',
    'echo ${{secret.A}}',
    '--inner--',
    '--==B (1)==',
    'Content-Type: application/x-gzip',
    'Content-Transfer-Encoding: base64',
    '',
    gzipSync('#!/bin/sh\necho ${{secret.B | shell}}\n').toString('base64'),
    '--==B (1)==--',
    'epilogue ${{secret.EPILOGUE}}',
    '',
  ].join(eol)
}

suite('User-data', () => {
  test('as text is rendered as text', () => {
    assert.equal(String(rendered('#!/bin/sh\necho ä ${{secret.A}}\n', { A: '😀' })), '#!/bin/sh\necho ä 😀\n')
  })

  test('as gzip is rendered as gzip', () => {
    const result = rendered(gzipSync('#!/bin/sh\necho ${{secret.A}}\n'), { A: 'x' })
    assert.equal(String(gunzipSync(result)), '#!/bin/sh\necho x\n')
  })

  test('without references is given back byte for byte', () => {
    const forms = [
      Buffer.from([0xff, 0xfe, 0, 0x24]),
      gzipSync('#!/bin/sh\n', { level: 1 }),
      Buffer.from(
        'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\n\xff\n--x\r--x--y',
        'latin1',
      ),
      Buffer.from(''),
    ]
    for (const form of forms) assert.deepEqual(rendered(form, {}), form)
  })

  test('in UTF-16 or UTF-32 is refused, and never handed back with its references', () => {
    const text = `#cloud-config\r\npassword: \${{secret.a}}\r\n`
    const little = Buffer.from(text, 'utf16le')
    const big = Buffer.from(little).swap16()
    const wide = Buffer.concat([...text].map((letter) => Buffer.from([letter.charCodeAt(0), 0, 0, 0])))
    const documents = [
      Buffer.concat([Buffer.from([0xff, 0xfe]), little]),
      little,
      Buffer.concat([Buffer.from([0xfe, 0xff]), big]),
    ]
    for (const document of [...documents, big, wide, Buffer.from(wide).swap32()]) {
      for (const bytes of [document, gzipSync(document)]) {
        const { code, message } = refusal(() => parseUserData(bytes))
        assert.deepEqual([code, message.includes('Is in UTF-16. Save it as UTF-8')], ['invalid', true])
      }
      const part = [
        'Content-Type: text/cloud-config',
        'Content-Transfer-Encoding: base64',
        '',
        document.toString('base64'),
      ]
      const message = [
        'MIME-Version: 1.0',
        'Content-Type: multipart/mixed; boundary=x',
        '',
        '--x',
        ...part,
        '--x--',
        '',
      ].join('\n')
      assert.match(refusal(() => parseUserData(Buffer.from(message))).message, /Part 1 is in UTF-16/)
    }
    // Binary without references is nobody's template.
    const binary = Buffer.from([0, 1, 2, 0x24, 0, 0x7b, 0xff])
    assert.deepEqual(rendered(binary, {}), binary)
  })

  test('behind a byte order mark has none where cloud-init would know nothing by it, and keeps it elsewhere', () => {
    const reference = `\${{secret.a}}`
    for (const first of [
      '#cloud-config\na: ',
      '#!/bin/sh\necho ',
      '## template: jinja\n#cloud-config\n# ',
      '#ps1_sysnative\n',
    ]) {
      for (const [text, wanted] of [
        [`${first}${reference}\n`, `${first}v\n`],
        [`${first}1\n`, `${first}1\n`],
      ] as const) {
        assert.equal(rendered(`\ufeff${text}`, { a: 'v' }).toString(), wanted)
        assert.equal(gunzipSync(rendered(gzipSync(`\ufeff${text}`), { a: 'v' })).toString(), wanted)
      }
    }
    const mime = `MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/x-shellscript\n\n\ufeff#!/bin/sh\n${reference}\n--x--\n`
    const parts = rendered(`\ufeff${mime}`, { a: 'v' }).toString()
    assert.ok(parts.startsWith('MIME-Version') && !parts.includes('\ufeff'), parts)
    assert.equal(rendered(`\ufeffname;value\r\n${reference}`, { a: 'v' }).toString(), '\ufeffname;value\r\nv')
  })

  test('that is no UTF-8 and has a reference is refused', () => {
    assert.equal(refusal(() => rendered(Buffer.from('${{secret.A}}\xff', 'latin1'), { A: '' })).code, 'invalid')
  })

  test('as a script_content is base64, or refused', () => {
    assert.equal(String(decodeScriptContent('IyEvYmlu\nL3No')), '#!/bin/sh')
    for (const text of ['IyE', 'a-b_', '=abc', 'ab=c', 'ä===']) {
      assert.equal(refusal(() => decodeScriptContent(text)).code, 'invalid')
    }
  })

  test('that a value would make MIME is refused', () => {
    const { code } = refusal(() => rendered('${{secret.A}}\n#!/bin/sh\n', { A: 'MIME-Version: 1.0' }))
    assert.equal(code, 'unsafe_rendering')
  })
})

suite('Multipart user-data', () => {
  for (const [name, eol] of [
    ['line feeds', '\n'],
    ['carriage returns', '\r\n'],
  ] as const) {
    test(`with ${name} has its texts rendered and all the rest left alone`, { skip }, () => {
      const values = { A: 'plain', B: "it's\nä" }
      const data = multipart(eol)
      assert.deepEqual(namesIn(parseUserData(Buffer.from(data)).templates), ['A', 'B'])
      const result = rendered(data, values)

      const [before = [], after = []] = readByCloudInit([Buffer.from(data), result])
      assert.deepEqual(
        after.map(([type]) => type),
        before.map(([type]) => type),
      )
      assert.deepEqual(
        after.map(([, text]) => text),
        [
          `#cloud-config${eol}password: plain`,
          "#!/bin/sh\necho 'it'\\''s\nä'\n",
          `#!/bin/sh${eol}# ä plain`,
          '${{secret.BINARY}}',
          `#!/bin/sh${eol}echo plain`,
          "#!/bin/sh\necho 'it'\\''s\nä'\n",
        ],
      )
      assert.match(String(result), /preamble \$\{\{secret\.PREAMBLE}}/)
      assert.match(String(result), /filename="\$\{\{secret\.NAME}}"/)
      assert.ok(String(result).endsWith(`--==B (1)==--${eol}epilogue \${{secret.EPILOGUE}}${eol}`))
    })
  }

  test('in gzip is rendered in gzip', () => {
    const result = rendered(gzipSync(multipart()), { A: 'plain', B: 'x' })
    assert.match(String(gunzipSync(result)), /^password: plain$/m)
  })

  test('keeps to its parts whatever the values are', { skip }, () => {
    const message = [
      'Content-Type: multipart/mixed; boundary=bb',
      'MIME-Version: 1.0',
      '',
      '--bb',
      'Content-Type: text/x-shellscript',
      '',
      '${{secret.A}}',
      '--bb',
      'Content-Type: multipart/mixed; boundary="cc"',
      '',
      '--cc',
      'Content-Type: text/plain',
      'Content-Transfer-Encoding: 8bit',
      '',
      'x ${{secret.B}} ä',
      '--cc',
      '${{secret.A}}',
      '--cc--',
      '--bb--',
      '',
    ].join('\n')
    const unit = fc.constantFrom(
      '--bb',
      '--bb--',
      '--cc',
      '\n',
      '\r',
      '\r\n',
      ' ',
      'a',
      'Content-Type: text/x-shellscript',
      'ä',
      '=',
      '\0',
      '😀',
    )
    const value = fc.array(unit, { maxLength: 8 }).map((parts) => parts.join(''))
    const cases = fc.sample(fc.tuple(value, value), numRuns)
    const found = readByCloudInit(cases.map(([A, B]) => rendered(message, { A, B })))
    assert.deepEqual(
      found,
      cases.map(([A, B]) => [
        ['text/x-shellscript', A],
        ['text/plain', `x ${B} ä`],
        ['text/plain', A],
      ]),
    )
  })

  test('may have a part that is one secret', () => {
    const part = 'MIME-Version: 1.0\nContent-Type: text/cloud-config\n\n${{secret.A}}\n'
    assert.match(String(rendered(part, { A: 'a: 1\nb: 2' })), /\n\na: 1\nb: 2\n$/)
    assert.equal(refusal(() => rendered(`${part}b: 1`, { A: 'a: 1' })).code, 'invalid')
  })

  test('names the part and its own line in a refusal', () => {
    const { code, fields, message } = refusal(() => rendered(multipart(), {}))
    assert.equal(code, 'unresolved_references')
    assert.deepEqual(
      fields.map(({ field, name, part, line, column }) => [field, name, part, line, column]),
      [
        ['user_data', 'A', 1, 2, 11],
        ['user_data', 'B', 2, 2, 6],
        ['user_data', 'A', 3, 2, 5],
        ['user_data', 'A', 5, 2, 6],
        ['user_data', 'B', 6, 2, 6],
      ],
    )
    assert.ok(message.startsWith('user_data: part 1, line 2, column 11: '))
    const unsafe = refusal(() => rendered(multipart(), { A: 'x: y', B: '' }))
    assert.deepEqual([unsafe.code, unsafe.fields[0]?.part], ['unsafe_rendering', 1])
  })

  test('may leave its boundaries open, and loses no line break by it', { skip }, () => {
    const open = (end: string) =>
      `MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: multipart/mixed; boundary=y\n\n--y\nContent-Transfer-Encoding: quoted-printable\n\n\${{secret.A}}\r\n${end}`
    const documents = ['', '\r', '\r\n', '\n--x--', '\r\n--x\n\na', '\n--y--\r\n--x--'].map(open)
    assert.deepEqual(
      readByCloudInit(documents.map((document) => rendered(document, { A: 'a' }))),
      readByCloudInit(documents.map((document) => Buffer.from(document.replace('${{secret.A}}', 'a')))),
    )
  })

  for (const [what, data] of [
    ['says no boundary', 'MIME-Version: 1.0\nContent-Type: multipart/mixed\n\n--x\n\n${{secret.A}}\n'],
    ['never comes to its boundary', 'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n${{secret.A}}\n'],
    ['ends before it begins', 'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--x--\n--x\n\n'],
    ['has a broken base64', 'MIME-Version: 1.0\nContent-Transfer-Encoding: base64\n\na$b\n'],
    ['has another encoding', 'MIME-Version: 1.0\nContent-Transfer-Encoding: x-uuencode\n\nbegin\n'],
    ['has a broken gzip', 'MIME-Version: 1.0\nContent-Type: application/gzip\n\nxyz\n'],
  ] as const) {
    test(`that ${what} is refused`, () => {
      assert.equal(refusal(() => rendered(data, {})).code, 'invalid')
    })
  }
})

suite('User-data is refused as too large when', () => {
  const head = 'MIME-Version: 1.0\nContent-Type: '
  const bomb = gzipSync(Buffer.alloc(5_000_000))
  for (const [what, data] of [
    ['it is', Buffer.alloc(10_001, 'a')],
    ['it is once decompressed', bomb],
    [
      'a part is once decompressed',
      `${head}application/gzip\nContent-Transfer-Encoding: base64\n\n${bomb.toString('base64')}`,
    ],
    ['it has too many parts', `${head}multipart/mixed; boundary=x\n\n${'--x\n\na\n'.repeat(6)}`],
    [
      'its parts nest too deep',
      `${head}multipart/mixed; boundary=x\n\n--x\nContent-Type: multipart/mixed; boundary=y\n\n--y\nContent-Type: multipart/mixed; boundary=z\n\n--z\n\na`,
    ],
  ] as const) {
    test(what, () => {
      assert.equal(refusal(() => parseUserData(Buffer.from(data), 'user_data', limits)).code, 'too_large')
    })
  }

  test('its parts together have too many references', () => {
    const data = (count: number) =>
      Buffer.from(`${head}multipart/mixed; boundary=x\n\n${`--x\n\n${'${{secret.A}}'.repeat(count)}\n`.repeat(2)}`)
    assert.equal(parseUserData(data(50), 'user_data', limits).templates.length, 2)
    assert.equal(refusal(() => parseUserData(data(51), 'user_data', limits)).code, 'too_large')
  })

  test('its parts together are once decompressed', () => {
    const part = `--x\nContent-Type: application/gzip\nContent-Transfer-Encoding: base64\n\n${gzipSync(Buffer.alloc(4000, 'a')).toString('base64')}\n`
    const data = (count: number) => Buffer.from(`${head}multipart/mixed; boundary=x\n\n${part.repeat(count)}`)
    assert.deepEqual(parseUserData(data(2), 'user_data', limits).templates, [])
    assert.equal(refusal(() => parseUserData(data(3), 'user_data', limits)).code, 'too_large')
  })
})

const lines = fc.constantFrom(
  'MIME-Version: 1.0\n',
  'From me\n',
  'Content-Type: multipart/mixed; boundary=x\n',
  'Content-Type: multipart/mixed;\n boundary="y z"\n',
  'Content-Type: text/plain\n',
  'Content-Type: nonsense\n',
  'Content-Transfer-Encoding: quoted-printable\r\n',
  'Content-Transfer-Encoding:\n 7bit \n',
  '\n',
  '\r\n',
  '\r',
  '--x\n',
  '--x \r\n',
  '--x--',
  '--y z\n',
  '--y z--\n',
  ' ',
  ':',
  '=',
  '=41',
  'a',
  '${{secret.A}}',
  '#cloud-config\n',
)

/** What is rendered, or nothing when it is refused; anything else that is thrown fails the test. */
function attempt(data: Buffer): Buffer | undefined {
  try {
    return rendered(data, { A: 'planted' })
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error))
    return undefined
  }
}

suite('Any user-data', () => {
  test('of any bytes is rendered or refused', () => {
    const unit = fc.oneof(lines, fc.constantFrom('Content-Transfer-Encoding: base64\n', 'QQ==', 'Ã¤', '\xff'))
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 14 }), (parts) => {
        attempt(Buffer.from(parts.join(''), 'latin1'))
      }),
      { numRuns: numRuns * 10 },
    )
  })

  test('has the parts for cloud-init that it had before, with values in them', { skip }, () => {
    const start = 'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n'
    const cases = fc
      .sample(fc.array(lines, { maxLength: 16 }), numRuns * 20)
      .map((parts, at) => Buffer.from((at % 2 === 0 ? start : '') + parts.join('')))
      .flatMap((data) => {
        const result = attempt(data)
        return result === undefined || result.equals(data) ? [] : [{ data, result }]
      })
    assert.ok(cases.length > numRuns)
    const before = readByCloudInit(cases.map(({ data }) => data))
    const after = readByCloudInit(cases.map(({ result }) => result))
    for (const [at, { data }] of cases.entries()) {
      const expected = before[at]?.map(([type, text]) => [type, text.replaceAll('${{secret.A}}', 'planted')])
      assert.deepEqual(after[at], expected, JSON.stringify(String(data)))
    }
  })
})
