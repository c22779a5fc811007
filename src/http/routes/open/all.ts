/** Every route beside the APIs. */
import type { OpenRoute } from '../../open-route.ts'
import { healthRoutes } from './health.ts'
import { portalRoutes } from './portal.ts'
import { referenceRoutes } from './reference.ts'
import { seedDocumentRoutes } from './seed-documents.ts'
import { ssoCallbackRoutes } from './sso-callback.ts'

export const openRoutes: readonly OpenRoute[] = [
  healthRoutes,
  referenceRoutes,
  seedDocumentRoutes,
  ssoCallbackRoutes,
  portalRoutes,
].flat()
