/** The definitions of the tables: they say what rows mean, as rows always did, and what the schema has. */
import assert from 'node:assert/strict'
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { Principal } from '../../src/model/principal.ts'
import { plainly } from '../../src/store/rows.ts'
import { integer, mac, principalOrNull, textOrNull } from '../../src/store/tables/field.ts'
import { sealedTable, type Table, type TableOf } from '../../src/store/tables/table.ts'
import { tables } from '../../src/store/tables/tables.ts'
import { compile } from '../support/compiler.ts'
import { engines } from '../support/engines.ts'
import { startServer } from '../support/server.ts'
import { copyTree, writeSettings } from '../support/tree.ts'
import { assertOrder, assertRows, isOfThen, linesOf, namesOfThen, schemaOf } from './defined.ts'

const root = join(import.meta.dirname, '../..')

suite('The definitions of the tables', () => {
  test('say of rows from before what they always said: what they mean, what they hold, and what their MACs are made of', () => {
    for (const table of tables) assertRows(modelled(table))
    assert.equal(
      modelled(tables.find(({ name }) => name === 'deployments')).text({
        ...{ accountId: 2, id: 3, target: 'web-1', principal: { kind: 'key', id: 4, name: 'ci' }, seedId: null },
        ...{ createdAt: 5, secrets: [{ id: 6, uid: 'a', name: 'db', version: 7 }], environmentId: 1 },
      } as never),
      '["deployments",2,2,3,"web-1",["key",4,"ci"],null,5,[[6,"a","db",7]]]',
    )
  })

  test('have the columns of backups in the order of backups, with what older ones lack', () => {
    for (const table of tables) assertOrder(table)
    assert.deepEqual(
      tables.filter(isOfThen).map(({ name }) => name),
      namesOfThen,
    )
  })

  test('leave the MACs of older rows as they are when a column comes, and cover all else that it holds', () => {
    const younger = sealedTable<{ id: number; color: string | null; owner: Principal | null; mac: Uint8Array }>()({
      name: 'younger',
      key: ['id'],
      unique: [],
      holdsKeys: false,
      writing: plainly,
      called: ({ id }) => ({ kind: 'list', id, uid: null, name: null }),
      whenMissing: '',
      fields: {
        id: integer('id'),
        mac: mac(),
        color: textOrNull('color', { added: { by: '0099-colors', value: null } }),
        owner: principalOrNull('owner', { added: { by: '0099-colors', value: null } }),
      },
    })

    const texts = [
      { color: null, owner: null },
      { color: '', owner: null },
      { color: 'red', owner: null },
      { color: null, owner: { kind: 'key', id: 2, name: 'ci' } as const },
      { color: 'red', owner: { kind: 'key', id: 2, name: 'ci' } as const },
    ].map((row) => younger.text({ id: 1, ...row }))

    assert.deepEqual(texts, [
      '["younger",2,1]',
      '["younger",2,1,["color",""]]',
      '["younger",2,1,["color","red"]]',
      '["younger",2,1,["owner",["key",2,"ci"]]]',
      '["younger",2,1,["color","red"],["owner",["key",2,"ci"]]]',
    ])
  })

  test('lack no line that is not missed: it does not compile without it, or a test here fails', async (t) => {
    const { place } = await startServer(t, engines[0] ?? assert.fail())
    const schema = await schemaOf(place)
    const { folder, lines } = withoutEachLine(t)

    const faulty = await filesThatDoNotCompile(folder)
    // With nothing missing, all of them compile: what does not is a line that is missed.
    const whole = globSync('src/store/tables/*.ts', { cwd: root }).map((path) => basename(path))
    assert.deepEqual(
      whole.filter((file) => faulty.has(file)),
      [],
    )

    const unnoticed: string[] = []
    for (const { file, line } of lines) {
      if (faulty.has(file)) continue
      const defined = Object.values(await import(pathToFileURL(join(folder, 'src/store/tables', file)).href))
      if (defined.filter(isTable).every((table) => holds(table, schema))) unnoticed.push(line)
    }
    assert.deepEqual(unnoticed, [])
    assert.ok(lines.length > 250, String(lines.length))
  })
})

for (const engine of engines) {
  suite(`${engine.name}: the schema`, { skip: engine.skip }, () => {
    test('is what the tables are described as: columns, what may be missing, primary and unique keys', async (t) => {
      const { place } = await startServer(t, engine)

      const found = await schemaOf(place)

      assert.deepEqual(found, tables.flatMap(linesOf).sort())
    })
  })
}

/** Of whatever model. */
function modelled(table: Table | undefined): TableOf<unknown> {
  return (table ?? assert.fail()) as TableOf<unknown>
}

function isTable(value: unknown): value is TableOf<unknown> {
  return typeof value === 'object' && value !== null && 'keyLength' in value
}

function holds(table: TableOf<unknown>, schema: readonly string[]): boolean {
  try {
    assertRows(table)
    assertOrder(table)
    assert.deepEqual(
      linesOf(table),
      schema.filter((line) => line.startsWith(`${table.name} `)),
    )
    return true
  } catch {
    return false
  }
}

/** A copy of the store's tables with a file for each line of a definition: the same without that line. */
function withoutEachLine(t: TestContext) {
  const folder = copyTree([
    'src/model',
    'src/audit',
    'src/errors.ts',
    'src/store/tables',
    'src/store/reply.ts',
    'src/store/rows.ts',
    'src/store/stored.ts',
  ])
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const lines = globSync('src/store/tables/*.ts', { cwd: root }).flatMap((path) => {
    const text = readFileSync(join(root, path), 'utf8').split('\n')
    return describing(text).map((at) => {
      const file = `${basename(path, '.ts')}-${at + 1}.ts`
      writeFileSync(join(folder, 'src/store/tables', file), text.toSpliced(at, 1).join('\n'))
      return { file, line: `${path}:${at + 1} ${text[at]}` }
    })
  })
  return { folder, lines }
}

/** The lines between the first one of a definition and the last. */
function describing(text: readonly string[]): number[] {
  let isWithin = false
  return text.flatMap((line, at) => {
    if (/(sealed|open)Table<\w+>\(\)\(\{$/.test(line)) isWithin = true
    else if (line === '})') isWithin = false
    else if (isWithin) return [at]
    return []
  })
}

/** The compiler looks at types only when there is no file that it cannot read: then it is asked again without those. */
async function filesThatDoNotCompile(folder: string): Promise<ReadonlySet<string>> {
  writeSettings(folder, 'src/store/tables')
  const faulty = new Set<string>()
  for (;;) {
    const { stdout } = await compile(folder, '--pretty', 'false')
    const found = [...stdout.matchAll(/^src\/store\/tables\/([^(]+)\(/gm)].map(([, file = '']) => file)
    if (found.length === 0) return faulty
    for (const file of new Set(found)) {
      faulty.add(file)
      rmSync(join(folder, 'src/store/tables', file))
    }
  }
}
