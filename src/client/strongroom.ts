/** The client: one object for one server and one API key. */
import { Account } from './account.ts'
import { itemsOf, pageOf } from './answer.ts'
import { Audit } from './audit.ts'
import { Connection, type Sent } from './connection.ts'
import { DeletedThings } from './deleted.ts'
import { Deployments } from './deployments.ts'
import { Environments } from './environments.ts'
import { type EventOptions, events, type StrongroomEvent } from './events.ts'
import { Keys } from './keys.ts'
import { Lists } from './lists.ts'
import { AccountSettings, Machines } from './machines.ts'
import type { FingerprintFilter, Fingerprints, Rendered, Template } from './model.ts'
import type { AnswerOf, Operation } from './operations.ts'
import {
  type CallOptions,
  type KeyedOptions,
  type MatchOptions,
  type StrongroomOptions,
  settingsOf,
} from './options.ts'
import { Secrets } from './secrets.ts'
import { Seeds } from './seeds.ts'
import { SignIn } from './sign-in.ts'
import { TrustRules } from './trust-rules.ts'
import { Users } from './users.ts'
import { Webhooks } from './webhooks.ts'

/** Speaks the v3 API. Holds no connection that would have to be closed, and shows its API key to nobody. */
export class Strongroom {
  readonly secrets: Secrets
  readonly lists: Lists
  readonly machines: Machines
  readonly seeds: Seeds
  readonly deleted: DeletedThings
  readonly deployments: Deployments
  readonly environments: Environments
  readonly settings: AccountSettings
  readonly signIn: SignIn
  readonly account: Account
  readonly keys: Keys
  readonly trustRules: TrustRules
  readonly users: Users
  readonly webhooks: Webhooks
  readonly audit: Audit

  readonly #connection: Connection

  /** @throws TypeError for options that cannot be right */
  constructor(options: StrongroomOptions) {
    const connection = new Connection(settingsOf(options))
    this.#connection = connection
    this.secrets = new Secrets(connection)
    this.lists = new Lists(connection)
    this.machines = new Machines(connection)
    this.seeds = new Seeds(connection)
    this.deleted = new DeletedThings(connection)
    this.deployments = new Deployments(connection)
    this.environments = new Environments(connection)
    this.settings = new AccountSettings(connection)
    this.signIn = new SignIn(connection)
    this.account = new Account(connection)
    this.keys = new Keys(connection)
    this.trustRules = new TrustRules(connection)
    this.users = new Users(connection)
    this.webhooks = new Webhooks(connection)
    this.audit = new Audit(connection)
  }

  /** Puts the values of secrets in the places of `${{secret.NAME}}`. Every read is recorded, and what the target holds. */
  async render(template: Template, options?: CallOptions): Promise<Rendered> {
    return (await this.#connection.send('POST /v3/render', { body: template }, options)).body
  }

  /**
   * What happens from now on, as it happens: `for await (const event of strongroom.events({ name: 'db-*' }))`. Lost connections
   * are made anew, and nothing is lost or told twice; `signal` ends it. Listening leaves no record in the audit trail.
   */
  events(options?: EventOptions): AsyncGenerator<StrongroomEvent, void, undefined> {
    return events(this.#connection, options)
  }

  /**
   * Calls an operation by its name, as `/openapi.json` has it: those too that have no method of their own. What it takes
   * and answers is typed: `call('POST /v3/users', { body: { email, role: 'reader' } })`.
   */
  async call<O extends Operation>(
    operation: O,
    sent: Sent<O>,
    options?: CallOptions & KeyedOptions & MatchOptions,
  ): Promise<AnswerOf<O>> {
    return (await this.#connection.send(operation, sent, options)).body
  }

  /** Makes fingerprints of the values that may be scanned for, by which they are recognized and not known. */
  async fingerprints(filter: FingerprintFilter = {}, options?: CallOptions): Promise<Fingerprints> {
    return (await this.#connection.send('POST /v3/fingerprints', { body: filter }, options)).body
  }

  /** The same in parts, of which there may be any number: all under the same keys. */
  async *fingerprintParts(filter: FingerprintFilter = {}, options?: CallOptions): AsyncGenerator<Fingerprints> {
    yield* itemsOf(async (cursor) => {
      const body = { limit: 10_000, ...filter, ...(cursor === undefined ? {} : { cursor }) }
      const answer = await this.#connection.send('POST /v3/fingerprints', { body }, options)
      return pageOf([answer.body], answer.headers)
    })
  }
}
