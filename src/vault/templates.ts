/**
 * Secrets of type `template`: texts with references to others, which are read and put in whenever the value is read. Whoever reads it
 * needs the right to each that goes in, and of each the read is recorded.
 */
import { setImmediate } from 'node:timers/promises'
import { type FieldFault, Refusal } from '../errors.ts'
import type { Secret } from '../model/secret.ts'
import { Budget, type Value } from '../render/fill.ts'
import { absentDetail, destroyedDetail, type Reference } from '../render/grammar.ts'
import { fillText, parseText, type Text } from '../render/text.ts'

/** Templates in templates, the first one counted. */
export const maxDepth = 8
/** Secrets that go into what one request reads. */
const maxParts = 1000
/** References in all templates of one request. */
const maxReferences = 20_000
/** Of all values that are taken in for one request, and all that becomes of them, in UTF-16 units. */
const maxUnits = 4 * 1024 * 1024
/** Of one resolved value, in UTF-16 units. */
const maxResolved = 1024 * 1024
/** Texts that are read before others have their turn, and those that are resolved. */
const readInTurn = 20
const resolvedInTurn = 20
/** Faults that one refusal names. */
const maxFaults = 100

/** A secret that a template refers to: what it holds, or why it does not go in. */
export type Part = { readonly secret: Secret; readonly value: Buffer } | 'absent' | 'forbidden' | 'destroyed'

/** Looks names up at once, where they are meant, each once. */
export type Look = (names: readonly string[]) => Promise<readonly Part[]>

interface Root {
  readonly secret: Secret
  /** As it is stored. */
  readonly value: Buffer
}

/** Several of which each is resolved, or not, by itself: its value, or why there is none. */
export type ResolvedApart = readonly (Buffer | Refusal)[]

export interface Resolved {
  /** In the order of the roots. */
  readonly values: readonly Buffer[]
  /** All secrets that went in, each once: templates, and what these refer to. */
  readonly parts: readonly Root[]
}

/** What a template became: its text, and how many templates are in one another there. */
interface Node {
  readonly text: string
  readonly height: number
}

type Faulty = FieldFault & { readonly name: string }

/**
 * Resolves templates, all of them whole, or none.
 *
 * @param look is asked at most once for each depth
 * @throws Refusal `unresolved_references` naming each reference that leads to nothing, to what may not be read, back to itself
 *   or too deep; `unsafe_rendering` for a value that fits into no text; `too_large`
 */
export async function resolveAll(roots: readonly Root[], look: Look): Promise<Resolved> {
  const graph = new Graph()
  const texts = await graph.readAll(roots)
  await graph.load(texts, look)
  const nodes = roots.map(({ secret }, at) => graph.resolve(secret.name, texts[at]))
  graph.refuseFaults()
  return { values: nodes.flatMap((node) => (node === undefined ? [] : [Buffer.from(node.text)])), parts: graph.parts }
}

/**
 * Resolves templates, each whole, or not at all: what is at fault with one leaves the others.
 *
 * @param look is asked at most once for each depth
 * @returns in the order of the roots
 * @throws Refusal `too_large` for what is too much of all of them together
 */
export async function resolveEach(roots: readonly Root[], look: Look): Promise<ResolvedApart> {
  const graph = new Graph()
  const texts = await graph.readAll(roots)
  await graph.load(texts, look)
  const resolved: (Buffer | Refusal)[] = []
  for (const [at, { secret }] of roots.entries()) {
    resolved.push(graph.resolveApart(secret.name, texts[at]))
    if (resolved.length % resolvedInTurn === 0) await setImmediate()
  }
  return resolved
}

/** One template, and not all of them together, is too large. */
class Oversized extends Refusal {
  constructor() {
    super('too_large', `What a template becomes must not have more than ${maxResolved} characters.`)
  }
}

class Graph {
  readonly #known = new Map<string, Part>()
  /** Of the templates among them. */
  readonly #texts = new Map<string, Text>()
  /** What became of the templates that are whole, wherever they stand. */
  readonly #done = new Map<Text, Node>()
  /** Those with values that fit into no text, wherever they stand. */
  readonly #misfitting = new Map<Text, readonly Faulty[]>()
  /** Those that are not whole, where they stand: elsewhere one may be less deep, or in no circle. */
  readonly #failed = new Set<Text>()
  #faults: Faulty[] = []
  #misfits: Faulty[] = []
  readonly #budget = new Budget(maxUnits)

  #references = 0

