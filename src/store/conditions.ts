/** What is amiss with a store, though it may answer: told when it begins, when it turns, and when it is over. */

export const conditionNames = ['clock', 'replication', 'trail', 'schema', 'root_key'] as const

export type ConditionName = (typeof conditionNames)[number]

export interface Condition {
  readonly name: ConditionName
  /** A sentence for whoever operates the server. */
  readonly detail: string
  /** Whether requests are refused while it lasts. */
  readonly isRefusing: boolean
}

/** @param condition as it is from now on; `undefined` when it is over */
export type Told = (name: ConditionName, condition: Condition | undefined) => void

export class Conditions {
  readonly #current = new Map<ConditionName, Condition>()
  #tell: Told = () => {}

  get all(): readonly Condition[] {
    return [...this.#current.values()]
  }

  /** Tells of those that there are by now, and from then on of each change. */
  onChange(tell: Told): void {
    this.#tell = tell
    for (const condition of this.#current.values()) tell(condition.name, condition)
  }

  /** What is only worded otherwise is no change. */
  begin(condition: Condition): void {
    const before = this.#current.get(condition.name)
    this.#current.set(condition.name, condition)
    if (before?.isRefusing !== condition.isRefusing) this.#tell(condition.name, condition)
  }

  end(name: ConditionName): void {
    if (this.#current.delete(name)) this.#tell(name, undefined)
  }
}
