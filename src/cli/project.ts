/** What the project file says: which server and secrets a folder is about. Never a key: it is shared with the code. */
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import { isEnvironmentName } from '../model/environment.ts'
import { isSecretName } from '../model/name.ts'
import { isPattern } from '../model/pattern.ts'
import { Fault } from './output.ts'
import { similarTo } from './similar.ts'
import { isBeginning } from './variables.ts'

/** All of it may be left out. */
export interface ProjectSettings {
  readonly url?: string
  readonly environment?: string
  /** Names or patterns of secrets that `run` takes, unless it is told others. */
  readonly names?: readonly string[]
  readonly stripPrefix?: string
  /** The variable of a secret, by its name. */
  readonly variables?: ReadonlyMap<string, string>
}

export interface Project extends ProjectSettings {
  readonly path: string
}

/** @throws Fault `settings` that names the line and column, and quotes no value */
export function parseProject(path: string, text: string): Project {
  return new Reader(path, text).read()
}

/** The same as text, which `parseProject` takes. */
export function projectText({ url, environment, names, stripPrefix, variables }: ProjectSettings): string {
  const lines = [
    '# Settings of the strongroom command for this folder. No secrets and no keys: commit it.',
    ...(url === undefined ? [] : [`url: ${quoted(url)}`]),
    ...(environment === undefined ? [] : [`environment: ${quoted(environment)}`]),
    ...(names === undefined ? [] : ['names:', ...names.map((name) => `  - ${quoted(name)}`)]),
    ...(stripPrefix === undefined ? [] : [`strip_prefix: ${quoted(stripPrefix)}`]),
    ...(variables === undefined
      ? []
      : ['variables:', ...[...variables].map(([name, variable]) => `  ${quoted(name)}: ${quoted(variable)}`)]),
  ]
  return `${lines.join('\n')}\n`
}

/** YAML takes a string of JSON for what it is. */
function quoted(text: string): string {
  return /^[A-Za-z_][\w./:-]*[\w/]$/.test(text) && !/:(\/?$|\s)/.test(text) ? text : JSON.stringify(text)
}

const fields = ['url', 'environment', 'names', 'strip_prefix', 'variables'] as const
type Field = (typeof fields)[number]

const isField = (text: string): text is Field => fields.some((field) => field === text)

/** An API key, wherever it stands. */
const keyText = /\bsr_[0-9A-Za-z]{20,}/
/** What somebody might call one. */
const keyField = /key|token|secret|passw|credential/i

class Reader {
  readonly #path: string
  readonly #text: string
  readonly #lines = new LineCounter()

  constructor(path: string, text: string) {
    this.#path = path
    this.#text = text
  }

