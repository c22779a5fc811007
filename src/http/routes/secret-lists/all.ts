/** Every route of the Secret Lists API, in the order of its description. */
import type { Route } from '../../route.ts'
import { listRoutes } from './lists.ts'
import { locationRoutes } from './locations.ts'
import { valueRoutes } from './values.ts'

export const secretListRoutes: readonly Route[] = [listRoutes, valueRoutes, locationRoutes].flat()
