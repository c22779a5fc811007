/** How far sinks have come in the trails of accounts. */
import type { SinkDoubt, SinkPosition } from '../../model/sink.ts'
import { plainly } from '../rows.ts'
import { integer, integerOrNull, json, text, textOrNull } from './field.ts'
import { openTable } from './table.ts'

const noDoubts = {
  added: { by: '0039-sink-doubts', value: '[]' },
  fallback: [],
  cover: (doubts: readonly SinkDoubt[]) => JSON.stringify(doubts),
}

export const auditSinks = openTable<SinkPosition>()({
  name: 'audit_sinks',
  key: ['accountId', 'name'],
  unique: [],
  holdsKeys: false,
  writing: plainly,
  since: '0027-audit-sinks',
  unsealed:
    'say what receivers of the trail were told: whoever writes them can keep records from one, which sees that numbers are missing and the chain does not go on, or have them sent again',
  fields: {
    accountId: integer('account_id'),
    name: text('name'),
    seq: integer('seq'),
    movedAt: integer('moved_ms'),
    fault: textOrNull('fault'),
    failedAt: integerOrNull('failed_ms'),
    doubts: json<readonly SinkDoubt[]>('doubts', noDoubts),
  },
})