  read(): Project {
    const document = parseDocument(this.#text, {
      schema: 'failsafe',
      resolveKnownTags: false,
      uniqueKeys: false,
      prettyErrors: false,
      // In silence it would pass over a second document.
      logLevel: 'error',
      lineCounter: this.#lines,
    })
    this.#refuseKeys()
    const [fault] = [...document.errors, ...document.warnings]
    if (fault?.code === 'MULTIPLE_DOCS') this.#fail(fault.pos[0], 'has more than one document of YAML')
    // Its message may quote the text.
    if (fault !== undefined) this.#fail(fault.pos[0], 'is not YAML')
    const { contents } = document
    if (contents === null) return { path: this.#path }
    if (!isMap(contents)) this.#fail(startOf(contents), `must have fields: ${fields.join(', ')}`)
    return { path: this.#path, ...this.#settingsOf(this.#entriesOf(contents)) }
  }

  #settingsOf(entries: ReadonlyMap<string, Entry>): ProjectSettings {
    for (const [name, { at }] of entries) if (!isField(name)) this.#failUnknown(name, at)
    const url = entries.get('url')
    const environment = entries.get('environment')
    const names = entries.get('names')
    const strip = entries.get('strip_prefix')
    const variables = entries.get('variables')
    return {
      ...(url === undefined ? {} : { url: this.#urlOf(url) }),
      ...(environment === undefined ? {} : { environment: this.#environmentOf(environment) }),
      ...(names === undefined ? {} : { names: this.#namesOf(names) }),
      ...(strip === undefined ? {} : { stripPrefix: this.#stripPrefixOf(strip) }),
      ...(variables === undefined ? {} : { variables: this.#variablesOf(variables) }),
    }
  }

  #failUnknown(name: string, at: number): never {
    if (keyField.test(name)) {
      this.#fail(at, 'is not for keys: the file is shared with the code. Remove it, and use "strongroom login"')
    }
    const similar = similarTo(name, fields)
    const hint = similar === undefined ? `there are ${fields.join(', ')}` : `did you mean ${similar}?`
    // Nothing that could be a value is quoted.
    const what = /^[\w.-]{1,32}$/.test(name) ? `has no field "${name}"` : 'has a field that there is not'
    this.#fail(at, `${what}: ${hint}`, '')
  }

  #urlOf(entry: Entry): string {
    const text = this.#textOf(entry, 'url')
    const url = URL.canParse(text) ? new URL(text) : undefined
    const isHttp = url?.protocol === 'https:' || url?.protocol === 'http:'
    const isPlain = url !== undefined && isHttp && !url.username && !url.password && !url.search && !url.hash
    // It is shown within commands to type.
    if (isPlain && /^[\w:/.%~[\]-]+$/.test(text)) return text
    return this.#fail(
      entry.valueAt,
      'must have a url such as https://strongroom.example.com, without a user or a password',
    )
  }

  #environmentOf(entry: Entry): string {
    const text = this.#textOf(entry, 'environment')
    if (isEnvironmentName(text)) return text
    return this.#fail(entry.valueAt, 'must have the name of an environment here, such as "dev"')
  }

  #namesOf({ value, valueAt }: Entry): readonly string[] {
    const items = isSeq(value) ? value.items : [value]
    if (items.length === 0) this.#fail(valueAt, 'has no names: leave "names" out for all secrets')
    return items.map((item) => {
      const text = isScalar(item) && typeof item.value === 'string' ? item.value : ''
      if (isPattern(text)) return text
      return this.#fail(startOf(item, valueAt), 'must have names of secrets here, or patterns such as "web-*"')
    })
  }

  #stripPrefixOf(entry: Entry): string {
    const text = this.#textOf(entry, 'strip_prefix')
    if (isBeginning(text)) return text
    return this.#fail(entry.valueAt, 'must have the beginning of names of secrets here, such as "web-" or "web/"')
  }

  #variablesOf({ value, valueAt }: Entry): ReadonlyMap<string, string> {
    if (!isMap(value)) this.#fail(valueAt, 'must say here which variable a secret is, such as "db-url: DATABASE_URL"')
    const found = new Map<string, string>()
    for (const [name, entry] of this.#entriesOf(value)) {
      if (!isSecretName(name)) this.#fail(entry.at, 'must have the name of a secret here')
      const text = this.#textOf(entry, 'variables')
      if (!/^[A-Za-z_][A-Za-z0-9_]{0,254}$/.test(text)) {
        this.#fail(entry.valueAt, 'must have the name of a variable here: letters, digits and "_"')
      }
      found.set(name, text)
    }
    return found
  }

  #textOf({ value, valueAt }: Entry, field: Field): string {
    if (isScalar(value) && typeof value.value === 'string' && value.value !== '' && value.tag === undefined) {
      return value.value
    }
    return this.#fail(valueAt, `must have one text for "${field}"`)
  }

  #entriesOf(map: Node): ReadonlyMap<string, Entry> {
    const found = new Map<string, Entry>()
    if (!isMap(map)) return found
    for (const { key, value } of map.items) {
      const at = startOf(key)
      if (!isScalar(key) || typeof key.value !== 'string') this.#fail(at, 'has a name here that is not text')
      if (found.has(key.value)) this.#fail(at, 'has the same name twice')
      found.set(key.value, { at, value, valueAt: startOf(value, at) })
    }
    return found
  }

  /** In a comment, too. */
  #refuseKeys(): void {
    const at = this.#text.search(keyText)
    if (at < 0) return
    const why = 'holds an API key, and is shared with the code. Revoke that key ("strongroom keys revoke"), remove it'
    this.#fail(at, `${why} from the file, and use "strongroom login"`)
  }

  #fail(at: number, what: string, end = '.'): never {
    const { line, col } = this.#lines.linePos(at)
    throw new Fault(
      'settings',
      `${this.#path}:${Math.max(line, 1)}:${Math.max(col, 1)}: The project file ${what}${end}`,
    )
  }
}

interface Entry {
  /** Where the name stands, */
  readonly at: number
  readonly value: unknown
  /** and where what it stands for does. */
  readonly valueAt: number
}

function startOf(node: unknown, otherwise = 0): number {
  const range = typeof node === 'object' && node !== null && 'range' in node ? node.range : undefined
  return Array.isArray(range) ? Number(range[0]) : otherwise
}
