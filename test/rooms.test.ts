/** The walls between the rooms of src: who may import whom. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { test } from 'node:test'

const allowed: Record<string, readonly string[]> = {
  errors: [],
  model: ['errors'],
  audit: ['model', 'errors'],
  crypto: ['errors'],
  store: ['model', 'audit', 'errors'],
  vault: ['crypto', 'store', 'audit', 'model', 'errors'],
}

const roomOf = (file: string) =>
  file
    .replace(/^src\//, '')
    .split('/')[0]
    ?.replace(/\.ts$/, '') ?? ''

function breaches(file: string, text: string): string[] {
  const rooms = allowed[roomOf(file)]
  return [...text.matchAll(/from '(\.[^']+)'/g)]
    .map(([, path]) => roomOf(posix.join(posix.dirname(file), path ?? '')))
    .filter((room) => rooms !== undefined && room !== roomOf(file) && !rooms.includes(room))
}

test('a planted import through a wall is found', () => {
  assert.deepEqual(breaches('src/store/a.ts', "import type { B } from '../crypto/b.ts'"), ['crypto'])
  assert.deepEqual(breaches('src/store/a.ts', "import { B } from '../model/b.ts'"), [])
})

for (const file of globSync('src/**/*.ts')) {
  test(`${file} stays within its walls`, () => {
    const text = readFileSync(file, 'utf8')
    assert.deepEqual(breaches(file, text), [])
    if (file !== 'src/crypto/aead.ts') assert.doesNotMatch(text, /create(C|Dec)ipheriv/)
  })
}
