/**
 * How fast a chain is verified, on one core: records a second, beside the bare hashing of the same texts, in one run.
 */
import { hash } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { emptyHead, nextHead } from '../src/audit/chain.ts'
import { type AuditRecord, encodeRecord, formatOf } from '../src/audit/record.ts'
import { type StoredRecord, verifyChain } from '../src/audit/verify.ts'

const storeId = '0a'.repeat(16)
const count = 200_000
const rounds = 5
const page = 1000

const records = makeLog()
const texts = records.map(({ record }) => encodeRecord(record))
const head = records.at(-1)?.head ?? emptyHead(storeId, 1)

for (let round = 1; round <= rounds; round++) {
  const bare = perSecond(() => {
    for (const text of texts) hash('sha256', text, 'buffer')
  })
  const started = performance.now()
  const { fault } = await verifyChain(storeId, 1, stream(records), { size: count, head })
  const verified = Math.round((count / (performance.now() - started)) * 1000)
  if (fault !== undefined) throw new Error(fault.reason)
  console.log(`verify ${verified}/s, bare SHA-256 of the texts ${bare}/s, x${(verified / bare).toFixed(2)}`)
}

function perSecond(work: () => void): number {
  const started = performance.now()
  work()
  return Math.round((count / (performance.now() - started)) * 1000)
}

/** As the store gives them. */
async function* stream(log: readonly StoredRecord[]): AsyncGenerator<readonly StoredRecord[]> {
  for (let at = 0; at < log.length; at += page) yield log.slice(at, at + page)
}

function makeLog(): StoredRecord[] {
  let last: Uint8Array = emptyHead(storeId, 1)
  return Array.from({ length: count }, (_, at) => {
    const record: AuditRecord = {
      accountId: 1,
      seq: at + 1,
      time: Date.UTC(2026, 0, 1) + at * 3,
      principal: { kind: 'key', id: 1 + (at % 7), name: 'deploy pipeline' },
      action: 'secret.read',
      object: {
        kind: 'secret',
        id: 1 + (at % 1000),
        uid: hash('md5', String(at % 1000), 'hex'),
        name: `prod-service-${at % 1000}`,
        version: 1,
        hash: hash('sha256', String(at), 'hex'),
      },
      outcome: 'ok',
      requestId: `k3Jd8s0a-${at.toString(36)}`,
      address: '10.1.2.3',
      format: formatOf({ environmentId: null }),
      environmentId: null,
    }
    last = nextHead(last, record)
    return { record, head: last }
  })
}
