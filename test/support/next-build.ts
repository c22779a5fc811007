/** The build that comes after this one: the same sources, with one more step of the schema, beside what they need. */
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { migrations } from '../../src/store/migrations/migrations.ts'
import { copyTree } from './tree.ts'

const root = join(import.meta.dirname, '..', '..')
const nextName = '9999-next'

/**
 * @param statements what the step does, on either database
 * @returns its `main`, and what it calls its schema
 */
export function makeNextBuild(statements: string): { readonly main: string; readonly schema: string } {
  const folder = copyTree(['src'])
  for (const part of ['portal', 'docs']) symlinkSync(join(root, part), join(folder, part))
  const place = join(folder, 'src/store/migrations')
  writeFileSync(
    join(place, `${nextName}.ts`),
    `const sql = ${JSON.stringify(statements)}\nexport const next = { name: '${nextName}', sqlite: sql, postgres: sql }\n`,
  )
  const list = join(place, 'migrations.ts')
  const text = readFileSync(list, 'utf8')
  const end = /,\n\]\n/
  if (!end.test(text) || migrations.length === 0) throw new Error('The list of migrations looks otherwise.')
  writeFileSync(list, `import { next } from './${nextName}.ts'\n${text.replace(end, ',\n  next,\n]\n')}`)
  return { main: join(folder, 'src/main.ts'), schema: nextName }
}
