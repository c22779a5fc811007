/**
 * Whether a history of what several clients asked at once, and were answered, could have happened one after the other: each
 * operation at one moment between its call and its answer (Herlihy and Wing, "Linearizability"; the search is that of Wing and
 * Gong with Lowe's memory of what led nowhere).
 */

export interface Done<Operation> {
  readonly operation: Operation
  /** When it was asked. */
  readonly from: number
  /** When it was answered; infinite where nobody knows whether it happened: then it may have, at any later moment, or never. */
  readonly to: number
}

/** What operations do to a state, one after the other. */
export interface Model<State, Operation> {
  readonly initial: State
  /** The state after an operation; nothing where it could not have been answered so in this state. */
  step(state: State, operation: Operation): State | undefined
  /** The same text for the same state. */
  name(state: State): string
}

/** @returns an order that explains the history, or nothing where there is none */
export function explain<State, Operation>(
  history: readonly Done<Operation>[],
  model: Model<State, Operation>,
): readonly Operation[] | undefined {
  const all = history.toSorted((a, b) => a.from - b.from)
  const ledNowhere = new Set<string>()
  const order: Operation[] = []
  const isDone = all.map(() => false)

  const search = (state: State): boolean => {
    const open = all.filter((_, at) => isDone[at] === false)
    // What may never have happened need not.
    if (open.every(({ to }) => to === Number.POSITIVE_INFINITY)) return true
    const name = `${isDone.map(Number).join('')} ${model.name(state)}`
    if (ledNowhere.has(name)) return false
    // Nothing can come before what was answered before it was asked.
    const firstAnswer = Math.min(...open.map(({ to }) => to))
    for (const [at, { operation, from }] of all.entries()) {
      if (isDone[at] === true || from > firstAnswer) continue
      const next = model.step(state, operation)
      if (next === undefined) continue
      isDone[at] = true
      order.push(operation)
      if (search(next)) return true
      isDone[at] = false
      order.pop()
    }
    ledNowhere.add(name)
    return false
  }

  return search(model.initial) ? order : undefined
}
