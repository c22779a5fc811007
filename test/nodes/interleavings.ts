/**
 * How batches of several nodes take turns at one account (docs/decisions/0019), as a model small enough for every interleaving
 * to be gone through: each step is one that the database carries out at once. A database that crashes keeps what is flushed;
 * a node that is killed lets go of its locks. The rules can be left out one by one, to see what each is for.
 */

export interface Rules {
  /** Reads share an account, changes have it for themselves. */
  readonly turns: boolean
  /** What a batch decides by is seen once it has its turn. */
  readonly loadsInTurn: boolean
  /** Who appends has the head from when it is read to COMMIT. */
  readonly headLock: boolean
  /** Nobody is answered before what they left is durable. */
  readonly settles: boolean
  /** A change can be seen once it is durable. */
  readonly changesDurable: boolean
  /** The trail is told of once it is durable. */
  readonly trailSettled: boolean
}

export const allRules: Rules = {
  ...{ turns: true, loadsInTurn: true, headLock: true },
  ...{ settles: true, changesDurable: true, trailSettled: true },
}

/** `look` is a plain query for the value, `follow` one for the trail. */
export type Work = 'read' | 'revoke' | 'write' | 'look' | 'follow'

interface Entry {
  readonly by: number
  readonly work: Work
  /** What it was given, or left. */
  readonly value: number | 'refused'
  /** How many records there were when its place was found. */
  readonly place: number
}

interface Process {
  readonly work: Work
  readonly step: number
  readonly isGone: boolean
  readonly seen: number | 'refused'
  readonly place: number
  /** How many had been answered when it began. */
  readonly began: number
}

interface Answer {
  readonly by: number
  readonly work: Work
  readonly value: number | 'refused'
}

export interface State {
  readonly processes: readonly Process[]
  /** The log, in the order of the disk. */
  readonly wal: readonly Entry[]
  /** How much of it is on the disk, and how much can be seen. */
  readonly flushed: number
  readonly visible: number
  readonly sharing: readonly number[]
  readonly alone: number | null
  readonly queue: readonly number[]
  readonly head: number | null
  readonly answers: readonly Answer[]
  readonly hasCrashed: boolean
  readonly kills: number
}

export interface Found {
  readonly states: number
  readonly ends: number
  /** What went wrong, and how it came to that. */
  readonly wrong: string | undefined
}

/** Goes through every interleaving. */
export function explore(work: readonly Work[], rules: Rules, kills: number): Found {
  const seen = new Set<string>()
  let ends = 0
  const visit = (state: State, path: readonly string[]): string | undefined => {
    const name = JSON.stringify(state)
    if (seen.has(name)) return undefined
    seen.add(name)
    const next = nextOf(state, rules, kills)
    if (!next.some(([what]) => !isTrouble(what))) {
      ends++
      const wrong = wrongIn(state)
      if (wrong !== undefined) return `${wrong}: ${path.join(', ')}`
    }
    for (const [what, after] of next) {
      const wrong = visit(after, [...path, what])
      if (wrong !== undefined) return wrong
    }
    return undefined
  }
  const wrong = visit(begin(work), [])
  return { states: seen.size, ends, wrong }
}

function begin(work: readonly Work[]): State {
  const blank = { step: 0, isGone: false, seen: 0, place: 0, began: 0 }
  return {
    processes: work.map((one) => ({ work: one, ...blank })),
    ...{ wal: [], flushed: 0, visible: 0, sharing: [], alone: null, queue: [], head: null },
    ...{ answers: [], hasCrashed: false, kills: 0 },
  }
}

const crash = 'the database crashes'

function isTrouble(what: string): boolean {
  return what === crash || what.includes('is killed')
}

function nextOf(state: State, rules: Rules, kills: number): (readonly [string, State])[] {
  const next: (readonly [string, State])[] = []
  for (const [at, process] of state.processes.entries()) {
    if (process.isGone) continue
    const after = stepOf(state, at, process, rules)
    if (after !== undefined) next.push([`${process.work} ${at}: ${process.step}`, after])
    if (state.kills < kills && process.step > 0) next.push([`${process.work} ${at} is killed`, kill(state, at)])
  }
  if (!state.hasCrashed) next.push([crash, crashed(state)])
  return next
}

function stepOf(state: State, at: number, process: Process, rules: Rules): State | undefined {
  switch (process.work) {
    case 'read':
      return readStep(state, at, process, rules)
    case 'look':
      return answer(state, at, valueIn(state.wal.slice(0, state.visible)))
    case 'follow':
      return followStep(state, at, process, rules)
    default:
      return changeStep(state, at, process, rules)
  }
}

/** Turn, load, head, COMMIT that waits for nothing, the word behind it, answer. */
function readStep(state: State, at: number, { step, seen, place }: Process, rules: Rules): State | undefined {
  const load = (from: State) => update(from, at, { seen: grantedTo(from), began: state.answers.length })
  switch (step) {
    case 0:
      return go(rules.loadsInTurn ? ask(state, at, rules) : ask(load(state), at, rules), at)
    case 1:
      if (!hasTurn(state, at, 'read', rules)) return undefined
      return go(rules.loadsInTurn ? load(state) : state, at)
    case 2:
      if (rules.headLock && state.head !== null) return undefined
      return go(update({ ...state, head: rules.headLock ? at : null }, at, { place: state.visible }), at)
    case 3: {
      const wal = [...state.wal, { by: at, work: 'read', value: seen, place } as const]
      return go(letGo({ ...state, wal, visible: wal.length }, at), at)
    }
    case 4:
      return go(rules.settles ? { ...state, flushed: state.wal.length } : state, at)
    default:
      return answer(state, at, seen)
  }
}

