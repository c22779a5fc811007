/**
 * What may stand in an ExportLogsServiceRequest, as opentelemetry/proto/logs/v1/logs.proto (1.5 and later) and the JSON mapping of proto3
 * have it: another member, or one of another type, is refused.
 */
import assert from 'node:assert/strict'

type Check = (value: unknown, at: string) => void

const text: Check = (value, at) => assert.equal(typeof value, 'string', at)
/** Of 64 bits: a decimal text. */
const long: Check = (value, at) => assert.match(String(value), typeof value === 'string' ? /^-?\d{1,20}$/ : /never/, at)
const severity: Check = (value, at) =>
  assert.ok(Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 24, at)

const listOf =
  (check: Check): Check =>
  (value, at) => {
    assert.ok(Array.isArray(value), at)
    for (const [index, one] of value.entries()) check(one, `${at}[${index}]`)
  }

const message =
  (fields: Readonly<Record<string, Check>>, needed: readonly string[] = []): Check =>
  (value, at) => {
    assert.ok(typeof value === 'object' && value !== null && !Array.isArray(value), at)
    for (const name of needed) assert.ok(name in value, `${at}.${name}`)
    for (const [name, member] of Object.entries(value))
      (fields[name] ?? assert.fail(`${at}.${name}`))(member, `${at}.${name}`)
  }

const anyValue: Check = (value, at) => {
  message({ stringValue: text, intValue: long })(value, at)
  assert.equal(Object.keys(Object(value)).length, 1, at)
}
const keyValue = message({ key: text, value: anyValue }, ['key', 'value'])
const attributes: Check = (value, at) => {
  listOf(keyValue)(value, at)
  const keys = (Array.isArray(value) ? value : []).map(({ key }: { key: string }) => key)
  assert.equal(new Set(keys).size, keys.length, `${at} names one twice`)
}
const logRecord = message(
  {
    timeUnixNano: long,
    observedTimeUnixNano: long,
    severityNumber: severity,
    severityText: text,
    body: anyValue,
    attributes,
    eventName: text,
  },
  ['timeUnixNano', 'severityNumber', 'body'],
)
const scopeLogs = message({ scope: message({ name: text, version: text }), logRecords: listOf(logRecord) }, [
  'logRecords',
])
const resourceLogs = message({ resource: message({ attributes }), scopeLogs: listOf(scopeLogs) }, [
  'resource',
  'scopeLogs',
])

export const checkExportRequest = (value: unknown) =>
  message({ resourceLogs: listOf(resourceLogs) }, ['resourceLogs'])(value, 'request')

export interface SentLog {
  readonly body: string
  readonly attributes: Readonly<Record<string, string>>
}

/** The records of a request that was checked. */
export function logsIn(body: string): readonly SentLog[] {
  const request = JSON.parse(body)
  checkExportRequest(request)
  interface Pair {
    readonly key: string
    readonly value: { readonly stringValue?: string; readonly intValue?: string }
  }
  interface Log {
    readonly body: { readonly stringValue: string }
    readonly attributes: readonly Pair[]
  }
  interface Resource {
    readonly scopeLogs: readonly { readonly logRecords: readonly Log[] }[]
  }
  return request.resourceLogs.flatMap((resource: Resource) =>
    resource.scopeLogs.flatMap(({ logRecords }) =>
      logRecords.map((log) => ({
        body: log.body.stringValue,
        attributes: Object.fromEntries(
          log.attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue]),
        ),
      })),
    ),
  )
}
