/** `/v1/{mount}/…`: secrets as Vault's key/value engine, version 2, has them. */

import { Refusal } from '../../../errors.ts'
import { isSecretName } from '../../../model/name.ts'
import type { Secret } from '../../../model/secret.ts'
import { findDeletedSecret, purgeDeleted, restoreDeleted } from '../../../vault/deleted.ts'
import { environmentNames } from '../../../vault/environments.ts'
import { readMetadata, updateMetadata } from '../../../vault/metadata.ts'
import { listFolder } from '../../../vault/secret-listing.ts'
import { deleteSecret, findSecret, putSecret, readSecret } from '../../../vault/secrets.ts'
import { type Asker, unlessMissing, type Vault } from '../../../vault/vault.ts'
import { destroyVersions, findDestroyed, listVersions, readVersion } from '../../../vault/versions.ts'
import { type Data, isMap, textOf } from '../../../vault-map.ts'
import { askerOf, identityOf } from '../../asker.ts'
import { formatTime } from '../../schema.ts'
import { absent, answer, listed, mismatch, VaultGone, VaultRefusal } from '../../vault-api/answers.ts'
import { casOf, dataOf, invalidField, mapField, merged, sentData, wholeNumberOf } from '../../vault-api/data.ts'
import { askerAt, nameAt } from '../../vault-api/mount.ts'
import type { VaultRequest, VaultRoute } from '../../vault-api/route.ts'

/** A change that was outrun by another one is tried again so often. */
const maxTries = 5

