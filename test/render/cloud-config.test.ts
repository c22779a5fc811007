/** Documents for cloud-init: what a value may not change, judged by the YAML reader that cloud-init uses. */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { Refusal } from '../../src/errors.ts'
import { parse, render } from '../../src/render/template.ts'
import { rounds } from '../support/chance.ts'
import { anyCharacter, fc } from '../support/fast-check.ts'
import { missingInPython, python } from '../support/python.ts'

const numRuns = rounds(1500, 30_000)
const skip = missingInPython('yaml')

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})

function rendered(template: string, values: Readonly<Record<string, string>>): string {
  return render(parse(template), new Map(Object.entries(values)))
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

function load(text: string): unknown {
  return python('import yaml\nout = yaml.safe_load(data)', text)
}

const realistic = `#cloud-config
hostname: web-1
users:
  - name: deploy
    shell: /bin/bash
    passwd: \${{secret.HASH}}
    ssh_authorized_keys:
      - \${{ secret.SSH_KEY }}
write_files:
  - path: /etc/ssl/private/web.key
    permissions: "0600"
    content: |
      \${{secret.TLS_KEY}}
  - path: /etc/app/env
    content: "TOKEN=\${{secret.TOKEN}}"
  - path: /etc/app/blob
    encoding: b64
    content: \${{secret.TLS_KEY | base64}}
  - path: /etc/app/config.json
    content: |
      {"password": \${{secret.PASSWORD | json}}}
runcmd:
  - [sh, -c, \${{secret.PASSWORD | yaml}}]
  - |
    export PASSWORD=\${{secret.PASSWORD | shell | indent 4}}
    app --token "$\${{ literal }}"
`
const values = {
  HASH: '$6$rounds=4096$saltsalt$abc./DEF',
  SSH_KEY: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGk deploy@example.com',
  TLS_KEY: privateKey,
  TOKEN: 'abc:def #1',
  PASSWORD: `it's "quoted": [\\]\nsecond line`,
}

suite('A realistic cloud-config', () => {
  test('says what it is meant to say, every value exact', { skip }, () => {
    assert.deepEqual(load(rendered(realistic, values)), {
      hostname: 'web-1',
      users: [{ name: 'deploy', shell: '/bin/bash', passwd: values.HASH, ssh_authorized_keys: [values.SSH_KEY] }],
      write_files: [
        { path: '/etc/ssl/private/web.key', permissions: '0600', content: privateKey },
        { path: '/etc/app/env', content: `TOKEN=${values.TOKEN}` },
        { path: '/etc/app/blob', encoding: 'b64', content: Buffer.from(privateKey).toString('base64') },
        { path: '/etc/app/config.json', content: `{"password": ${JSON.stringify(values.PASSWORD)}}\n` },
      ],
      runcmd: [
        ['sh', '-c', values.PASSWORD],
        `export PASSWORD='it'\\''s "quoted": [\\]\nsecond line'\napp --token "\${{ literal }}"\n`,
      ],
    })
  })

  test("passes cloud-init's schema", { skip: missingInPython('cloudinit', 'jsonschema') }, (t) => {
    const path = `${t.name.length}-${process.pid}.yaml`
    const folder = python('import tempfile\nout = tempfile.mkdtemp()', null)
    const file = `${folder}/${path}`
    writeFileSync(file, rendered(realistic, values))
    const check = `from cloudinit.config.schema import SchemaValidationError, get_schema, validate_cloudconfig_file
try:
    validate_cloudconfig_file(data, get_schema())
    out = "valid"
except SchemaValidationError as error:
    out = str(error)`
    assert.equal(python(check, file), 'valid')
    writeFileSync(file, rendered(realistic, values).replace('permissions', 'permission'))
    assert.notEqual(python(check, file), 'valid')
  })
})

suite('A value in a cloud-config', () => {
  for (const [what, template, value] of [
    ['that adds a key', 'a: ${{secret.A}}\nb: 1', 'x\nruncmd: [reboot]'],
    ['that adds a key in its place', 'a:\n  b: ${{secret.A}}', 'x\n  c: y'],
    ['that becomes a mapping', 'a: ${{secret.A}}', '{b: c}'],
    ['that becomes a sequence', 'a: ${{secret.A}}', '[b]'],
    ['that adds an item', 'a: [${{secret.A}}]', 'b, c'],
    ['that makes an item a mapping', 'a: [${{secret.A}}]', 'b: c'],
    ['that ends a quotation', 'a: "${{secret.A}}"', 'x", b: "y'],
    ['that ends a quotation and the line', 'a: "${{secret.A}}"', 'x"\nb: "y'],
    ['that ends single quotes', "a: '${{secret.A}}'", "x'\nb: 'y"],
    ['that escapes what follows', 'a: "${{secret.A}}"\nb: "c"', 'x\\'],
    ['that a quotation would read otherwise', 'a: "${{secret.A}}"', 'x\\ty'],
    ['that leaves a comment', '# ${{secret.A}}\na: 1', 'x\nb: 2'],
    ['that leaves a block', 'a: |\n  x ${{secret.A}}', 'y\nb: c'],
    ['that makes the rest a comment', 'a: ${{secret.A}}', 'x #y'],
    ['that is an alias', 'a: &x 1\nb: ${{secret.A}}', '*x'],
    ['that is an anchor', 'a: ${{secret.A}}', '&x y'],
    ['that has a tag', 'a: ${{secret.A}}', '!!binary eA=='],
    ['that begins a block', 'a: ${{secret.A}}', '|\n  x'],
    ['that begins a document', 'a: 1\n${{secret.A}}: 2', '---\nb'],
    ['that is a key again', 'a: 1\n${{secret.A}}: 2', 'a'],
    ['that merges', 'a: &x {b: 1}\nc:\n  ${{secret.A}}: *x', '<<'],
    ['that is folded', 'a: >\n  ${{secret.A}}', 'x\ny'],
    ['that only Python breaks at', 'a: ${{secret.A}}', 'x\u2028b: 1'],
    ['that only Python breaks at, too', 'a: ${{secret.A}}', 'x\u0085b: 1'],
    ['that Python does not print', 'a: |\n  ${{secret.A}}', 'x\u0007'],
    ['that is another number', 'a: ${{secret.A}}', '0777'],
    ['that is a time', 'a: ${{secret.A}}', '12:30:45'],
    ['that is a date', 'a: ${{secret.A}}', '2026-01-15'],
    ['that is a kind of yes', 'a: ${{secret.A}}', 'on'],
    ['that is nothing', 'a: ${{secret.A}}', ''],
    ['that is nothing in other words', 'a: ${{secret.A}}', '~'],
    ['that becomes a number with what is beside it', 'a: 0${{secret.A}}', 'x1f'],
    ['that begins with blanks', 'a: |\n  ${{secret.A}}', '   x\ny'],
  ] as const) {
    test(`${what} is refused at its place`, () => {
      const { code, fields } = refusal(() => rendered(`#cloud-config\n${template}\n`, { A: value }))
      assert.equal(code, 'unsafe_rendering')
      const before = `#cloud-config\n${template.slice(0, template.indexOf('${{'))}`.split('\n')
      assert.deepEqual(
        fields.map(({ name, line, column }) => [name, line, column]),
        [['A', before.length, (before.at(-1) ?? '').length + 1]],
      )
    })
  }

  test('that is at fault is found among many', () => {
    const lines = Array.from({ length: 100 }, (_, at) => `k${at}: \${{secret.K${at}}}`)
    const table = Object.fromEntries(lines.map((_, at) => [`K${at}`, at === 63 ? '"open' : 'fine']))
    const { fields } = refusal(() => rendered(`#cloud-config\n${lines.join('\n')}`, table))
    assert.deepEqual(
      fields.map(({ name, line }) => [name, line]),
      [['K63', 65]],
    )
  })

  for (const value of ['12345', '0', '-7', 'true', 'false']) {
    test(`that is ${value} may be what it looks like`, () => {
      assert.equal(rendered('#cloud-config\na: ${{secret.A}}', { A: value }), `#cloud-config\na: ${value}`)
    })
  }

  test('may end with line breaks that YAML does not keep', () => {
    assert.equal(rendered('#cloud-config\na: ${{secret.A}}', { A: 'x\n' }), '#cloud-config\na: x\n')
  })

  test('may be a whole document', () => {
    const document = '#cloud-config\na: 1\n'
    assert.equal(rendered('${{secret.A}}', { A: document }), document)
    assert.equal(refusal(() => rendered('${{secret.A}}\n#cloud-config\na: 1', { A: '' })).code, 'unsafe_rendering')
  })
})

suite('A template that', () => {
  test('is no YAML before any value is known is refused with the line', () => {
    const { code, fields } = refusal(() => parse('#cloud-config\na: [${{secret.A}}\nb: 1\n'))
    assert.equal(code, 'invalid')
    assert.equal(fields[0]?.line, 3)
  })

  test('begins with blanks and capitals is a cloud-config for cloud-init, so it is one here', () => {
    assert.equal(refusal(() => rendered('\n  #Cloud-Config\na: ${{secret.A}}', { A: 'b: c' })).code, 'unsafe_rendering')
  })

  test('holds documents in an archive has them checked too', () => {
    const template = `#cloud-config-archive
- type: text/cloud-config
  content: |
    password: \${{secret.A}}
- |
    #cloud-config
    password: \${{secret.B}}
- type: text/x-shellscript
  content: |
    #!/bin/sh
    echo \${{secret.C | shell}}: x
`
    const fine = { A: 'x', B: 'y', C: 'it: is' }
    assert.match(rendered(template, fine), /echo 'it: is': x/)
    for (const name of ['A', 'B']) {
      const { fields } = refusal(() => rendered(template, { ...fine, [name]: 'x\n    ssh_pwauth: true' }))
      assert.deepEqual(
        fields.map((fault) => fault.name),
        [name],
      )
    }
  })

  test('goes through jinja on the machine takes no value that jinja would act upon', () => {
    const template = '## template: jinja\n#cloud-config\nhostname: {{ v1.x }}-${{secret.A}}\n'
    assert.match(rendered(template, { A: 'x' }), /\{\{ v1\.x }}-x/)
    for (const value of ['{{ ds }}', '{% if x %}', '{#', '}}']) {
      assert.equal(refusal(() => rendered(template, { A: value })).code, 'unsafe_rendering')
    }
    assert.equal(
      refusal(() => rendered('## template: jinja\n{${{secret.A}}', { A: '{ ds }}' })).code,
      'unsafe_rendering',
    )
    assert.equal(
      refusal(() => rendered('## template: jinja\n#cloud-config\na: ${{secret.A}}', { A: 'b\nc: d' })).code,
      'unsafe_rendering',
    )
  })
})

/** Places for a value: the template, and where in what Python reads the value should be. */
const places: readonly (readonly [
  template: string,
  path: readonly (string | number)[],
  before: string,
  after: string,
])[] = [
  ['a: ${{secret.A}}\nb: 1\n', ['a'], '', ''],
  ['a: x${{secret.A}}y\nb: 1\n', ['a'], 'x', 'y'],
  ['a: "${{secret.A}}"\nb: 1\n', ['a'], '', ''],
  ['a: "x ${{secret.A}} y"\n', ['a'], 'x ', ' y'],
  ["a: '${{secret.A}}'\nb: 1\n", ['a'], '', ''],
  ['a: [${{secret.A}}, z]\n', ['a', 0], '', ''],
  ['a: {b: ${{secret.A}}, c: d}\n', ['a', 'b'], '', ''],
  ['a:\n  - ${{secret.A}}\n  - z\n', ['a', 0], '', ''],
  ['a:\n  b:\n    ${{secret.A}}\n', ['a', 'b'], '', ''],
  ['a: |\n  ${{secret.A}}\nb: 1\n', ['a'], '', ''],
  ['a: |-\n  ${{secret.A}}\nb: 1\n', ['a'], '', ''],
  ['a: |\n  x\n    ${{secret.A | indent 4}}\n  y\n', [], '', ''],
  ['a: |\n  x=${{secret.A}}\n  y\n', ['a'], 'x=', '\ny\n'],
  ['a: >\n  ${{secret.A}}\nb: 1\n', ['a'], '', ''],
  ['a: ${{secret.A | yaml}}\nb: 1\n', ['a'], '', ''],
  ['a: ${{secret.A | json}}\nb: 1\n', ['a'], '', ''],
  ['a: {b: ${{secret.A | json}}}\n', ['a', 'b'], '', ''],
  ['a: !!str ${{secret.A}}\nb: 1\n', ['a'], '', ''],
  ['? ${{secret.A}}\n: 1\n', [], '', ''],
  ['a: 1 # ${{secret.A}}\nb: 1\n', [], '', ''],
]

test('Whatever is rendered, Python reads the value exactly, and nothing else in the document differs', { skip }, () => {
  const unit = fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...'ab01xey_ :-?,[]{}#&*!|>\'"%@`=<~.+\\/') },
    {
      weight: 2,
      arbitrary: fc.constantFrom('\n', '\n  ', ' ', '\t', '\r', ': ', ' #', '- ', '---', '...', '<<', 'a: ', '"'),
    },
    { weight: 1, arbitrary: fc.string({ unit: anyCharacter, minLength: 1, maxLength: 1 }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('true', 'null', '0x', '1.5', '12:30', '\u2028', '\u0085', '\ufeff', '\x7f', 'é', '😀'),
    },
  )
  const value = fc.array(unit, { maxLength: 8 }).map((parts) => parts.join('').toWellFormed())
  const cases = fc.sample(fc.tuple(fc.nat(places.length - 1), value), numRuns)
  const accepted = cases.flatMap(([at, text]) => {
    const place = places[at]
    if (place === undefined) return []
    const [body, path, before, after] = place
    const template = `#cloud-config\n${body}`
    try {
      return [{ place: at, path, value: text, expected: before + text + after, text: rendered(template, { A: text }) }]
    } catch (error) {
      assert.ok(error instanceof Refusal, String(error))
      assert.ok(!/json|yaml/.test(body), `${body} takes any value, but not ${JSON.stringify(text)}`)
      return []
    }
  })
  assert.ok(accepted.length > cases.length / 8)
  const plain = places.map(([template]) => rendered(`#cloud-config\n${template}`, { A: 'x' }))

  const faults = python(
    `import yaml
def shape(node):
    if isinstance(node, dict):
        return [shape(value) for value in node.values()]
    if isinstance(node, list):
        return [shape(item) for item in node]
    return "leaf"
def leaf(node, path):
    for step in path:
        node = node[step]
    return node
plain = [shape(yaml.safe_load(text)) for text in data["plain"]]
out = []
for case in data["cases"]:
    try:
        node = yaml.safe_load(case["text"])
        if shape(node) != plain[case["place"]]:
            out.append([case, "shape"])
            continue
        if not case["path"]:
            continue
        found = leaf(node, case["path"])
        if not isinstance(found, str):
            found = str(found).lower() if isinstance(found, bool) else str(found)
        if found.rstrip("\\n") != case["expected"].rstrip("\\n"):
            out.append([case, found])
    except Exception as error:
        out.append([case, str(error)])`,
    { plain, cases: accepted },
  )
  assert.deepEqual(faults, [])
})
