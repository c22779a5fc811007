/** Where the Vault API is. */
export const prefix = '/v1'

/** Whatever is not there below these is refused in this API's words. */
export const refusedPaths = [prefix, `${prefix}/*`]

/** Whether a client of this API asks for the path. */
export function isVaultPath(path: string): boolean {
  return /^\/v1(\/|$)/.test(path)
}
