/** Secrets, their keys, and the versions of their values: apart, so that keys can be destroyed and backed up by themselves. */
import type { Secret, SecretKey } from '../../model/secret.ts'
import { type Fates, fact, index, part, plainly, whole } from '../rows.ts'
import type { VersionHead as Head, StoredSecret } from '../stored.ts'
import { addedEnvironment } from './environment.ts'
import {
  bytes,
  constant,
  integer,
  integerOrNull,
  mac,
  type NamedRow,
  text,
  textOrNull,
  wordOrNull,
  words,
} from './field.ts'
import { removal } from './removal.ts'
import { openTable, sealedTable } from './table.ts'

/** Nothing that older versions of the program wrote was destroyed so. */
const addedDestroyed = { by: '0037-destroyed-versions', value: null } as const

export const secrets = sealedTable<Secret>()({
  name: 'secrets',
  key: ['accountId', 'id'],
  unique: [['accountId', 'environmentId', 'name']],
  holdsKeys: false,
  writing: plainly,
  called: ({ id, uid, name }) => ({ kind: 'secret', id, uid, name }),
  whenMissing: 'the secret is not found, and not listed',
  fields: {
    accountId: integer('account_id'),
    id: integer('id'),
    uid: text('uid', constant),
    name: text('name'),
    version: integer('version'),
    createdAt: integer('created_ms', constant),
    updatedAt: integer('updated_ms'),
    mac: mac(),
    listId: integer('list_id'),
    type: text('type', constant),
    filename: textOrNull('filename'),
    description: text('description'),
    tags: words('tags'),
    expiresAt: integerOrNull('expires_ms'),
    environmentId: integer('environment_id', addedEnvironment),
    decoy: wordOrNull('decoy', { added: { by: '0030-decoys', value: null } }),
    destroyedAt: integerOrNull('destroyed_ms', { added: addedDestroyed }),
  },
})

/** The key of a secret, and whose it is. */
export interface KeyOfSecret extends SecretKey {
  readonly accountId: number
  readonly secretId: number
}

export const secretKeys = openTable<KeyOfSecret>()({
  name: 'secret_keys',
  key: ['accountId', 'secretId'],
  unique: [],
  holdsKeys: true,
  writing: plainly,
  unsealed: 'sealed, and bound to account, uid and version of the account key',
  fields: {
    accountId: integer('account_id'),
    secretId: integer('secret_id'),
    keyVersion: integer('key_version'),
    wrapped: bytes('wrapped'),
  },
})

/** A version of a secret's value, with what is needed to find it. */
export interface Version {
  readonly accountId: number
  readonly secretId: number
  readonly version: number
  readonly createdAt: number
  readonly sealed: Uint8Array
  /** The name that it was sealed under. */
  readonly name: string
  readonly mac: Uint8Array
  /** When the value was destroyed, if it was: nothing of it is left then. */
  readonly destroyedAt: number | null
}

export const versions = sealedTable<Version>()({
  name: 'versions',
  key: ['accountId', 'secretId', 'version'],
  unique: [],
  holdsKeys: false,
  writing: { ...plainly, isKept: isStillKept },
  called: ({ secretId, name }) => ({ kind: 'secret', id: secretId, uid: null, name }),
  whenMissing: 'refused, but for the oldest ones, which are as if they had been pruned',
  fields: {
    accountId: integer('account_id'),
    secretId: integer('secret_id'),
    version: integer('version'),
    createdAt: integer('created_ms'),
    sealed: bytes('sealed', { uncovered: 'sealed, and bound to account, uid, name and version' }),
    name: text('name'),
    mac: mac({ added: { by: '0010-row-macs', value: new Uint8Array() } }),
    destroyedAt: integerOrNull('destroyed_ms', { added: addedDestroyed }),
  },
})

/** A version without its value, which its MAC does not speak of. */
export type VersionHead = Omit<Version, 'sealed'>

export const versionHeads = versions.part('accountId', 'secretId', 'version', 'createdAt', 'name', 'mac', 'destroyedAt')

export const keyOfSecret = secretKeys.part('keyVersion', 'wrapped')

/** By a row of all three. Nothing stands for a key, or a value, that is missing. */
export function toStoredSecret(row: NamedRow): StoredSecret {
  const { keyVersion, wrapped } = keyOfSecret.read(row)
  const sealed = row['sealed']
  return {
    secret: secrets.read(row),
    key: { keyVersion: Number(keyVersion), wrapped: bytesOf(wrapped) },
    sealed: bytesOf(sealed),
    ...(Number(row['is_going'] ?? 0) === 1 ? { isGoing: true } : {}),
  }
}

function bytesOf(value: unknown): Uint8Array {
  return value instanceof Uint8Array ? value : new Uint8Array()
}

/** The versions of a secret up to one: they go from the oldest on. */
const oldestVersions = removal(versions, ['accountId', 'secretId', 'version'], { isUpTo: true })

/** Secrets with their keys and current values, as batches hold them. Versions are added as they are made. */
export const storedSecrets = whole<StoredSecret>()(secrets, ({ secret }) => secret, {
  ...plainly,
  isRenamed: true,
  parts: [
    part(versions, 'secretId', removal(versions, ['accountId', 'secretId']), () => [], {
      removal: oldestVersions,
      of: beyondKept,
    }),
    part(
      secretKeys,
      'secretId',
      removal(secretKeys, ['accountId', 'secretId']),
      ({ secret: { accountId, id }, key }) => [{ ...key, accountId, secretId: id }],
    ),
  ],
})

export const secretsByName = index(storedSecrets, 'accountId', 'environmentId', 'name')

/** With the name that it was sealed under. */
type KeptHead = Head & Pick<Version, 'name'>

/** Versions of the secrets whose history is asked for, oldest first. */
export const histories = fact<readonly [accountId: number, secretId: number], readonly KeptHead[]>('histories')

/** Values of the versions that are asked for, and the names that they were sealed under. */
export const sealedVersions = fact<
  readonly [accountId: number, secretId: number, version: number],
  Pick<Version, 'sealed' | 'name' | 'destroyedAt'>
>('sealed versions')

/** Of a secret that is still there, or kept as it was deleted, the newest ones. */
function isStillKept({ accountId, secretId, version }: Version, fates: Fates, keepVersions: number): boolean {
  const fate = fates.fateOf(storedSecrets, accountId, secretId)
  const newest = (fate?.row ?? fate?.detached)?.secret.version
  return newest !== undefined && version > newest - keepVersions
}

/** The newest version of a secret that goes. */
function beyondKept({ secret: { accountId, id, version } }: StoredSecret, keepVersions: number) {
  return { accountId, secretId: id, version: version - keepVersions }
}
