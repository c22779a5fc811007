/** Goes through rows of the store page by page, each page after the last row of the one before. */

/**
 * Gives every row, each page read when it is needed.
 *
 * @param size rows of a full page: a shorter one is the last
 */
export async function* pages<T>(
  size: number,
  read: (last: number) => Promise<readonly T[]>,
  idOf: (row: T) => number,
): AsyncGenerator<T> {
  for (let last = 0; ; ) {
    const page = await read(last)
    yield* page
    const end = page.at(-1)
    if (page.length < size || end === undefined) return
    last = idOf(end)
  }
}