  /** What went in, once nothing is at fault. */
  get parts(): readonly Root[] {
    return [...this.#known.values()].flatMap((part) => (typeof part === 'string' ? [] : [part]))
  }

  /** @throws Refusal `too_large` */
  async readAll(templates: readonly Root[]): Promise<readonly Text[]> {
    const texts: Text[] = []
    for (const { secret, value } of templates) {
      const text = parseText(value.toString(), fieldOf(secret.name))
      texts.push(text)
      this.#references += text.references.length
      if (this.#references > maxReferences) {
        throw new Refusal('too_large', `Templates must not have more than ${maxReferences} references together.`)
      }
      if (texts.length % readInTurn === 0) await setImmediate()
    }
    return texts
  }

  /** Looks up what texts refer to, and what that refers to, as deep as it may go. */
  async load(roots: readonly Text[], look: Look): Promise<void> {
    let texts = roots
    for (let depth = 1; depth <= maxDepth && texts.length > 0; depth++) {
      const names = new Set(texts.flatMap(({ references }) => references.map(({ name }) => name)))
      const wanted = [...names].filter((name) => !this.#known.has(name))
      if (this.#known.size + wanted.length > maxParts) {
        throw new Refusal('too_large', `Templates must not take in more than ${maxParts} secrets at once.`)
      }
      const found = wanted.length === 0 ? [] : await look(wanted)
      for (const [at, name] of wanted.entries()) this.#known.set(name, found[at] ?? 'absent')
      const templates = found.flatMap((part) =>
        typeof part !== 'string' && part.secret.type === 'template' ? [part] : [],
      )
      texts = await this.readAll(templates)
      for (const [at, text] of texts.entries()) this.#texts.set(templates[at]?.secret.name ?? '', text)
    }
  }

  /** @param text of the root, which may be another version than the one that the name leads to */
  resolve(name: string, text: Text | undefined): Node | undefined {
    return text === undefined ? undefined : this.#nodeOf(name, text, [name], [text])
  }

  /** One by itself, whatever is at fault with others. @throws Refusal `too_large` for all of them together */
  resolveApart(name: string, text: Text | undefined): Buffer | Refusal {
    this.#failed.clear()
    this.#faults = []
    this.#misfits = []
    try {
      const node = this.resolve(name, text)
      return this.#refusal() ?? Buffer.from(node?.text ?? '')
    } catch (error) {
      if (error instanceof Oversized) return error
      throw error
    }
  }

  /** @throws Refusal */
  refuseFaults(): void {
    const refusal = this.#refusal()
    if (refusal !== undefined) throw refusal
  }

  #refusal(): Refusal | undefined {
    const code = this.#faults.length > 0 ? 'unresolved_references' : 'unsafe_rendering'
    const faults = [...this.#faults, ...this.#misfits].slice(0, maxFaults)
    const [first] = faults
    if (first === undefined) return undefined
    const message = `${first.field}: line ${first.line}, column ${first.column}: ${first.detail}`
    return new Refusal(code, message, { fields: faults })
  }

  /** @param path the names of the templates that lead here, the last one its own; and their texts */
  #nodeOf(name: string, text: Text, path: readonly string[], above: readonly Text[]): Node | undefined {
    const done = this.#done.get(text)
    if (done !== undefined || this.#failed.has(text)) return done
    const values = new Map<string, Value>()
    let height = 1
    let isWhole = true
    for (const reference of text.references) {
      const found = this.#partOf(reference, path, above)
      if (found === undefined) isWhole = false
      else {
        values.set(reference.name, found.value)
        height = Math.max(height, found.height + 1)
      }
    }
    const node = isWhole ? this.#filled(name, text, values, height) : undefined
    if (node === undefined) this.#failed.add(text)
    else this.#done.set(text, node)
    return node
  }

  /** What a reference stands for; nothing where there is a fault. */
  #partOf(reference: Reference, path: readonly string[], above: readonly Text[]) {
    const { name } = reference
    const [own = ''] = path.slice(-1)
    const part = this.#known.get(name)
    // What was not looked for is deeper than it may be.
    if (part === undefined) return this.#fault(own, reference, tooDeep)
    if (part === 'absent') return this.#fault(own, reference, absentDetail(name))
    if (part === 'destroyed') return this.#fault(own, reference, destroyedDetail(name))
    if (part === 'forbidden')
      return this.#fault(own, reference, `The secret "${name}" is there, and whoever asks may not read it.`)
    const { secret, value } = part
    const text = this.#texts.get(name)
    if (text === undefined) return { value: secret.type === 'file' ? value : value.toString(), height: 0 }
    if (above.includes(text) || path.includes(name)) return this.#fault(own, reference, circleOf(path, name))
    if (path.length >= maxDepth) return this.#fault(own, reference, tooDeep)
    const node = this.#nodeOf(name, text, [...path, name], [...above, text])
    if (node === undefined) return undefined
    if (path.length + node.height > maxDepth) return this.#fault(own, reference, tooDeep)
    return { value: node.text, height: node.height }
  }

  #filled(name: string, text: Text, values: ReadonlyMap<string, Value>, height: number): Node | undefined {
    const known = this.#misfitting.get(text)
    const filled = known === undefined ? fillText(text, values, this.#budget) : []
    if (typeof filled !== 'string') {
      const misfits = known ?? filled.map(({ reference, detail }) => faultAt(name, reference, detail))
      this.#misfitting.set(text, misfits)
      this.#misfits.push(...misfits)
      return undefined
    }
    if (filled.length <= maxResolved) return { text: filled, height }
    throw new Oversized()
  }

  #fault(own: string, reference: Reference, detail: string): undefined {
    this.#faults.push(faultAt(own, reference, detail))
    return undefined
  }
}

const tooDeep = `Templates may be ${maxDepth} deep in one another, and this one is deeper.`

function circleOf(path: readonly string[], name: string): string {
  const at = Math.max(0, path.indexOf(name))
  return `It leads back to itself: ${[...path.slice(at), name].join(' -> ')}.`
}

function faultAt(own: string, { name, line, column }: Reference, detail: string): Faulty {
  return { field: fieldOf(own), name, line, column, detail }
}

/** What refusals call the text of a template. */
function fieldOf(name: string): string {
  return `secret.${name}`
}
