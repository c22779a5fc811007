/** What records say of API keys, and of the sessions that are kept as such. */
import { hash } from 'node:crypto'
import type { AuditObject } from '../../audit/record.ts'
import type { ApiKey } from '../../model/api-key.ts'

export function objectOfKey({ id, uid, name, mac }: ApiKey): AuditObject {
  return { kind: 'key', id, uid, name, version: null, hash: hash('sha256', mac, 'hex') }
}

export function objectOfSession({ id, uid, mac }: ApiKey): AuditObject {
  return { kind: 'session', id, uid, name: null, version: null, hash: hash('sha256', mac, 'hex') }
}