/** Turn, load, COMMIT: on the disk first, then to be seen, then the answer. */
function changeStep(state: State, at: number, { work, step, place }: Process, rules: Rules): State | undefined {
  switch (step) {
    case 0:
      return go(ask(state, at, rules), at)
    case 1:
      if (!hasTurn(state, at, work, rules)) return undefined
      return go(update(state, at, { place: state.visible }), at)
    case 2: {
      if (rules.headLock && state.head !== null) return undefined
      const wal = [...state.wal, { by: at, work, value: at + 1, place }]
      return go(
        { ...state, wal, head: rules.headLock ? at : null, visible: rules.changesDurable ? state.visible : wal.length },
        at,
      )
    }
    case 3:
      return go({ ...state, flushed: state.wal.length }, at)
    case 4:
      return go(letGo({ ...state, visible: state.wal.length }, at), at)
    default:
      return answer(state, at, at + 1)
  }
}

function followStep(state: State, at: number, { step, place }: Process, rules: Rules): State | undefined {
  if (step === 0) return go(update(state, at, { place: state.visible }), at)
  if (step === 1) return go(rules.trailSettled ? { ...state, flushed: state.wal.length } : state, at)
  return answer(state, at, place)
}

/** What a read is given by all that is to be seen. */
function grantedTo({ wal, visible }: State): number | 'refused' {
  const seen = wal.slice(0, visible)
  return seen.some(({ work }) => work === 'revoke') ? 'refused' : valueIn(seen)
}

function valueIn(seen: readonly Entry[]): number {
  const last = seen.findLast(({ work }) => work === 'write')
  return typeof last?.value === 'number' ? last.value : 0
}

function ask(state: State, at: number, { turns }: Rules): State {
  return turns ? { ...state, queue: [...state.queue, at] } : state
}

/** In the order of asking, as the lock gives it. */
function hasTurn(state: State, at: number, work: Work, { turns }: Rules): boolean {
  if (!turns) return true
  const before = state.queue.slice(0, state.queue.indexOf(at))
  const isFree = state.alone === null && (work === 'read' || state.sharing.length === 0)
  return isFree && before.every((one) => work === 'read' && state.processes[one]?.work === 'read')
}

function go(state: State, at: number): State {
  const process = state.processes[at]
  if (process === undefined) return state
  const { work, step } = process
  const moved = update(state, at, { step: step + 1 })
  if (step !== 1 || !state.queue.includes(at)) return moved
  const queue = state.queue.filter((one) => one !== at)
  return work === 'read' ? { ...moved, queue, sharing: [...state.sharing, at].sort() } : { ...moved, queue, alone: at }
}

function letGo(state: State, at: number): State {
  const without = (all: readonly number[]) => all.filter((one) => one !== at)
  return {
    ...state,
    sharing: without(state.sharing),
    queue: without(state.queue),
    alone: state.alone === at ? null : state.alone,
    head: state.head === at ? null : state.head,
  }
}

function answer(state: State, at: number, value: number | 'refused'): State {
  const work = state.processes[at]?.work ?? 'look'
  return update({ ...state, answers: [...state.answers, { by: at, work, value }] }, at, { isGone: true })
}

/** What was to be committed is, once it is in the log: the server goes on with it. */
function kill(state: State, at: number): State {
  const wrote = state.wal.some(({ by }) => by === at)
  const ended = wrote ? { ...state, flushed: state.wal.length, visible: state.wal.length } : state
  return { ...update(letGo(ended, at), at, { isGone: true }), kills: state.kills + 1 }
}

function crashed(state: State): State {
  return {
    ...state,
    wal: state.wal.slice(0, state.flushed),
    visible: state.flushed,
    ...{ sharing: [], alone: null, queue: [], head: null, hasCrashed: true },
    processes: state.processes.map((one) => ({ ...one, isGone: true })),
  }
}

function update(state: State, at: number, change: Partial<Process>): State {
  return { ...state, processes: state.processes.map((one, index) => (index === at ? { ...one, ...change } : one)) }
}

/** What is promised, held against how it ended. */
function wrongIn({ wal, answers, processes }: State): string | undefined {
  if (processes.some(({ isGone }) => !isGone)) return 'somebody waits for ever'
  if (wal.some(({ place }, at) => place !== at)) return 'the chain has a fork or a gap'
  for (const [at, { by, work, value }] of answers.entries()) {
    const place = wal.findIndex((entry) => entry.by === by)
    const before = wal.slice(0, place)
    if (work === 'look') {
      if (value !== 0 && !wal.some((entry) => entry.work === 'write' && entry.value === value))
        return 'a value was seen that was never there'
    } else if (work === 'follow') {
      if (wal.length < Number(value)) return 'records were told of that are not there'
    } else if (place < 0) return `an answered ${work} left nothing`
    if (work !== 'read') continue
    const isRevoked = before.some((entry) => entry.work === 'revoke')
    if (isRevoked !== (value === 'refused')) return 'a read is on the wrong side of the revocation'
    if (value !== 'refused' && value !== valueIn(before)) return 'a read gave a value of another moment'
    const began = processes[by]?.began ?? 0
    const wasRevoked = answers.slice(0, Math.min(began, at)).some((one) => one.work === 'revoke')
    if (wasRevoked && value !== 'refused') return 'a revoked key was let in'
  }
  return undefined
}
