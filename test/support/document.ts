/** Marked blocks of a document: what a page shows is what a test runs. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')

/** The blocks below `<!-- MARK -->`, without their fences. */
export function markedBlocks(path: string, mark: string): readonly string[] {
  const text = readFileSync(join(root, path), 'utf8')
  const marked = text.matchAll(/^<!-- (.+) -->\n```\w+\n([\s\S]*?)^```$/gm)
  return [...marked].filter(([, found]) => found === mark).map(([, , block = '']) => block)
}

/** The one block below it. */
export function markedBlock(path: string, mark: string): string {
  const [block, ...others] = markedBlocks(path, mark)
  if (block === undefined || others.length > 0) throw new Error(`Not one block of ${path} is marked ${mark}.`)
  return block
}
