/** Amazon's official clients: large, so who uses one installs it beside Strongroom, and it is loaded when it is asked for. */

/** @returns the package, or nothing where it is not installed or has not all of what is used of it */
export async function loadAmazonClient<T extends object>(
  load: () => Promise<unknown>,
  used: readonly (keyof T & string)[],
): Promise<T | undefined> {
  const loaded = await load().catch(() => undefined)
  return hasAll<T>(loaded, used) ? loaded : undefined
}

function hasAll<T extends object>(value: unknown, used: readonly (keyof T & string)[]): value is T {
  if (typeof value !== 'object' || value === null) return false
  return used.every((name) => typeof Reflect.get(value, name) === 'function')
}

const nameForm = /^[A-Za-z ]{1,64}$/

/** What a fault may be shown by: its message may hold the caller's identity, and whoever answers in Amazon's place may write anything as its name. */
export function amazonFaultName(error: unknown): string {
  return error instanceof Error && nameForm.test(error.name) ? error.name : 'unknown'
}
