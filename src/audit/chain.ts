/**
 * The chain of an account's audit records.
 *
 *   leaf_n = SHA-256(0x00 ‖ canonical text of record n)          (RFC 6962, section 2.1: domain separation)
 *   head_0 = SHA-256("strongroom audit chain 1" ‖ 0x00 ‖ store id ‖ 0x00 ‖ account id in decimal)
 *   head_n = SHA-256(0x01 ‖ head_(n-1) ‖ leaf_n)
 */
import { hash } from 'node:crypto'
import { type AuditRecord, encodeRecord } from './record.ts'

/** The head of an empty chain, bound to its store and account so that chains cannot be exchanged. */
export function emptyHead(storeId: string, accountId: number): Buffer {
  return hash('sha256', `strongroom audit chain 1\0${storeId}\0${accountId}`, 'buffer')
}

/** The head after one more record. */
export function nextHead(head: Uint8Array, record: AuditRecord): Buffer {
  return nextHeadOf(head, encodeRecord(record))
}

/** The head after a record of which only the canonical text is at hand. */
export function nextHeadOf(head: Uint8Array, text: string): Buffer {
  const leaf = hash('sha256', `\0${text}`, 'buffer')
  const node = Buffer.allocUnsafe(65)
  node[0] = 1
  node.set(head, 1)
  node.set(leaf, 33)
  return hash('sha256', node, 'buffer')
}
