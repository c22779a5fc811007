/** What the Vault API answers, held field by field against what the real server does; and each difference against the document. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { engines } from '../support/engines.ts'
import { startServer } from '../support/server.ts'
import { corpus } from './corpus.ts'
import { assertAnswered, sendAll } from './corpus-run.ts'

const [sqlite] = engines
assert.ok(sqlite)

suite('The answers of the Vault API', () => {
  test('are those of the real server, but for what is named', async (t) => {
    const { api, url, withScopes } = await startServer(t, sqlite, { isVaultApiServed: true })
    const { key: lister } = await withScopes('secrets:list')
    const target = { url, token: api.key, lister, stranger: `${api.key.slice(0, -1)}x` }
    const wrong: string[] = []
    for (const answered of await sendAll(target, corpus)) {
      const { ours, real } = answered.case
      try {
        assertAnswered(answered, ours ?? real ?? assert.fail('A case expects an answer.'))
      } catch (error) {
        wrong.push(error instanceof Error ? error.message : String(error))
      }
    }
    assert.deepEqual(wrong, [])
    assert.ok(corpus.length > 220, String(corpus.length))
  })

  test('differ where the document says so, and nowhere else', () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/vault.md'), 'utf8')
    const table = page.slice(page.indexOf('## What differs'), page.indexOf('## Wrapped answers'))
    const rows = table.match(/^\| (?!Here|---).*$/gm)?.map((row) => row.slice(2)) ?? []
    assert.ok(rows.length > 10)
    for (const { name, real, ours, differs } of corpus) {
      assert.equal(ours !== undefined, differs !== undefined, name)
      assert.notDeepEqual(ours, real, name)
      if (differs !== undefined) assert.equal(rows.filter((row) => row.startsWith(differs)).length, 1, differs)
    }
    const shown = new Set(corpus.map(({ differs }) => differs))
    const unshown = rows.filter((row) => ![...shown].some((one) => one !== undefined && row.startsWith(one)))
    assert.deepEqual(unshown, [])
  })
})
