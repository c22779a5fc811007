/** The chain: published vectors, canonical text, and every kind of tampering found by two verifiers. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { emptyHead, nextHead, nextHeadOf } from '../../src/audit/chain.ts'
import { exportHeader, followExport } from '../../src/audit/export.ts'
import { type AuditRecord, actions, encodeRecord } from '../../src/audit/record.ts'
import { type StoredRecord, verifyChain } from '../../src/audit/verify.ts'
import type { NamedRow } from '../../src/store/tables/field.ts'
import { toStoredRecord } from '../../src/store/tables/record.ts'
import type { AuditRow } from '../support/audit-row.ts'
import { rounds } from '../support/chance.ts'
import { anyCharacter, fc } from '../support/fast-check.ts'
import * as second from './second-verifier.ts'

const storeId = '0a'.repeat(16)

const text = fc.string({ unit: anyCharacter, maxLength: 12 })
const whole = fc.nat(1_000_000)
const unformatted = fc.record({
  principal: fc.record({ kind: fc.constantFrom('key', 'host', 'system'), id: whole, name: text }),
  action: fc.constantFrom(...actions),
  object: fc.option(
    fc.record({
      kind: fc.constantFrom('secret', 'key', 'account'),
      id: fc.option(whole),
      uid: fc.option(fc.constant('0b'.repeat(16))),
      name: fc.option(text),
      version: fc.option(whole),
      hash: fc.option(fc.constant('0c'.repeat(32))),
    }),
  ),
  outcome: fc.constantFrom('ok', 'not_found', 'forbidden'),
  requestId: text,
  address: fc.constantFrom('127.0.0.1', '::1', ''),
  environmentId: fc.option(fc.integer({ min: 2, max: 9 })),
})
const record: fc.Arbitrary<Omit<AuditRecord, 'accountId' | 'seq' | 'time'>> = unformatted.map((one) => ({
  ...one,
  format: one.environmentId === null ? 1 : 2,
}))
const log = fc.array(fc.tuple(record, fc.nat(100_000)), { minLength: 4, maxLength: 12 })

/** A log as the table keeps it. */
function rowsOf(
  accountId: number,
  entries: readonly (readonly [Omit<AuditRecord, 'accountId' | 'seq' | 'time'>, number])[],
) {
  let head = emptyHead(storeId, accountId)
  let time = Date.UTC(2026, 0, 1)
  return entries.map(([entry, pause], at): AuditRow => {
    time += pause
    const complete = { ...entry, accountId, seq: at + 1, time }
    head = nextHead(head, complete)
    return toRow(complete, head)
  })
}

function toRow({ principal, object, ...rest }: AuditRecord, head: Uint8Array): AuditRow {
  return {
    account_id: rest.accountId,
    seq: rest.seq,
    ms: rest.time,
    principal_kind: principal.kind,
    principal_id: principal.id,
    principal_name: principal.name,
    action: rest.action,
    object_kind: object?.kind ?? null,
    object_id: object?.id ?? null,
    object_uid: object?.uid ?? null,
    object_name: object?.name ?? null,
    object_version: object?.version ?? null,
    object_hash: object?.hash ?? null,
    outcome: rest.outcome,
    request_id: rest.requestId,
    address: rest.address,
    head,
    format: rest.format,
    environment_id: rest.environmentId,
  }
}

/** The first sequence number that does not hold, as both verifiers say. */
async function firstBad(accountId: number, rows: readonly AuditRow[], stated: { size: number; head: Uint8Array }) {
  const verdict = await verifyChain(storeId, accountId, stream(rows.map(toStoredRecord)), stated)
  const head = Buffer.from(stated.head).toString('hex')
  const finding = second.verify(storeId, accountId, rows as unknown as second.RawRecord[], { size: stated.size, head })
  assert.equal(finding.badSeq, verdict.fault?.seq, 'The two verifiers differ.')
  assert.equal(finding.head, Buffer.from(verdict.head).toString('hex'))
  return verdict.fault?.seq
}

