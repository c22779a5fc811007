/** What is exported is read back by whom it is for, byte for byte, or it is refused. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parseEnv } from 'node:util'
import dotenv from 'dotenv'
import { parse } from 'yaml'
import { Refusal } from '../../src/errors.ts'
import { envName, hclName, keyName } from '../../src/formats/env-name.ts'
import type { ExportFormat } from '../../src/formats/formats.ts'
import { exportFormatOf, writeEntries } from '../../src/formats/write.ts'
import { rounds } from '../support/chance.ts'
import { fc } from '../support/fast-check.ts'
import { missingInPython, python } from '../support/python.ts'
import * as consumers from './consumers.ts'
import { hard, value } from './values.ts'

const values = fc.array(value, { minLength: 1, maxLength: 30 })
const numRuns = rounds(25, 400)

/** Those values that the format takes, under names that every format has alike. */
function carried(texts: readonly string[], format: ExportFormat) {
  const all = texts.map((text, at) => ({ name: `V${at}`, value: text }))
  const entries = all.filter((entry) => isTaken(entry, format))
  return { entries, text: writeEntries(entries, format, 'app'), expected: toRecord(entries) }
}

function isTaken(entry: { name: string; value: string | Uint8Array }, format: ExportFormat): boolean {
  try {
    writeEntries([entry], format, 'app')
    return true
  } catch (error) {
    assert.ok(error instanceof Refusal)
    assert.ok(error.message.startsWith(`${entry.name}: `))
    return false
  }
}

function toRecord(entries: readonly { name: string; value: unknown }[]) {
  return Object.fromEntries(entries.map(({ name, value: text }) => [name, text]))
}

function holds(
  format: ExportFormat,
  read: (text: string, names: readonly string[]) => object | Promise<object>,
  runs = numRuns,
) {
  return async () => {
    const check = async (texts: readonly string[]) => {
      const { entries, text, expected } = carried(texts, format)
      assert.deepEqual(
        {
          ...(await read(
            text,
            entries.map(({ name }) => name),
          )),
        },
        expected,
      )
    }
    await check(hard)
    await fc.assert(fc.asyncProperty(values, check), { numRuns: runs })
  }
}

const fewer = Math.ceil(numRuns / 5)

