/** Which secrets are looked for, by what is known of them beside their values. */
import { matches } from './pattern.ts'
import type { Secret, SecretSearch } from './secret.ts'

/** As the databases know lower case: of the letters A to Z alone. */
export function lowered(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

/** Whether a secret passes, whatever the database says. What only the database knows is believed. */
export function fits(search: SecretSearch, secret: Secret): boolean {
  const { name, folder, names, words, listId, environmentId, tag, type, expiresBefore, updatedBefore } = search
  if (secret.environmentId !== environmentId) return false
  if (name !== undefined && !matches(name, secret.name)) return false
  if (folder !== undefined && !isDirectlyIn(folder, secret.name)) return false
  if (names !== undefined && !names.some((pattern) => matches(pattern, secret.name))) return false
  if (listId !== undefined && secret.listId !== listId) return false
  if (tag !== undefined && !secret.tags.includes(tag)) return false
  if (type !== undefined && secret.type !== type) return false
  if (expiresBefore !== undefined && (secret.expiresAt === null || secret.expiresAt >= expiresBefore)) return false
  if (updatedBefore !== undefined && secret.updatedAt >= updatedBefore) return false
  if (words.length === 0) return true
  const text = lowered(`${secret.name} ${secret.description} ${secret.tags.join(' ')}`)
  return words.every((word) => text.includes(word))
}

/** Whether a folder has a secret of this name, and no folder below it. */
function isDirectlyIn(folder: string, name: string): boolean {
  return name.startsWith(folder) && !name.includes('/', folder.length)
}
