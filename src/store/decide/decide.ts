/**
 * Decides a batch: what each operation answers, what is written, and what the audit trail says. Pure: the engines load
 * the rows before (under the accounts' locks) and write the changes after, in one transaction, so that both behave alike.
 */
import { unreachable } from '../../errors.ts'
import type { Outcome, Request } from '../operation.ts'
import type { Changes, World } from '../world.ts'
import * as accounts from './accounts.ts'
import { identify, isCall } from './caller.ts'
import * as deployments from './deployments.ts'
import * as factors from './factors.ts'
import * as fingerprints from './fingerprints.ts'
import { exceeding, reachOf } from './grants.ts'
import * as keys from './keys.ts'
import * as lists from './lists.ts'
import * as machines from './machines.ts'
import * as rotation from './rotation.ts'
import * as secrets from './secrets.ts'
import * as seeds from './seeds.ts'
import * as trustRules from './trust-rules.ts'
import * as users from './users.ts'
import * as versions from './versions.ts'
import { type Call, emptyChanges, record, refused, type Work } from './work.ts'

/**
 * @param world what the engine loaded for these requests; its maps are brought to the state after the batch
 * @returns one outcome per request, in the order given, and what to write
 */
export function decide(requests: readonly Request[], world: World): { outcomes: Outcome[]; changes: Changes } {
  const work: Work = { world, changes: emptyChanges() }
  return { outcomes: requests.map((request) => decideOne(work, request)), changes: work.changes }
}

function decideOne(work: Work, request: Request): Outcome {
  const { operation } = request
  if (operation.kind === 'create_account') return accounts.createAccount(work, request, operation)
  const found = identify(work, request)
  if (!isCall(found)) return found
  const refusal =
    users.incomplete(found, operation) ?? users.unconfirmed(found, operation) ?? exceeding(found, operation)
  return refusal ?? carryOut(found, operation)
}

