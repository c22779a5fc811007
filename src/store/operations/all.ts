/**
 * Every operation that there is, by its kind. A noun's file ends with the list of its own; a definition that is in no list
 * does not compile, as nothing uses it.
 */
import { accessOperations } from './access.ts'
import { accountKeyOperations } from './account-keys.ts'
import { accountOperations, foundingOperations } from './accounts.ts'
import { archiveOperations } from './archive.ts'
import { auditOperations } from './audit.ts'
import { copyOperations } from './copies.ts'
import { customerKeyOperations } from './customer-keys.ts'
import { deletedOperations } from './deleted.ts'
import { deploymentOperations } from './deployments.ts'
import { environmentOperations } from './environments.ts'
import { eventOperations } from './events.ts'
import { factorOperations } from './factors.ts'
import { fingerprintOperations } from './fingerprints.ts'
import { keyOperations } from './keys.ts'
import { listOperations } from './lists.ts'
import { loginOperations } from './logins.ts'
import { machineOperations } from './machines.ts'
import { madeOperations } from './made.ts'
import { metadataOperations } from './metadata.ts'
import { listRestoringOperations } from './restored-list.ts'
import { restoringOperations } from './restoring.ts'
import { rollbackOperations } from './rollback.ts'
import { secretDeletionOperations } from './secret-deletion.ts'
import { secretOperations } from './secrets.ts'
import { seedOperations } from './seeds.ts'
import { sessionOperations } from './sessions.ts'
import { settingsOperations } from './settings.ts'
import { signInOperations } from './sign-in.ts'
import { trustRuleOperations } from './trust-rules.ts'
import { userOperations } from './users.ts'
import { versionOperations } from './versions.ts'
import { webhookOperations } from './webhooks.ts'
import { wrappingOperations } from './wrappings.ts'

/** All that is done in an account, by somebody. */
export const inAccounts = {
  ...accessOperations,
  ...accountOperations,
  ...accountKeyOperations,
  ...archiveOperations,
  ...auditOperations,
  ...copyOperations,
  ...customerKeyOperations,
  ...deletedOperations,
  ...deploymentOperations,
  ...environmentOperations,
  ...eventOperations,
  ...factorOperations,
  ...fingerprintOperations,
  ...keyOperations,
  ...listOperations,
  ...loginOperations,
  ...machineOperations,
  ...madeOperations,
  ...metadataOperations,
  ...listRestoringOperations,
  ...restoringOperations,
  ...rollbackOperations,
  ...secretDeletionOperations,
  ...secretOperations,
  ...seedOperations,
  ...sessionOperations,
  ...settingsOperations,
  ...signInOperations,
  ...trustRuleOperations,
  ...userOperations,
  ...versionOperations,
  ...webhookOperations,
  ...wrappingOperations,
}

/** What makes an account, and so is in none. */
export const foundings = foundingOperations

export const all = { ...inAccounts, ...foundings }
