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

export interface AmazonClient {
  send(command: object, options: { readonly abortSignal: AbortSignal }): Promise<object>
}

/**
 * Asks, for no longer than a signal says. A client heeds it once it sends something, and not while it looks for its credentials,
 * which may be a request of its own, or a program.
 *
 * @param drop takes what is answered after that
 */
export async function askAmazon(
  client: AmazonClient,
  command: object,
  signal: AbortSignal,
  drop: (answer: object) => void,
): Promise<object> {
  const { promise: ended, reject } = Promise.withResolvers<never>()
  const end = () => reject(signal.reason)
  signal.addEventListener('abort', end, { once: true })
  ended.catch(() => {})
  if (signal.aborted) end()
  const asking = client.send(command, { abortSignal: signal })
  try {
    return await Promise.race([asking, ended])
  } catch (error) {
    asking.then(drop, () => {})
    throw error
  } finally {
    signal.removeEventListener('abort', end)
  }
}

const nameForm = /^[A-Za-z ]{1,64}$/

/** What a fault may be shown by: its message may hold the caller's identity, and whoever answers in Amazon's place may write anything as its name. */
export function amazonFaultName(error: unknown): string {
  return error instanceof Error && nameForm.test(error.name) ? error.name : 'unknown'
}
