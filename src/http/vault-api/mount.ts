/** Mounts are environments, and paths names with folders. */
import { defaultEnvironment, isEnvironmentName } from '../../model/environment.ts'
import { isSecretName } from '../../model/name.ts'
import type { Asker } from '../../vault/vault.ts'
import { askerOf } from '../asker.ts'
import { absent, noHandler, pathOf } from './answers.ts'
import type { VaultRequest } from './route.ts'

/** What the clients take for granted: the mount of `default`. */
const mountOfDefault = 'secret'

/** The environment that a mount is; nothing where it can be none. */
export function environmentOf(mount: string): string | undefined {
  if (mount === mountOfDefault) return defaultEnvironment.name
  return mount !== defaultEnvironment.name && isEnvironmentName(mount) ? mount : undefined
}

export function mountOf(environment: string): string {
  return environment === defaultEnvironment.name ? mountOfDefault : environment
}

/** Who asks, in the environment of the mount. @throws VaultRefusal */
export function askerAt(request: VaultRequest): Asker {
  const name = environmentOf(request.params['mount'] ?? '')
  if (name === undefined) throw noHandler(pathOf(request))
  return { ...askerOf(request), environment: { name, isStrict: false } }
}

/** The name of the secret that the path leads to. @throws VaultRefusal where there can be none */
export function nameAt({ params }: VaultRequest): string {
  const name = params['*'] ?? ''
  if (!isSecretName(name)) throw absent()
  return name
}
