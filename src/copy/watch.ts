/** Who is told how far a copy is. */

/** What is counted at the moment, such as "rows", how much of it is done, and how much there is. */
export type Watch = (what: string, done: number, total: number) => void

/** Adds up what is done of one thing. @returns what is to be told of each piece */
export function counted(watch: Watch | undefined, what: string, total: number): (count: number) => void {
  let done = 0
  watch?.(what, done, total)
  return (count) => {
    done += count
    watch?.(what, done, total)
  }
}
