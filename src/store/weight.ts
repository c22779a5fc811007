/** How much work an operation is, in requests of one secret: what others in its batch wait for. */
import { partSize } from './lookups.ts'
import type { Operation } from './operation.ts'

export function weightOf(operation: Operation): number {
  switch (operation.kind) {
    case 'create_secrets':
    case 'store_secrets':
      return operation.secrets.length
    case 'prepare_secrets':
    case 'compare_secrets':
      return operation.names.length
    case 'delete_secrets':
    case 'update_many_metadata':
    case 'move_secrets':
      return operation.ids.length
    case 'read_secrets':
    case 'read_batch':
      return operation.refs.length
    case 'prepare_copy':
    case 'prepare_copy_to':
    case 'read_parts':
      return operation.names.length
    case 'preview_copy':
    case 'copy_secrets':
      return operation.items.length
    case 'end_made_part':
      return operation.keys.length + operation.machines.length
    case 'rewrap_secret_keys':
      return operation.keys.length
    case 'delete_list':
    case 'delete_part':
      return partSize
    default:
      return 1
  }
}
