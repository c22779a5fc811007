/** How much work an operation is, in requests of one secret: what others in its batch wait for. */
import { partSize } from './lookups.ts'
import type { Operation } from './operation.ts'

export function weightOf(operation: Operation): number {
  switch (operation.kind) {
    case 'create_secrets':
      return operation.secrets.length
    case 'read_secrets':
      return operation.refs.length
    case 'rewrap_secret_keys':
      return operation.keys.length
    case 'delete_list':
    case 'delete_part':
      return partSize
    default:
      return 1
  }
}
