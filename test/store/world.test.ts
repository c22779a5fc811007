/** What a batch holds of tables, whatever tables they are. */
import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { suite, test } from 'node:test'
import { RowMacs } from '../../src/store/row-macs.ts'
import { fact, index, plainly } from '../../src/store/rows.ts'
import { spent } from '../../src/store/tables/factor.ts'
import { integer, text, textOrNull } from '../../src/store/tables/field.ts'
import { openTable } from '../../src/store/tables/table.ts'
import { World } from '../../src/store/world.ts'
import { stepsOf } from '../../src/store/writes.ts'

interface Label {
  readonly accountId: number
  readonly id: number
  readonly name: string
  readonly code: string | null
}

const uses = fact<readonly [accountId: number, length: number], number>('uses')

/** A table that no other file knows of. */
const labels = openTable<Label>()({
  name: 'labels',
  key: ['accountId', 'id'],
  unique: [['accountId', 'name']],
  holdsKeys: false,
  unsealed: 'only here',
  writing: { ...plainly, counts: { fact: uses, of: ({ accountId, name }) => [[accountId, name.length]] } },
  fields: {
    accountId: integer('account_id'),
    id: integer('id'),
    name: text('name'),
    code: textOrNull('code'),
  },
})
const labelsByName = index(labels, 'accountId', 'name')
const labelsByCode = index(labels, 'code')

const red: Label = { accountId: 1, id: 1, name: 'red', code: 'r' }
const blue: Label = { accountId: 1, id: 2, name: 'blue', code: null }

suite('A world', () => {
  test('finds rows of a table that it has never heard of by their keys and indexes', () => {
    const world = worldOf()
    world.take(labels, [red])
    assert.equal(world.find(labelsByName, 1, 'red'), red)
    world.take(labels, [blue])

    assert.equal(world.get(labels, 1, 2), blue)
    assert.equal(world.get(labels, 2, 2), undefined)
    assert.equal(world.find(labelsByName, 1, 'blue'), blue)
    assert.equal(world.find(labelsByName, 2, 'blue'), undefined)
    assert.equal(world.find(labelsByCode, 'r'), red)
    assert.deepEqual([...world.all(labels)], [red, blue])
  })

  test('knows by an index that a row is there which it does not have', () => {
    const world = worldOf()
    world.note(labelsByName, { accountId: 1, id: 7, name: 'green' })

    assert.equal(world.has(labelsByName, 1, 'green'), true)
    assert.equal(world.known(labelsByName, 1, 'green')?.id, 7)
    assert.equal(world.find(labelsByName, 1, 'green'), undefined)
  })

  test('follows what a batch does: what was given up is free, and what another took is theirs', () => {
    const world = worldOf()
    world.take(labels, [red, blue])
    assert.equal(world.has(labelsByName, 1, 'red'), true)

    const [other, took] = [
      { ...red, name: 'green' },
      { ...blue, name: 'red' },
    ]
    world.put(labels, took)
    world.put(labels, other)

    assert.equal(world.find(labelsByName, 1, 'red'), took)
    assert.equal(world.find(labelsByName, 1, 'green'), other)
    assert.equal(world.has(labelsByName, 1, 'blue'), false)
    world.remove(labels, took)
    assert.equal(world.has(labelsByName, 1, 'red'), false)
    assert.equal(world.get(labels, 1, 2), undefined)
  })

  test('leads to a row again whose name another one had for a moment', () => {
    const world = worldOf()
    world.take(labels, [red])
    world.note(labelsByName, { accountId: 1, id: 7, name: 'green' })

    for (const name of ['red', 'green']) {
      world.put(labels, { ...blue, name })
      assert.equal(world.known(labelsByName, 1, name)?.id, blue.id)
    }
    world.put(labels, blue)

    assert.equal(world.find(labelsByName, 1, 'red'), red)
    assert.equal(world.known(labelsByName, 1, 'green')?.id, 7)
    world.remove(labels, red)
    assert.equal(world.has(labelsByName, 1, 'red'), false)
  })

  test('counts what its rows count as', () => {
    const world = worldOf()
    world.setFact(uses, 4, 1, 3)

    world.put(labels, red)
    assert.equal(world.fact(uses, 1, 3), 5)
    world.put(labels, { ...red, name: 'rosy' })
    assert.deepEqual([world.fact(uses, 1, 3), world.fact(uses, 1, 4)], [4, 1])
    world.remove(labels, { ...red, name: 'rosy' })
    assert.equal(world.fact(uses, 1, 4), 0)
  })

  test('says of each row once what became of it, and whether it was there', () => {
    const world = worldOf()
    world.take(labels, [red])

    world.put(labels, { ...red, name: 'rosy' })
    world.remove(labels, { ...red, name: 'rosy' })
    world.put(labels, blue)
    world.put(labels, { ...blue, name: 'navy' })

    assert.deepEqual(
      world.changes.fates(labels).map(({ existed, row }) => [existed, row?.name]),
      [
        [true, undefined],
        [false, 'navy'],
      ],
    )
  })

  test('writes nothing of a row that was made and taken away in the batch', () => {
    const world = worldOf()
    const one = { accountId: 1, hash: 'a', expiresAt: 5 }
    world.put(spent, one)
    world.put(spent, { ...one, hash: 'b' })
    world.remove(spent, one)

    assert.deepEqual(
      stepsOf(world.changes, 10).map(({ kind, rows }) => [kind, rows]),
      [['insert', [{ ...one, hash: 'b' }]]],
    )
  })

  test('writes no table that copies and backups would not know', () => {
    const world = worldOf()
    world.put(labels, red)

    assert.throws(() => stepsOf(world.changes, 10), /labels is not among the tables/)
  })
})

function worldOf(): World {
  const macs = new RowMacs(createSecretKey(new Uint8Array(32)), '00')
  return new World({ storeId: '00', macs, forged: [], now: 0, keepVersions: 10, isShared: false })
}
