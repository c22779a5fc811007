/** Every route of the Vault API, in the order of its document. */
import type { VaultRoute } from '../../vault-api/route.ts'
import { authRoutes } from './auth.ts'
import { keyValueRoutes } from './key-value.ts'
import { systemRoutes } from './system.ts'
import { wrappingRoutes } from './wrapping.ts'

export const vaultRoutes: readonly VaultRoute[] = [keyValueRoutes, authRoutes, systemRoutes, wrappingRoutes].flat()