suite('An export', () => {
  test(
    'in dotenv is what the dotenv library reads',
    holds('dotenv', (text) => dotenv.parse(text)),
  )
  test(
    'in dotenv is what Node reads, but for carriage returns',
    holds('dotenv', (text, names) => {
      const [own, library] = [parseEnv(text), dotenv.parse(text)]
      // Node leaves \r in double quotes as it is.
      return Object.fromEntries(names.map((name) => [name, library[name]?.includes('\r') ? library[name] : own[name]]))
    }),
  )
  for (const [reader, readAll, canRead] of consumers.dotenvReaders) {
    test(`in dotenv is what ${reader.name} reads`, { skip: reader.missing }, async () => {
      const check = (texts: readonly string[]) => {
        const { text, expected } = carried(
          texts.filter((one) => canRead('V', one)),
          'dotenv',
        )
        assert.deepEqual({ ...readAll([text])[0] }, expected)
      }
      check(hard)
      await fc.assert(fc.property(values, check), { numRuns: fewer })
    })
  }
  for (const shell of ['sh', 'bash', 'dash', 'zsh']) {
    test(
      `in dotenv is what ${shell} has in its variables, which runs nothing of it`,
      { skip: consumers.missing(shell) },
      holds('dotenv', (text, names) => consumers.readByShell(shell, text, names), fewer),
    )
  }
  for (const shell of ['sh', 'bash', 'dash']) {
    test(
      `in shell is what ${shell} has in its variables`,
      { skip: consumers.missing(shell) },
      holds('shell', (text, names) => consumers.readByShell(shell, text, names), fewer),
    )
  }
  test('in docker is what the rules of env-files say', holds('docker', consumers.readAsDocker))
  test(
    'in docker is what the client of Docker reads',
    { skip: consumers.missing('docker') },
    holds('docker', consumers.readByDocker, 2),
  )
  test('in github is what the documented rules of heredocs say', holds('github', consumers.readAsGithub))
  test(
    'in json is what JSON reads',
    holds('json', (text) => JSON.parse(text)),
  )
  test(
    'in yaml is what a reader of YAML 1.2 reads',
    holds('yaml', (text) => parse(text)),
  )
  test(
    'in yaml is what PyYAML reads',
    { skip: missingInPython('yaml') },
    holds('yaml', (text) => python('import yaml\nout = yaml.safe_load(data)', text) as object, fewer),
  )
  test(
    'in k8s is base64 that a reader of YAML finds',
    holds('k8s', (text) => {
      const manifest = parse(text)
      assert.deepEqual([manifest.kind, manifest.metadata.name], ['Secret', 'app'])
      const data = Object.entries(manifest.data as Record<string, string>)
      return Object.fromEntries(data.map(([name, coded]) => [name, Buffer.from(coded, 'base64').toString()]))
    }),
  )
  test('in tfvars is what the rules of HCL say', holds('tfvars', consumers.readAsHcl))
  test(
    'in tfvars is what Terraform reads',
    { skip: consumers.missing('terraform') },
    holds('tfvars', consumers.readByTerraform, 1),
  )

  const all = ['dotenv', 'json', 'yaml', 'shell', 'docker', 'k8s', 'github', 'tfvars'] as const
  const everyday = ['', 'plain', 'p4$$ w0rd!', '"quoted"', "it's", 'a#b', '{"a":"$b"}', 'C:\\new\\table', 'ünïcödé']
  for (const format of all) {
    test(`in ${format} takes every everyday value`, () => {
      for (const text of everyday) assert.ok(isTaken({ name: 'V', value: text }, format), text)
    })
  }

  test('in dotenv refuses what its readers read differently, and names formats that can carry it', () => {
    for (const text of [
      `it's $5`,
      `it's "it"`,
      "it's `x`",
      `\${b}`,
      "it's \\",
      'a\\',
      'a\\\\b',
      'a\rb',
      "touch ran `id` #'",
    ]) {
      const write = () => writeEntries([{ name: 'V', value: text }], 'dotenv', '')
      assert.throws(write, /^Refusal: V: Has .* Export it as shell, json or yaml, or leave it out with --only/)
      for (const format of ['shell', 'json', 'yaml'] as const) assert.ok(isTaken({ name: 'V', value: text }, format))
    }
  })

  const refused: readonly (readonly [ExportFormat, string | Uint8Array])[] = [
    ...all.filter((one) => !['k8s', 'yaml'].includes(one)).map((one) => [one, Uint8Array.of(0, 255)] as const),
    ['docker', 'a\nb'],
    ['docker', 'a\r'],
    ['docker', 'x'.repeat(70_000)],
    ['shell', 'a\0b'],
    ['dotenv', 'a\0b'],
    ['github', 'a\0b'],
    ['tfvars', 'a\0b'],
    ['tfvars', 'e\u0301'],
    ['dotenv', `'"\``],
    ['dotenv', `a\r"`],
    ['k8s', 'x'.repeat(1_048_577)],
  ]
  for (const [format, text] of refused) {
    test(`in ${format} refuses ${JSON.stringify(String(text).slice(0, 10))}, and does not show it`, () => {
      const write = () => writeEntries([{ name: 'planted', value: text }], format, 'planted')
      assert.throws(write, (error) => error instanceof Refusal && !error.message.includes(String(text)))
    })
  }

  test('carries bytes where the format has a place for them', { skip: missingInPython('yaml') }, () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, at) => at)
    const entry = { name: 'file', value: bytes }

    assert.deepEqual(Buffer.from(parse(writeEntries([entry], 'k8s', 'app')).data.file, 'base64'), Buffer.from(bytes))
    const program = 'import yaml, base64\nout = base64.b64encode(yaml.safe_load(data)["file"]).decode()'
    const coded = python(program, writeEntries([entry], 'yaml', 'app'))
    assert.deepEqual(Buffer.from(String(coded), 'base64'), Buffer.from(bytes))
  })

  test('ends a value for GitHub with a word that nobody could foresee', () => {
    const entry = { name: 'A', value: 'x' }
    assert.notEqual(writeEntries([entry], 'github', ''), writeEntries([entry], 'github', ''))
    assert.match(writeEntries([entry], 'github', ''), /^A<<(end_[0-9a-f]{32})\nx\n\1\n$/)
  })

  test('refuses two secrets that would become one variable, by name', () => {
    const entries = ['db-password', 'db.password'].map((name) => ({ name, value: 'x' }))
    const folders = ['db/password', 'db_password'].map((name) => ({ name, value: 'x' }))

    for (const format of ['dotenv', 'shell', 'docker', 'github'] as const) {
      assert.throws(
        () => writeEntries(entries, format, ''),
        /db\.password: Would be called DB_PASSWORD, as db-password is/,
      )
      assert.throws(
        () => writeEntries(folders, format, ''),
        /db_password: Would be called DB_PASSWORD, as db\/password is/,
      )
    }
    for (const format of ['k8s', 'tfvars'] as const) {
      assert.throws(
        () => writeEntries(folders, format, ''),
        /db_password: Would be called db_password, as db\/password is/,
      )
    }
    assert.equal(Object.keys(JSON.parse(writeEntries(entries, 'json', ''))).length, 2)
  })

  test('takes every name that a secret can have', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,12}(\/[A-Za-z0-9_][A-Za-z0-9_.-]{0,12}){0,3}$/)
    fc.assert(
      fc.property(name, (one) => {
        assert.match(envName(one), /^[A-Z_][A-Z0-9_]*$/)
        assert.match(hclName(one), /^[A-Za-z_][A-Za-z0-9_-]*$/)
        assert.match(keyName(one), /^[-._a-zA-Z0-9]+$/)
        assert.deepEqual(Object.entries(JSON.parse(writeEntries([{ name: one, value: 'x' }], 'json', ''))), [
          [one, 'x'],
        ])
      }),
      { numRuns },
    )
    for (const one of ['yes', 'null', '1.0', '__proto__', '-']) {
      assert.ok(Object.hasOwn(JSON.parse(writeEntries([{ name: one, value: 'x' }], 'json', '')), one))
    }
  })

  test('knows no other format', () => {
    for (const word of ['toml', '', 'toString', '__proto__']) assert.throws(() => exportFormatOf(word), /--format/)
  })
})
