/** How far an import has come, in a file: names and numbers of versions, never a value. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { Fault } from './output.ts'
import { reasonOf } from './system.ts'
import { placeNew } from './write-new.ts'

/** What was brought over of one path. */
export interface Progressed {
  readonly path: string
  readonly name: string
  /** The last version there that is stored here. */
  readonly version: number
}

export class ImportState {
  readonly #path: string
  readonly #done: Map<string, Progressed>

  private constructor(path: string, done: Map<string, Progressed>) {
    this.#path = path
    this.#done = done
  }

  /**
   * @param of what is imported from where to where: a file of something else is refused
   * @throws Fault `failure`, `usage`
   */
  static open(path: string, of: Readonly<Record<string, string>>): ImportState {
    try {
      const first = `${JSON.stringify(of)}\n`
      if (!existsSync(path) && placeNew(path, Buffer.from(first), 0o600)) return new ImportState(path, new Map())
      const text = readFileSync(path, 'utf8')
      const [head = '', ...lines] = text.split('\n')
      if (head !== JSON.stringify(of)) {
        throw new Fault('usage', `${path} is the state of another import, or none. Name another file with --state.`)
      }
      // What was cut off is not to spoil the line that comes after it.
      if (!text.endsWith('\n')) appendFileSync(path, '\n')
      const done = lines.flatMap((line) => progressedIn(line) ?? [])
      return new ImportState(path, new Map(done.map((one) => [one.path, one])))
    } catch (error) {
      if (error instanceof Fault) throw error
      throw new Fault('failure', `${path} cannot be read or written: ${reasonOf(error)}.`)
    }
  }

  /** The last version of the path that is stored under the name. */
  versionOf(path: string, name: string): number | undefined {
    const found = this.#done.get(path)
    return found?.name === name ? found.version : undefined
  }

  note(one: Progressed): void {
    this.#done.set(one.path, one)
    appendFileSync(this.#path, `${JSON.stringify(one)}\n`)
  }
}

/** A line that was cut off as the machine went down says nothing. */
function progressedIn(line: string): Progressed | undefined {
  try {
    const found: unknown = JSON.parse(line)
    if (typeof found !== 'object' || found === null) return undefined
    const { path, name, version } = { path: undefined, name: undefined, version: undefined, ...found }
    const isWhole = typeof path === 'string' && typeof name === 'string' && typeof version === 'number'
    return isWhole ? { path, name, version } : undefined
  } catch {
    return undefined
  }
}
