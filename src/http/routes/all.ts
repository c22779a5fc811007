/** Every route of the v3 API, in the order of its description. */
import type { Route } from '../route.ts'
import { accessRoutes } from './access.ts'
import { accountRoutes } from './account.ts'
import { auditRoutes } from './audit.ts'
import { authRoutes } from './auth.ts'
import { contentRoutes } from './content.ts'
import { customerKeyRoutes } from './customer-key.ts'
import { deletedRoutes } from './deleted.ts'
import { deploymentRoutes } from './deployments.ts'
import { environmentContentRoutes } from './environment-contents.ts'
import { environmentRoutes } from './environments.ts'
import { eventRoutes } from './events.ts'
import { factorRoutes } from './factors.ts'
import { fingerprintRoutes } from './fingerprints.ts'
import { folderRoutes } from './folders.ts'
import { keyRoutes } from './keys.ts'
import { contentsOfListRoutes, listRoutes } from './lists.ts'
import { loginRoutes } from './logins.ts'
import { machineRoutes } from './machines.ts'
import { metadataRoutes } from './metadata.ts'
import { namedSecretRoutes } from './named-secrets.ts'
import { renderRoutes } from './render.ts'
import { rollbackRoutes } from './rollback.ts'
import { secretBatchRoutes } from './secret-batches.ts'
import { secretRoutes } from './secrets.ts'
import { seedRoutes } from './seeds.ts'
import { sessionRoutes, signInRoutes } from './sessions.ts'
import { settingsRoutes } from './settings.ts'
import { signInRuleRoutes } from './sign-in.ts'
import { ssoRoutes } from './sso.ts'
import { trustRuleRoutes } from './trust-rules.ts'
import { userRoutes } from './users.ts'
import { versionRoutes } from './versions.ts'
import { webhookRoutes } from './webhooks.ts'
import { whatIfRoutes } from './what-if.ts'

export const routes: readonly Route[] = [
  secretRoutes,
  namedSecretRoutes,
  folderRoutes,
  secretBatchRoutes,
  versionRoutes,
  accessRoutes,
  metadataRoutes,
  contentRoutes,
  listRoutes,
  contentsOfListRoutes,
  environmentRoutes,
  environmentContentRoutes,
  deletedRoutes,
  rollbackRoutes,
  renderRoutes,
  seedRoutes,
  deploymentRoutes,
  fingerprintRoutes,
  keyRoutes,
  machineRoutes,
  settingsRoutes,
  accountRoutes,
  customerKeyRoutes,
  userRoutes,
  sessionRoutes,
  signInRoutes,
  loginRoutes,
  factorRoutes,
  ssoRoutes,
  signInRuleRoutes,
  trustRuleRoutes,
  authRoutes,
  auditRoutes,
  whatIfRoutes,
  eventRoutes,
  webhookRoutes,
].flat()