export const keyValueRoutes: readonly VaultRoute[] = [
  {
    method: 'GET',
    path: '/:mount/data/*',
    summary: 'Read a secret, or a version of it',
    scope: 'key',
    use:
      ({ vault }) =>
      async (request) => {
        if (isList(request)) throw absent()
        const wanted = versionIn(request)
        const read = readAt(vault, askerAt(request), nameAt(request), wanted)
        const gone = (metadata: object) => ({ data: null, metadata })
        const { secret, value, version, createdAt } = await unlessDestroyed(vault, request, wanted, read, gone)
        const metadata = versionShown(secret, version, createdAt)
        return answer(request, { data: { data: dataOf(secret, value), metadata } })
      },
  },
  {
    method: 'POST',
    path: '/:mount/data/*',
    summary: 'Store a secret',
    scope: 'key',
    use:
      ({ vault }) =>
      async (request) => {
        const text = textOf(sentData(request))
        const secret = await put(vault, request, text, casOf(request))
        return answer(request, { data: versionShown(secret, secret.version, secret.updatedAt) })
      },
  },
  {
    method: 'PATCH',
    path: '/:mount/data/*',
    summary: 'Change a part of a secret',
    scope: 'key',
    use:
      ({ vault }) =>
      async (request) => {
        checkPatch(request)
        const [asker, name] = [askerAt(request), nameAt(request)]
        const [patch, cas] = [sentData(request), casOf(request)]
        for (let tries = 1; ; tries++) {
          const read = readSecret(vault, asker, { id: name }, 'stored')
          const { secret, value } = await unlessDestroyed(vault, request, undefined, read, (shown) => {
            if (cas !== undefined && cas !== shown.version) throw mismatch()
            return shown
          })
          if (cas !== undefined && cas !== secret.version) throw mismatch()
          try {
            const next = merged(dataOf(secret, value), patch)
            const stored = await put(vault, request, textOf(isMap(next) ? next : {}), secret.version)
            return answer(request, { data: versionShown(stored, stored.version, stored.updatedAt) })
          } catch (error) {
            if (!isOutrun(error) || cas !== undefined || tries === maxTries) throw error
          }
        }
      },
  },
  {
    method: 'DELETE',
    path: '/:mount/data/*',
    summary: 'Delete a secret',
    scope: 'key',
    use:
      ({ vault }) =>
      async (request) => {
        await remove(vault, request)
        return undefined
      },
  },
  {
    method: 'POST',
    path: '/:mount/delete/*',
    summary: 'Delete a secret by its newest version',
    scope: 'key',
    use:
      ({ vault }) =>
      async (request) => {
        const deletion = deleteSecret(vault, askerAt(request), { id: nameAt(request) }, versionsIn(request))
        await unlessMissing(deletion).catch((error: unknown) => {
          if (!isOutrun(error)) throw error
          throw new VaultRefusal(400, 'a secret is deleted whole here: name its newest version')
        })
        return undefined
      },
  },
  {
    method: 'POST',
    path: '/:mount/undelete/*',
    summary: 'Restore a secret that was deleted, as long as the account keeps it',
    scope: 'key',
    use:
      ({ vault }) =>
      async (request) => {
        const [asker, name] = [askerAt(request), nameAt(request)]
        versionsIn(request)
        // What is there is as good as undeleted.
        if ((await findSecret(vault, asker, name, 'secrets:write')) !== undefined) return undefined
        const seen = await findSecret(vault, asker, name, 'secrets:list')
        // Whoever sees it, and may not write it, is refused.
        if (seen !== undefined) await updateMetadata(vault, asker, identityOf(request), { id: seen }, {}, undefined)
        if (seen !== undefined) return undefined
        const found = await findDeletedSecret(vault, asker, name)
        if (found === undefined) throw absent()
        await restoreDeleted(vault, asker, found.id, {})
        return undefined
      },
  },
  {
    method: 'POST',
    path: '/:mount/destroy/*',
    summary: 'Destroy the values of versions of a secret',
    scope: 'key',
    use:
      ({ vault }) =>
      async (request) => {
        const [asker, name] = [askerAt(request), nameAt(request)]
        const versions = versionsIn(request, 'no version number provided')
        // Whoever sees it, and may not delete it, is refused by what follows.
        const found = findSecret(vault, asker, name, 'secrets:delete')
        const id = (await found) ?? (await findSecret(vault, asker, name, 'secrets:list'))
        if (id === undefined) await destroyDeleted(vault, asker, name, versions)
        else await unlessMissing(destroyVersions(vault, asker, id, versions, false))
        return undefined
      },
  },
  ...['GET', 'POST'].map(
    (method): VaultRoute => ({
      method: method === 'GET' ? 'GET' : 'POST',
      path: '/:mount/config',
      summary: 'Read what holds for all secrets; nothing of it can be set here',
      scope: 'key',
      use:
        ({ vault, limits }) =>
        async (request) => {
          const { environment } = askerAt(request)
          if (method === 'GET' && isList(request)) throw absent()
          const known = await environmentNames(vault, askerOf(request))
          if (environment?.name === undefined || !known.includes(environment.name)) throw absent()
          const data = { cas_required: false, delete_version_after: '0s', max_versions: limits.keepVersions }
          if (method === 'GET') return answer(request, { data })
          checkFixed(request.body, { ...fixed, max_versions: new RegExp(`^(0*|${data.max_versions})$`) })
          return undefined
        },
    }),
  ),
  {
    method: 'GET',
    path: '/:mount/metadata/*',
    summary: 'Read what is known of a secret; with `list=true`, what is in a folder',
    scope: 'key',
    use:
      ({ vault }) =>
      async (request) =>
        isList(request) ? folder(vault, request) : metadata(vault, request),
  },
  {
    method: 'GET',
    path: '/:mount/metadata',
    summary: 'List what is not in a folder, with `list=true`',
    scope: 'key',
    use:
      ({ vault }) =>
      async (request) => {
        if (!isList(request)) throw absent()
        return folder(vault, request)
      },
  },
  ...['/:mount/metadata/*', '/:mount/metadata'].map(
    (path): VaultRoute => ({
      ...{ method: 'LIST', path, summary: 'List what is in a folder', scope: 'key' },
      use:
        ({ vault }) =>
        async (request) =>
          folder(vault, request),
    }),
  ),
  ...['/:mount/data/*', '/:mount/config'].map(
    (path): VaultRoute => ({
      ...{ method: 'LIST', path, summary: 'List nothing: names are listed in `metadata`', scope: 'key' },
      use: () => async () => {
        throw absent()
      },
    }),
  ),
  {
    method: 'POST',
    path: '/:mount/metadata/*',
    summary: 'Change what is known of a secret',
    scope: 'key',
    use:
      ({ vault }) =>
      async (request) => {
        await update(vault, request, noParts)
        return undefined
      },
  },
  {
    method: 'PATCH',
    path: '/:mount/metadata/*',
    summary: 'Change some of what is known of a secret',
    scope: 'key',
    use:
      ({ vault }) =>
      async (request) => {
        checkPatch(request)
        await update(vault, request, {})
        return undefined
      },
  },
  {
    method: 'DELETE',
    path: '/:mount/metadata/*',
    summary: 'Delete a secret and its versions',
    scope: 'key',
    use:
      ({ vault }) =>
      async (request) => {
        await remove(vault, request)
        return undefined
      },
  },
]