function carryOut(call: Call, operation: Exclude<Request['operation'], { kind: 'create_account' }>): Outcome {
  switch (operation.kind) {
    case 'authenticate':
      return authenticate(call)
    case 'list_secrets':
      return secrets.listSecrets(call, operation)
    case 'read_secret':
      return secrets.readSecret(call, operation)
    case 'read_secrets':
      return secrets.readSecrets(call, operation)
    case 'prepare_secret':
      return secrets.prepareSecret(call, operation)
    case 'create_secret':
      return secrets.createSecret(call, operation)
    case 'update_secret':
      return secrets.updateSecret(call, operation)
    case 'delete_secret':
      return secrets.deleteSecret(call, operation)
    case 'read_metadata':
      return lists.readMetadata(call, operation)
    case 'update_metadata':
      return lists.updateMetadata(call, operation)
    case 'move_secret':
      return lists.moveSecret(call, operation)
    case 'list_values':
      return lists.listValues(call, operation)
    case 'list_lists':
      return lists.listLists(call)
    case 'read_list':
      return lists.readList(call, operation)
    case 'create_list':
      return lists.createList(call, operation)
    case 'rename_list':
      return lists.renameList(call, operation)
    case 'delete_list':
      return lists.deleteList(call, operation)
    case 'list_versions':
      return versions.listVersions(call, operation)
    case 'read_version':
      return versions.readVersion(call, operation)
    case 'prepare_version':
      return versions.prepareVersion(call, operation)
    case 'restore_version':
      return versions.restoreVersion(call, operation)
    case 'list_fingerprints':
      return fingerprints.listFingerprints(call)
    case 'hand_out_fingerprints':
      return fingerprints.handOutFingerprints(call, operation)
    case 'list_machines':
      return machines.listMachines(call)
    case 'read_machine':
      return machines.readMachine(call, operation)
    case 'create_machine':
      return machines.createMachine(call, operation)
    case 'delete_machine':
      return machines.deleteMachine(call, operation)
    case 'read_settings':
      return machines.readSettings(call)
    case 'update_settings':
      return machines.updateSettings(call, operation)
    case 'list_users':
      return users.listUsers(call)
    case 'read_user':
      return users.readUser(call, operation)
    case 'prepare_user':
      return users.prepareUser(call, operation)
    case 'create_user':
      return users.createUser(call, operation)
    case 'update_user':
      return users.updateUser(call, operation)
    case 'delete_user':
      return users.deleteUser(call, operation)
    case 'open_session':
      return users.openSession(call, operation)
    case 'read_session':
      return users.readSession(call)
    case 'confirm_session':
      return users.confirmSession(call, operation)
    case 'end_session':
      return users.endSession(call, operation)
    case 'change_factors':
      return factors.changeFactors(call, operation)
    case 'read_rules':
      return factors.readRules(call)
    case 'update_rules':
      return factors.updateRules(call, operation)
    case 'list_keys':
      return keys.listKeys(call)
    case 'read_key':
      return keys.readKey(call, operation)
    case 'read_own_key':
      return keys.readOwnKey(call)
    case 'prepare_key':
      return keys.prepareKey(call, operation)
    case 'create_key':
      return keys.createKey(call, operation)
    case 'rotate_key':
      return keys.rotateKey(call, operation)
    case 'revoke_key':
      return keys.revokeKey(call, operation)
    case 'revoke_own_key':
      return keys.revokeOwnKey(call, operation)
    case 'list_made':
      return operation.maker.kind === 'key'
        ? keys.listMadeByKey(call, operation)
        : users.listMadeByUser(call, operation)
    case 'put_deployment':
      return deployments.putDeploymentOf(call, operation)
    case 'list_deployments':
      return deployments.listDeployments(call)
    case 'delete_deployment':
      return deployments.deleteDeployment(call, operation)
    case 'create_seed':
      return seeds.createSeed(call, operation)
    case 'list_seeds':
      return seeds.listSeeds(call)
    case 'read_seed':
      return seeds.readSeed(call, operation)
    case 'delete_seed':
      return seeds.deleteSeed(call, operation)
    case 'prepare_seed':
      return seeds.prepareSeed(call, operation)
    case 'fetch_seed':
      return seeds.fetchSeed(call, operation)
    case 'refetch_seed':
      return seeds.refetchSeed(call, operation)
    case 'return_seed':
      return seeds.returnSeed(call, operation)
    case 'list_trust_rules':
      return trustRules.listTrustRules(call)
    case 'read_trust_rule':
      return trustRules.readTrustRule(call, operation)
    case 'prepare_trust_rule':
      return trustRules.prepareTrustRule(call, operation)
    case 'create_trust_rule':
      return trustRules.createTrustRule(call, operation)
    case 'update_trust_rule':
      return trustRules.updateTrustRule(call, operation)
    case 'delete_trust_rule':
      return trustRules.deleteTrustRule(call, operation)
    case 'exchange_token':
      return trustRules.exchangeToken(call, operation)
    case 'read_audit':
      return accounts.readAudit(call)
    case 'verify_audit':
      return accounts.verifyAudit(call)
    case 'read_account':
      return accounts.readAccount(call)
    case 'add_account_key':
      return rotation.addAccountKey(call, operation)
    case 'rewrap_secret_keys':
      return rotation.rewrapSecretKeys(call, operation)
    case 'rewrap_account_key':
      return rotation.rewrapAccountKey(call, operation)
    case 'drop_account_key':
      return rotation.dropAccountKey(call, operation)
    case 'record':
      record(call, operation.object, operation.outcome)
      return { kind: 'done', result: null }
    default:
      return unreachable(operation)
  }
}

function authenticate(call: Call): Outcome<'authenticate'> {
  const accountKey = call.work.world.accountKeys.get(call.account.id)
  if (accountKey === undefined) return refused('integrity_failure', 'The account has no key.')
  const { key, principal: maker, user } = call
  const { isOwner } = reachOf(call)
  const generation = user?.generation ?? 0
  return { kind: 'done', result: { accountId: call.account.id, accountKey, key, maker, isOwner, generation } }
}
