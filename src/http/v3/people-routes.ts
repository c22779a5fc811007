/** The routes about who asks: people, how they sign in and how they must; jobs, and whose of them are trusted. */
import type { Context } from '../context.ts'
import { authRoutes } from './auth.ts'
import { challengeRoute, factorRoutes } from './factors.ts'
import { sessionRoutes, signInRoutes } from './sessions.ts'
import { signInRuleRoutes, ssoRoutes } from './sign-in.ts'
import { trustRuleRoutes } from './trust-rules.ts'
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
  trustRuleRoutes(app, context)
  authRoutes(app, context)
}
