/** Who owns an account, without going through all users; and who holds a secret, in the order of the deployments. */
import type { Migration } from './migration.ts'

const owners = `create index users_by_role on users (account_id, role, is_disabled);\n`

export const ownersAndHolders: Migration = {
  name: '0020-owners-and-holders',
  // There, what belongs to the primary key is at the end of each index.
  sqlite: owners,
  postgres: `${owners}
drop index deployment_secrets_by_secret;
create index deployment_secrets_by_secret on deployment_secrets (account_id, secret_id, deployment_id);
drop index deployments_by_target;
create index deployments_by_target on deployments (account_id, target, id);
`,
  besideOlder:
    'Two indexes come anew with one more column, in the transaction of the step: older nodes wait for it, and ask as before.',
}