async function* each(lines: readonly string[]): AsyncIterable<string> {
  yield* lines
}

async function* stream(records: readonly StoredRecord[]): AsyncIterable<readonly StoredRecord[]> {
  // In pages, as a store gives them.
  for (let at = 0; at < records.length; at += 3) yield records.slice(at, at + 3)
}

function statedBy(rows: readonly AuditRow[], accountId: number) {
  return { size: rows.length, head: rows.at(-1)?.head ?? emptyHead(storeId, accountId) }
}

suite('The audit chain', () => {
  test('of the published vectors has the published heads', async () => {
    const vectors = JSON.parse(readFileSync(join(import.meta.dirname, '../vectors/audit-chain.json'), 'utf8')) as {
      store_id: string
      account_id: number
      empty_head: string
      records: { text: string; row: Record<string, string | number | null>; head: string }[]
    }
    let head = emptyHead(vectors.store_id, vectors.account_id)
    assert.equal(head.toString('hex'), vectors.empty_head)
    assert.ok(vectors.records.length >= 4)
    for (const { text: published, row, head: wanted } of vectors.records) {
      // Rows of before there were formats are of the first one.
      const stored = toStoredRecord({
        ...row,
        format: 1,
        environment_id: null,
        head: Buffer.from(wanted, 'hex'),
      } as NamedRow)
      assert.equal(encodeRecord(stored.record), published)
      assert.equal(second.textOf(row), published)
      head = nextHead(head, stored.record)
      assert.equal(head.toString('hex'), wanted)
    }
  })

  test('hashes the canonical text of RFC 8785', () => {
    fc.assert(
      fc.property(record, fc.nat(4_102_444_800_000), (entry, time) => {
        const complete = { ...entry, accountId: 1, seq: 1, time }
        assert.equal(
          encodeRecord(complete),
          second.textOf(toRow(complete, new Uint8Array()) as unknown as second.RawRecord),
        )
      }),
      { numRuns: 500 },
    )
  })

  test('of a clean log raises no alarm', async () => {
    await fc.assert(
      fc.asyncProperty(log, fc.integer({ min: 1, max: 9 }), async (entries, accountId) => {
        const rows = rowsOf(accountId, entries)
        assert.equal(await firstBad(accountId, rows, statedBy(rows, accountId)), undefined)
      }),
      { numRuns: rounds(200, 1000) },
    )
  })

  test('shows every tampering, and names the first record that does not hold', async () => {
    await fc.assert(
      fc.asyncProperty(
        log,
        log,
        fc.nat(),
        fc.nat(),
        fc.constantFrom(...tamperings),
        async (entries, others, first, last, tamper) => {
          const rows = rowsOf(1, entries)
          const stated = statedBy(rows, 1)
          const at = first % rows.length
          const tampered = tamper(rows, at, last, rowsOf(2, others))
          if (tampered === undefined) return
          const bad = await firstBad(1, tampered.rows, stated)
          assert.equal(bad, tampered.badSeq, tamper.name)
        },
      ),
      { numRuns: rounds(1000, 10_000) },
    )
  })

  test('says nothing that its format does not write', async () => {
    const entries = (fc.sample(log, 1)[0] ?? []).map(
      ([entry, pause]) => [{ ...entry, format: 1, environmentId: null }, pause] as const,
    )
    const rows = rowsOf(1, entries)
    const [first, ...others] = rows
    assert.ok(first !== undefined)
    // The first format does not hash an environment: a column that has one was written behind its back.
    assert.equal(await firstBad(1, [{ ...first, environment_id: 7 }, ...others], statedBy(rows, 1)), 1)
  })

  test('is proven up to a record of a format that this version does not know, and says so', async () => {
    const rows = rowsOf(1, fc.sample(log, 1)[0] ?? assert.fail())
    const [first, next] = rows
    assert.ok(first !== undefined && next !== undefined)
    const newer = rows.with(1, { ...next, format: 3 })

    assert.equal(await firstBad(1, newer, statedBy(rows, 1)), 2)
    const verdict = await verifyChain(storeId, 1, stream(newer.map(toStoredRecord)), statedBy(rows, 1))
    assert.match(verdict.fault?.reason ?? '', /the format 3, which this version does not know/)
    const lines = rows.map((row) => encodeRecord(toStoredRecord(row).record))
    const line = (lines[1] ?? '').replace('"object":', '"format":3,"object":')
    const header = { storeId, accountId: 1, after: 0 }
    const start = { size: 0, head: emptyHead(storeId, 1) }
    const [found] = await followExport(each(lines.with(1, line)), header, () => ({ start, anchors: [] }))
    assert.ok(found !== undefined)
    assert.deepEqual([found.size, found.fault?.seq, Buffer.from(found.head)], [1, 2, Buffer.from(first.head)])
    assert.match(found.fault?.reason ?? '', /the format 3, which this version does not know/)
    assert.throws(() => encodeRecord({ ...toStoredRecord(next).record, format: 3 }), RangeError)
  })

  test('holds as an export of several accounts, in which what comes again after a header comes again the same', async () => {
    const linesOf = (accountId: number) =>
      rowsOf(accountId, fc.sample(log, 1)[0] ?? assert.fail()).map((row) => encodeRecord(toStoredRecord(row).record))
    const [one, two] = [linesOf(1), linesOf(2)]
    const header = (accountId: number, after: number) => exportHeader({ storeId, accountId, after })
    const follow = (...lines: readonly string[]) =>
      followExport(each(lines), { storeId, accountId: 1, after: 0 }, (first) => {
        const head = emptyHead(storeId, first.accountId)
        return first.accountId > 2 ? undefined : { start: { size: 0, head }, anchors: [] }
      })
    const faultsOf = async (...lines: readonly string[]) =>
      (await follow(...lines)).flatMap(({ accountId, fault }) => (fault === undefined ? [] : [[accountId, fault.seq]]))
    const changed = (line: string | undefined) => (line ?? '').replace('"action":"', '"action":"x')

    const whole = [
      ...one.slice(0, 2),
      header(2, 0),
      two[0] ?? '',
      one[2] ?? '',
      header(1, 1),
      ...one.slice(1),
      ...two.slice(1),
    ]
    const found = await follow(...whole)
    assert.deepEqual(
      found.map(({ accountId, size, fault }) => [accountId, size, fault]),
      [
        [1, one.length, undefined],
        [2, two.length, undefined],
      ],
    )
    assert.deepEqual(
      found.map(({ head }) => Buffer.from(head)),
      [one, two].map((lines, at) => {
        return lines.reduce<Buffer>((head, line) => nextHeadOf(head, line), emptyHead(storeId, at + 1))
      }),
    )
    assert.deepEqual(await faultsOf(...one, header(1, 1), changed(one[1])), [[1, 2]])
    assert.deepEqual(await faultsOf(...one, one[1] ?? ''), [[1, one.length + 1]])
    assert.deepEqual(await faultsOf(...one, header(1, one.length + 1)), [[1, one.length + 1]])
    assert.deepEqual(await faultsOf(...one, two[0] ?? ''), [[1, one.length + 1]])
    assert.deepEqual(await faultsOf(...one, header(3, 0)), [[1, one.length + 1]])
    assert.deepEqual(await faultsOf(...one, header(2, 0), two[1] ?? ''), [[2, 1]])
    const torn = (one[1] ?? '').slice(0, 20)
    assert.deepEqual(await faultsOf(one[0] ?? '', torn, header(1, 1), ...one.slice(1)), [])
    assert.deepEqual(await faultsOf(one[0] ?? '', torn, ...one.slice(1)), [[1, 2]])
    assert.deepEqual(await faultsOf(one[0] ?? '', torn), [[1, 2]])
  })

  test('does not hold when its account states another head', async () => {
    const [entries] = fc.sample(log, 1)
    const rows = rowsOf(1, entries ?? [])

    assert.equal(await firstBad(1, rows, { size: rows.length, head: emptyHead(storeId, 1) }), rows.length + 1)
  })

  test('with its newest records cut off holds only if the account states so: that is what checkpoints are for', async () => {
    const [entries] = fc.sample(log, 1)
    const rows = rowsOf(1, entries ?? [])
    const cut = rows.slice(0, -2)

    assert.equal(await firstBad(1, cut, statedBy(rows, 1)), rows.length - 1)
    assert.equal(await firstBad(1, cut, statedBy(cut, 1)), undefined)
  })
})

