/** A collector of OpenTelemetry: records as logs, OTLP by HTTP in JSON (proto3's mapping, with whole numbers of 64 bits as texts). */
import { encodeRecord } from '../audit/record.ts'
import type { StoredRecord } from '../audit/verify.ts'
import { post } from './post.ts'
import type { Piece, Receiver, Taken } from './receiver.ts'
import type { HttpPlace } from './settings.ts'
import { severityOf } from './syslog.ts'

export interface OtlpOrigin {
  readonly storeId: string
  /** Of this program. */
  readonly version: string
  readonly serviceName: string
}

type Value = { readonly stringValue: string } | { readonly intValue: string }

interface Attribute {
  readonly key: string
  readonly value: Value
}

/** SeverityNumber of the data model. */
const severities = {
  informational: { severityNumber: 9, severityText: 'INFO' },
  warning: { severityNumber: 13, severityText: 'WARN' },
  critical: { severityNumber: 21, severityText: 'FATAL' },
} as const

export class OtlpReceiver implements Receiver {
  readonly #place: HttpPlace
  readonly #origin: OtlpOrigin
  readonly #now: () => number

  constructor(place: HttpPlace, origin: OtlpOrigin, now: () => number) {
    this.#place = place
    this.#origin = origin
    this.#now = now
  }

  async close(): Promise<void> {}

  async take(pieces: readonly Piece[], stop: AbortSignal): Promise<Taken> {
    const body = Buffer.from(JSON.stringify(exportRequest(pieces, this.#origin, this.#now())))
    const headers = { 'content-type': 'application/json', accept: 'application/json' }
    return { rejected: rejectedIn(await post(this.#place, headers, body, stop)) }
  }
}

/** ExportLogsServiceRequest. */
export function exportRequest(pieces: readonly Piece[], origin: OtlpOrigin, now: number) {
  const { storeId, version, serviceName } = origin
  const resource = attributes({
    'service.name': serviceName,
    'service.version': version,
    'strongroom.store.id': storeId,
  })
  const logRecords = pieces.flatMap(({ records }) => records.map((one) => logRecord(one, storeId, now)))
  const scope = { name: 'strongroom.audit', version }
  return { resourceLogs: [{ resource: { attributes: resource }, scopeLogs: [{ scope, logRecords }] }] }
}

function logRecord({ record, head }: StoredRecord, storeId: string, now: number) {
  const { accountId, seq, time, action, outcome, principal, object, requestId, address, format, environmentId } = record
  const severity = severityOf(outcome)
  return {
    timeUnixNano: nanoseconds(time),
    observedTimeUnixNano: nanoseconds(now),
    ...severities[severity],
    eventName: `strongroom.audit.${action}`,
    body: { stringValue: encodeRecord(record) },
    attributes: attributes({
      // The same when it comes again.
      'log.record.uid': `${storeId}/${accountId}/${seq}`,
      'user.id': `${principal.kind}/${principal.id}`,
      'user.name': principal.name,
      'client.address': address || undefined,
      'error.type': severity === 'informational' ? undefined : outcome,
      'strongroom.account.id': accountId,
      'strongroom.audit.seq': seq,
      'strongroom.audit.format': format,
      'strongroom.audit.head': Buffer.from(head).toString('hex'),
      'strongroom.action': action,
      'strongroom.outcome': outcome,
      'strongroom.request_id': requestId,
      'strongroom.environment.id': environmentId,
      'strongroom.object.kind': object?.kind,
      'strongroom.object.id': object?.id,
      'strongroom.object.uid': object?.uid,
      'strongroom.object.name': object?.name,
      'strongroom.object.version': object?.version,
    }),
  }
}

function nanoseconds(ms: number): string {
  return String(BigInt(ms) * 1_000_000n)
}

/** Those that there are. */
function attributes(values: Readonly<Record<string, string | number | null | undefined>>): Attribute[] {
  return Object.entries(values).flatMap(([key, value]) => {
    if (value === null || value === undefined) return []
    return [{ key, value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value } }]
  })
}

/** Of a partial success: the collector keeps them out, and wants them never again. An empty answer is a whole success. */
export function rejectedIn(answer: string): number {
  const rejected = member(member(parsed(answer), 'partialSuccess'), 'rejectedLogRecords')
  // A number of 64 bits comes as a text, or as a number from those who are not exact.
  const count = typeof rejected === 'string' || typeof rejected === 'number' ? Number(rejected) : 0
  return Number.isSafeInteger(count) && count > 0 ? count : 0
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