interface Read {
  readonly secret: Secret
  readonly value: Buffer
  readonly version: number
  readonly createdAt: number
}

async function readAt(vault: Vault, asker: Asker, name: string, wanted: number | undefined): Promise<Read> {
  const id = wanted === undefined ? undefined : await findSecret(vault, asker, name, 'secrets:read')
  if (wanted !== undefined && id !== undefined) {
    const { stored, value } = await readVersion(vault, asker, id, wanted)
    const { secret, version, createdAt } = stored
    return { secret, value, version, createdAt }
  }
  const { secret, value } = await readSecret(vault, asker, { id: name })
  // It came meanwhile.
  if (wanted !== undefined && wanted !== secret.version) throw absent()
  return { secret, value, version: secret.version, createdAt: secret.updatedAt }
}

/**
 * What was read; where its value was destroyed, 404 with what is known of it.
 *
 * @param dataOf what is answered then, of what is shown of the version
 */
async function unlessDestroyed<Found>(
  vault: Vault,
  request: VaultRequest,
  wanted: number | undefined,
  read: Promise<Found>,
  dataOf: (shown: ReturnType<typeof versionShown>) => object,
): Promise<Found> {
  const found = await unlessMissing(read)
  if (found !== undefined) return found
  const asker = askerAt(request)
  const id = await findSecret(vault, asker, nameAt(request), 'secrets:read')
  const destroyed = id === undefined ? undefined : await findDestroyed(vault, asker, id, wanted)
  if (destroyed === undefined) throw absent()
  const { secret, version, createdAt } = destroyed
  throw new VaultGone(answer(request, { data: dataOf(versionShown(secret, version, createdAt, true)) }))
}

async function put(vault: Vault, request: VaultRequest, text: string, cas: number | undefined) {
  const match = cas === undefined || cas === 0 ? undefined : [cas]
  const { secret } = await putSecret(vault, askerAt(request), identityOf(request), {
    ...{ name: nameAt(request), type: undefined, value: { text, encoding: undefined } },
    ...{ match, isNewOnly: cas === 0 },
  })
  return secret
}

function checkFixed(body: unknown, only: typeof fixed): Data {
  const sent = isMap(body) ? body : {}
  for (const [field, good] of Object.entries(only)) {
    const value: unknown = sent[field] ?? ''
    if (good.test(typeof value === 'string' ? value : JSON.stringify(value))) continue
    throw new VaultRefusal(400, `${field} cannot be set here`)
  }
  return sent
}

/** @param others what becomes of what is not named */
async function update(vault: Vault, request: VaultRequest, others: Parts): Promise<void> {
  const parts = partsIn(request, others)
  await updateMetadata(vault, askerAt(request), identityOf(request), { id: nameAt(request) }, parts, undefined)
}

