/** What an action needed, as the trail is read again, is what its operations ask for. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rightFor } from '../../src/audit/needed.ts'
import { inAccounts } from '../../src/store/operations/all.ts'

/** Each asks for it by itself, or stands beside an operation that does. */
const others: ReadonlySet<string> = new Set([
  // Compares what is to be stored with what is there: it reads as far as the reader may.
  'compare_secrets',
  'preview_copy',
])

test('What an action needed is what the operations ask for that it is recorded by', () => {
  const wrong: string[] = []
  let held = 0
  for (const { kind, action, scope } of Object.values(inAccounts)) {
    if (typeof action !== 'string' || typeof scope !== 'object' || others.has(kind)) continue
    if (scope.right === 'none' || scope.over === 'host') continue
    held++
    if (rightFor[action] !== scope.right) wrong.push(`${kind}: ${action} needs ${scope.right}, not ${rightFor[action]}`)
  }
  assert.deepEqual(wrong, [])
  assert.ok(held > 50, String(held))
})
