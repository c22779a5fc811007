/** Holds what the corpus says of the real thing against the key/value engine of Vault itself: `node test/vault-api/corpus-engine.ts URL`. */
import assert from 'node:assert/strict'
import { corpus } from './corpus.ts'
import { assertAnswered, sendAll } from './corpus-run.ts'

const [, , url] = process.argv
assert.ok(url, 'Say where the engine is served.')

/** Vault alone tells who changed what, and which engine answered. */
const ofVaultAlone = ['created_by', 'deleted_by', 'last_updated_by', 'mount_type']

/** Whoever asks, in which namespace and whether wrapped: what the server around the engine decides of is not held against it. */
const cases = corpus.filter(
  ({ path, as, headers = {} }) =>
    path.startsWith('secret/') && as === undefined && !Object.keys(headers).some((name) => name.startsWith('x-vault-')),
)
const held: string[] = []
const wrong: string[] = []
for (const answered of await sendAll({ url, token: 'root', lister: '', stranger: '' }, cases)) {
  const { name, real } = answered.case
  if (!answered.isOfEngine || real === undefined) continue
  held.push(name)
  try {
    assertAnswered({ ...answered, text: withoutVaults(answered.text) }, real)
  } catch (error) {
    wrong.push(error instanceof Error ? error.message : String(error))
  }
}
assert.deepEqual(wrong, [])
assert.ok(held.length > 180, String(held.length))
console.log('Went well')

function withoutVaults(text: string): string {
  if (text === '') return text
  return JSON.stringify(JSON.parse(text), (name, value: unknown) => (ofVaultAlone.includes(name) ? undefined : value))
}
