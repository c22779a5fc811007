/** The routes about people: who they are, how they sign in, and how they must. */
import type { Context } from '../context.ts'
import { challengeRoute, factorRoutes } from './factors.ts'
import { sessionRoutes, signInRoutes } from './sessions.ts'
import { signInRuleRoutes, ssoRoutes } from './sign-in.ts'
import type { V3 } from './typed.ts'
import { userRoutes } from './users.ts'

export function peopleRoutes(app: V3, context: Context): void {
  userRoutes(app, context)
  sessionRoutes(app, context)
  signInRoutes(app, context)
  challengeRoute(app, context)
  factorRoutes(app, context)
  ssoRoutes(app, context)
  signInRuleRoutes(app, context)
}