interface Tampered {
  readonly rows: readonly AuditRow[]
  readonly badSeq: number
}

type Tampering = (
  rows: readonly AuditRow[],
  at: number,
  choice: number,
  others: readonly AuditRow[],
) => Tampered | undefined

const fields = Object.keys(
  toRow({ ...(fc.sample(record, 1)[0] ?? assert.fail()), accountId: 1, seq: 1, time: 0 }, new Uint8Array()),
)

const tamperings: readonly Tampering[] = [
  function edit(rows, at, choice) {
    const row = rows[at] ?? assert.fail()
    const field = fields[choice % fields.length] as string
    // With no object, the other columns of an object mean nothing.
    if (field.startsWith('object_') && field !== 'object_kind' && row.object_kind === null) return undefined
    const changed = { ...row, [field]: changedValue(row[field]) } as AuditRow
    return { rows: rows.with(at, changed), badSeq: at + 1 }
  },
  function remove(rows, at) {
    return { rows: rows.toSpliced(at, 1), badSeq: at + 1 }
  },
  function duplicate(rows, at) {
    return { rows: rows.toSpliced(at, 0, rows[at] ?? assert.fail()), badSeq: at + 2 }
  },
  function duplicateRenumbered(rows, at) {
    const copy = rows[at] ?? assert.fail()
    const shifted = rows.slice(at).map((row) => ({ ...row, seq: row.seq + 1 }))
    return { rows: [...rows.slice(0, at), copy, ...shifted], badSeq: at + 2 }
  },
  function exchange(rows, at, choice) {
    const other = choice % rows.length
    if (other === at) return undefined
    const [a, b] = [rows[at] ?? assert.fail(), rows[other] ?? assert.fail()]
    const swapped = rows.with(at, { ...b, seq: a.seq }).with(other, { ...a, seq: b.seq })
    return { rows: swapped, badSeq: Math.min(at, other) + 1 }
  },
  function takeFromAnotherAccount(rows, at, choice, others) {
    const foreign = others[choice % others.length] ?? assert.fail()
    return { rows: rows.with(at, { ...foreign, account_id: 1, seq: at + 1 }), badSeq: at + 1 }
  },
  function insertWithOwnHead(rows, at, choice, others) {
    // Whoever knows the format can continue the chain, but what was there then no longer follows.
    const foreign = toStoredRecord(others[choice % others.length] ?? assert.fail()).record
    const before = at === 0 ? emptyHead(storeId, 1) : (rows[at - 1]?.head ?? assert.fail())
    const time = rows[at]?.ms ?? assert.fail()
    const forged = { ...foreign, accountId: 1, seq: at + 1, time }
    const row = toRow(forged, nextHead(before, forged))
    return {
      rows: [...rows.slice(0, at), row, ...rows.slice(at).map((one) => ({ ...one, seq: one.seq + 1 }))],
      badSeq: at + 2,
    }
  },
  function giveATimeThatIsNone(rows, at) {
    return { rows: rows.with(at, { ...(rows[at] ?? assert.fail()), ms: 8.64e15 + 1 }), badSeq: at + 1 }
  },
  function cutTail(rows, at) {
    return { rows: rows.slice(0, at), badSeq: at + 1 }
  },
  function dropAll(rows) {
    return { rows: rows.slice(0, 0), badSeq: 1 }
  },
]

function changedValue(value: unknown): unknown {
  if (value === null) return 'secret'
  if (typeof value === 'number') return value + 1
  if (typeof value === 'string') return `${value}x`
  const bytes = Uint8Array.from(value as Uint8Array)
  bytes[0] = (bytes[0] ?? 0) ^ 1
  return bytes
}
