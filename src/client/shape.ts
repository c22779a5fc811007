/** Whether an answer is what it should be: a proxy, a login page or another API may answer in the server's place. */

export type Shape<T> = (value: unknown) => value is T

export const text: Shape<string> = (value) => typeof value === 'string'
export const bool: Shape<boolean> = (value) => typeof value === 'boolean'
export const integer: Shape<number> = (value): value is number => Number.isSafeInteger(value)

export const anything: Shape<unknown> = (_value): _value is unknown => true

export function record<T>(item: Shape<T>): Shape<Readonly<Record<string, T>>> {
  return (value): value is Readonly<Record<string, T>> =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((one) => item(one))
}

export function oneOf<T extends string>(...words: readonly T[]): Shape<T> {
  return (value): value is T => words.some((word) => word === value)
}

export function orNull<T>(shape: Shape<T>): Shape<T | null> {
  return (value): value is T | null => value === null || shape(value)
}

export function either<A, B>(one: Shape<A>, other: Shape<B>): Shape<A | B> {
  return (value): value is A | B => one(value) || other(value)
}

export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return (value): value is T | undefined => value === undefined || shape(value)
}

export function list<T>(item: Shape<T>): Shape<readonly T[]> {
  return (value): value is readonly T[] => Array.isArray(value) && value.every((one) => item(one))
}

/** An object with at least these fields: a newer server may add some. A field that `T` has and this lacks does not compile. */
export function fields<T extends object>(shapes: { readonly [Field in keyof T]-?: Shape<T[Field]> }): Shape<T> {
  const entries = Object.entries<Shape<unknown>>(shapes)
  return (value): value is T => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
    const given: Readonly<Record<string, unknown>> = { ...value }
    return entries.every(([name, shape]) => shape(given[name]))
  }
}