/** What is not there is as good as deleted. */
async function remove(vault: Vault, request: VaultRequest): Promise<void> {
  await unlessMissing(deleteSecret(vault, askerAt(request), { id: nameAt(request) }, undefined))
}

async function folder(vault: Vault, request: VaultRequest) {
  const asker = askerAt(request)
  const path = (request.params['*'] ?? '').replace(/\/$/, '')
  if (path !== '' && !isSecretName(path)) throw absent()
  const keys = await listFolder(vault, asker, path === '' ? '' : `${path}/`)
  if (keys.length === 0) throw absent()
  return answer(request, { data: { keys } })
}

async function metadata(vault: Vault, request: VaultRequest) {
  const asker = askerAt(request)
  const name = nameAt(request)
  const read = await unlessMissing(readMetadata(vault, asker, { id: name }))
  if (read === undefined) return answer(request, { data: await metadataOfDeleted(vault, asker, name) })
  const { secret } = read
  const { versions } = await listVersions(vault, asker, secret.id)
  const shown = versions.map(({ version, createdAt, destroyedAt }) => [
    String(version),
    { created_time: formatTime(createdAt), deletion_time: '', destroyed: destroyedAt !== null },
  ])
  const data = {
    ...{ cas_required: false, delete_version_after: '0s', max_versions: 0 },
    created_time: formatTime(secret.createdAt),
    current_version: secret.version,
    custom_metadata: customOf(secret),
    oldest_version: oldestOf(versions.map(({ version }) => version)),
    updated_time: formatTime(secret.updatedAt),
    versions: Object.fromEntries(shown),
  }
  return answer(request, { data })
}

/** Nothing is older than what was first, unless something has gone. */
function oldestOf(versions: readonly number[]): number {
  const oldest = Math.min(...versions)
  return oldest === 1 ? 0 : oldest
}

/** Of what was deleted and is kept: so that clients see when that was, and which version to bring back. */
async function metadataOfDeleted(vault: Vault, asker: Asker, name: string) {
  const found = await findDeletedSecret(vault, asker, name)
  if (found === undefined || found.version === null) throw absent()
  const [created, updated] = [found.row['created_ms'], found.row['updated_ms']].map((one) => formatTime(Number(one)))
  const deleted = { created_time: updated, deletion_time: formatTime(found.deletedAt), destroyed: false }
  return {
    ...{ cas_required: false, delete_version_after: '0s', max_versions: 0 },
    ...{ created_time: created, updated_time: formatTime(found.deletedAt), custom_metadata: null },
    ...{ current_version: found.version, oldest_version: found.version },
    versions: { [found.version]: deleted },
  }
}

/** What was deleted is one thing, and goes with its newest version. */
async function destroyDeleted(vault: Vault, asker: Asker, name: string, versions: readonly number[]): Promise<void> {
  const found = await findDeletedSecret(vault, asker, name)
  if (found === undefined) return
  if (found.version === null || !versions.includes(found.version)) {
    const message = `what was deleted is destroyed whole here: name its newest version, ${found.version}`
    throw new VaultRefusal(400, message)
  }
  await purgeDeleted(vault, asker, found.id)
}

function versionShown(
  secret: Pick<Secret, 'description' | 'tags'> | object,
  version: number,
  createdAt: number,
  destroyed = false,
) {
  return {
    created_time: formatTime(createdAt),
    custom_metadata: 'tags' in secret ? customOf(secret) : null,
    ...{ deletion_time: '', destroyed, version },
  }
}

function customOf({
  description,
  tags,
}: Pick<Secret, 'description' | 'tags'>): Readonly<Record<string, string>> | null {
  const custom = {
    ...(description === '' ? {} : { description }),
    ...(tags.length === 0 ? {} : { tags: tags.join(',') }),
  }
  return Object.keys(custom).length === 0 ? null : custom
}

interface Parts {
  readonly description?: string
  readonly tags?: readonly string[]
}

