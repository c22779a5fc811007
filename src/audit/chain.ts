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

/** 0x01, a head and a leaf: written anew for each record, and read before anything else runs. */
const node = Buffer.alloc(65, 1)

/** The head after a record of which only the canonical text is at hand. */
export function nextHeadOf(head: Uint8Array, text: string): Buffer {
  if (head.length !== 32) throw new RangeError('A head has 32 bytes.')
  node.set(head, 1)
  // As latin1, a byte a character: Node makes that in half the time of a buffer.
  node.write(hash('sha256', `\0${text}`, 'latin1'), 33, 'latin1')
  return Buffer.from(hash('sha256', node, 'latin1'), 'latin1')
}
