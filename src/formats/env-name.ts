/** What a secret is called where names follow other rules. */
import { invalid } from '../errors.ts'

/** As environment variables are written: `web/db-password` is `WEB_DB_PASSWORD`. */
export function envName(name: string, prefix = ''): string {
  const plain = prefix + name.toUpperCase().replaceAll(/[^A-Z0-9_]/g, '_')
  return /^\d/.test(plain) ? `_${plain}` : plain
}

/** As the keys of a Secret of Kubernetes are: `web/db.password` is `web_db.password`, as operators write it too. */
export function keyName(name: string): string {
  return name.replaceAll('/', '_')
}

/** As HCL has identifiers: `db.password` is `db_password`. */
export function hclName(name: string): string {
  const plain = name.replaceAll(/[^A-Za-z0-9_-]/g, '_')
  return /^[0-9]/.test(plain) ? `_${plain}` : plain
}

/** @throws Refusal `invalid` naming two secrets that would be called the same */
export function renamed<T extends { readonly name: string }>(
  entries: readonly T[],
  rename: (name: string) => string,
): readonly T[] {
  const from = new Map<string, string>()
  return entries.map((entry) => {
    const name = rename(entry.name)
    const other = from.get(name)
    if (other !== undefined)
      throw invalid(entry.name, `Would be called ${name}, as ${other} is. Choose one with --only.`)
    from.set(name, entry.name)
    return { ...entry, name }
  })
}