/** What the server is set to, and what nothing here does: in any form that clients write it in, as texts or not. */
const fixed: Readonly<Record<string, RegExp>> = {
  max_versions: /^0*$/,
  cas_required: /^(false|f|0|)$/i,
  delete_version_after: /^(0+(\.0*)?([nuµm]?s|m|h|d)?)*$/,
}

/** @param others what becomes of what is not named */
function partsIn(request: VaultRequest, others: Parts): Parts {
  const { body, method } = request
  const sent = checkFixed(body, fixed)
  const custom = mapField(request, 'custom_metadata')
  if (custom === undefined) return {}
  // A merge patch takes away what is null, and this is all of it.
  const left = sent['custom_metadata'] === null ? noParts : others
  const named = Object.entries(custom).map(([name, value]) => partOf(name, value, method === 'PATCH'))
  return Object.assign({}, left, ...named)
}

const noParts: Parts = { description: '', tags: [] }

function partOf(name: string, value: unknown, isPatch: boolean): Parts {
  if (name !== 'description' && name !== 'tags') {
    throw new VaultRefusal(400, 'custom_metadata holds "description" and "tags" here, and nothing else')
  }
  const text = value === null && isPatch ? '' : customText(name, value)
  return name === 'description' ? { description: text } : { tags: text.split(',').flatMap((tag) => tag.trim() || []) }
}

/** A text as the real server takes one: numbers as they are written, and never an empty one. */
function customText(name: string, value: unknown): string {
  const text = typeof value === 'boolean' ? Number(value) : (value ?? '')
  if (typeof text === 'object' && !JSON.isRawJSON(text)) {
    throw new VaultRefusal(400, "custom_metadata validation failed: '' expected type 'string'")
  }
  if (text !== '') return typeof text === 'string' ? text : JSON.stringify(text)
  const why = `length of value for key "${name}" is 0 but must be 0 < len(value) <= 512`
  throw new VaultRefusal(400, listed(`custom_metadata validation failed: ${why}`))
}

/** In any form that Go takes for true: hvac sends `True`. */
function isList({ query }: VaultRequest): boolean {
  const text = String(query['list'] ?? '')
  if (/^(1|t|T|true|True|TRUE)$/.test(text)) return true
  if (/^(|0|f|F|false|False|FALSE)$/.test(text)) return false
  throw new VaultRefusal(400)
}

function versionIn({ query }: VaultRequest): number | undefined {
  const text = query['version']
  if (text === undefined || text === '') return undefined
  const number = wholeNumberOf(text)
  if (number === undefined) throw invalidField('version', 'expected a whole number')
  return number > 0 ? Math.min(number, beyondVersions) : undefined
}

/** No secret ever has a version of this number, and every store can look for it. */
const beyondVersions = 999_999_999

/** A list, one alone, or a text with commas. @param none what is said where there is none */
function versionsIn({ body }: VaultRequest, none = 'No version number provided'): readonly number[] {
  const sent = isMap(body) ? (body['versions'] ?? []) : []
  const isNone = sent === '' || (isMap(sent) && Object.keys(sent).length === 0)
  const one = typeof sent === 'string' ? sent.split(',') : [sent]
  const list: readonly unknown[] = isNone ? [] : Array.isArray(sent) ? sent : one
  if (list.length === 0) throw new VaultRefusal(400, none)
  return list.map((each) => wholeNumberOf(each) ?? failVersions())
}

function failVersions(): never {
  throw invalidField('versions', 'expected whole numbers')
}

function checkPatch(request: VaultRequest): void {
  const type = request.headers['content-type'] ?? ''
  if (type === '') throw new VaultRefusal(400, 'mime: no media type')
  if (/^application\/merge-patch\+json\b/i.test(type)) return
  throw new VaultRefusal(415, 'PATCH requires Content-Type of application/merge-patch+json')
}

function isOutrun(error: unknown): boolean {
  return error instanceof Refusal && error.code === 'stale_version'
}
