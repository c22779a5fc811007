/** The door of the client: what applications import as `strongroom/client`. */
export { Account } from './account.ts'
export { versionTag } from './answer.ts'
export { Audit } from './audit.ts'
export { CachedSecrets, type CacheOptions } from './cached.ts'
export type { Sent } from './connection.ts'
export { Deployments } from './deployments.ts'
export { type ComparisonFilter, Environments } from './environments.ts'
export {
  AlreadyMade,
  type Code,
  Conflict,
  type FieldFault,
  Forbidden,
  Invalid,
  NotFound,
  RateLimited,
  ServerFault,
  SignedOut,
  StrongroomError,
  TimedOut,
  Unauthorized,
  Unavailable,
  UnexpectedAnswer,
  Unreachable,
} from './errors.ts'
export type { EventOptions, EventPosition, StrongroomEvent } from './events.ts'
export { Keys, type RevokeOptions } from './keys.ts'
export { Lists } from './lists.ts'
export { AccountSettings, Machines } from './machines.ts'
export type * from './model.ts'
export type { AnswerOf, Operation } from './operations.ts'
export {
  type CallOptions,
  type Fetch,
  type KeyedOptions,
  type KeySource,
  type MatchOptions,
  type PutOptions,
  type ReadOptions,
  type StrongroomOptions,
  session,
} from './options.ts'
export { type Platform, platforms } from './platforms.ts'
export { Secrets } from './secrets.ts'
export { type SeedOrder, Seeds } from './seeds.ts'
export { SignIn } from './sign-in.ts'
export { Strongroom } from './strongroom.ts'
export { type Clock, TradedKeys, type TradedKeysOptions } from './traded-keys.ts'
export { TrustRules, tradeToken } from './trust-rules.ts'
export { Webhooks } from './webhooks.ts'
