/** `/v1/sys/…`: what clients ask before they begin: is it well, and what is mounted where. */

import { allowsName, allowsSome, parseScopes, type Right } from '../../../model/scope.ts'
import { programVersion } from '../../../package-root.ts'
import { environmentNames } from '../../../vault/environments.ts'
import { readOwnKey } from '../../../vault/keys.ts'
import { isMap } from '../../../vault-map.ts'
import { askerOf } from '../../asker.ts'
import type { Context } from '../../context.ts'
import { answer, VaultRefusal } from '../../vault-api/answers.ts'
import { environmentOf, mountOf } from '../../vault-api/mount.ts'
import type { VaultRequest, VaultRoute } from '../../vault-api/route.ts'

export const systemRoutes: readonly VaultRoute[] = [
  {
    method: 'GET',
    path: '/sys/health',
    summary: 'Whether the server answers',
    scope: 'open',
    use: (context) => {
      const server = serverShown(context)
      return async () => ({
        ...{ initialized: true, sealed: false, standby: false, performance_standby: false },
        ...{ replication_performance_mode: 'disabled', replication_dr_mode: 'disabled' },
        server_time_utc: Math.floor(context.vault.now() / 1000),
        ...server,
      })
    },
  },
  {
    method: 'GET',
    path: '/sys/seal-status',
    summary: 'Whether the server is sealed',
    scope: 'open',
    use: (context) => {
      const server = serverShown(context)
      return async () => ({
        ...{ type: 'strongroom', initialized: true, sealed: false, t: 1, n: 1, progress: 0, nonce: '' },
        ...{ migration: false, recovery_seal: false, storage_type: context.vault.store.dialect, build_date: '' },
        ...server,
      })
    },
  },
  {
    method: 'GET',
    path: '/sys/init',
    summary: 'Whether the server was set up',
    scope: 'open',
    use: () => async () => ({ initialized: true }),
  },
  {
    method: 'GET',
    path: '/sys/mounts',
    summary: 'List the mounts that the token knows of',
    scope: 'key',
    use:
      ({ vault }) =>
      async (request) => {
        const mounts = mountsOf(await environmentNames(vault, askerOf(request)))
        return { ...answer(request, { data: mounts }), ...mounts }
      },
  },
  {
    method: 'GET',
    path: '/sys/internal/ui/mounts',
    summary: 'List the mounts that the token knows of, by kind',
    scope: 'key',
    use:
      ({ vault }) =>
      async (request) => {
        const secret = mountsOf(await environmentNames(vault, askerOf(request)))
        return answer(request, { data: { auth: {}, secret } })
      },
  },
  {
    method: 'GET',
    path: '/sys/internal/ui/mounts/*',
    summary: 'Find the mount that a path is on',
    scope: 'key',
    use:
      ({ vault }) =>
      async (request) => {
        const path = request.params['*'] ?? ''
        const environment = environmentOf(path.replace(/\/.*$/s, ''))
        const known = await environmentNames(vault, askerOf(request))
        if (environment === undefined || !known.includes(environment)) throw preflight(path)
        return answer(request, { data: { ...mountShown(environment), path: `${mountOf(environment)}/` } })
      },
  },
  {
    method: 'POST',
    path: '/sys/capabilities-self',
    summary: 'What the token may do at some paths',
    scope: 'key',
    use:
      ({ vault }) =>
      async (request) => {
        const { scopes } = await readOwnKey(vault, askerOf(request))
        const capable = pathsIn(request).map((path) => [path, capabilitiesAt(path, scopes)] as const)
        const [first] = capable
        return answer(request, { data: { ...Object.fromEntries(capable), capabilities: first?.[1] ?? [] } })
      },
  },
]

function serverShown({ vault }: Context) {
  const { storeId } = vault.keyring
  return { version: `${formVersion}+strongroom.${programVersion()}`, cluster_name: 'strongroom', cluster_id: storeId }
}

/** Clients take it for one of the real server's: of that, the answers have their form. */
const formVersion = '1.17.0'

function mountsOf(environments: readonly string[]): Readonly<Record<string, object>> {
  return Object.fromEntries(environments.map((name) => [`${mountOf(name)}/`, mountShown(name)]))
}

function mountShown(environment: string) {
  return {
    ...{ type: 'kv', options: { version: '2' }, description: `The environment ${environment}` },
    ...{ accessor: `kv_${environment}`, uuid: '', local: false, seal_wrap: false, external_entropy_access: false },
    config: { default_lease_ttl: 0, max_lease_ttl: 0, force_no_cache: false },
    ...{ plugin_version: '', running_plugin_version: '', running_sha256: '', deprecation_status: 'supported' },
  }
}

function preflight(path: string): VaultRefusal {
  const text = `preflight capability check returned 403, please ensure client's policies grant access to path "${path}/"`
  return new VaultRefusal(403, text)
}

/** As many as a request asks about. */
const maxPaths = 100

function pathsIn({ body }: VaultRequest): readonly string[] {
  const { paths, path } = isMap(body) ? body : {}
  const sent: unknown = paths ?? path
  const list: readonly unknown[] = Array.isArray(sent) ? sent : [sent]
  const texts = list.filter((one) => typeof one === 'string')
  if (texts.length === 0 || texts.length !== list.length || texts.length > maxPaths) {
    throw new VaultRefusal(400, 'missing required parameter: paths')
  }
  return texts
}

const capabilities: Readonly<Record<string, readonly (readonly [Right, readonly string[]])[]>> = {
  data: [
    ['secrets:read', ['read']],
    ['secrets:write', ['create', 'update']],
    ['secrets:delete', ['delete']],
  ],
  metadata: [
    ['secrets:list', ['list', 'read']],
    ['secrets:write', ['create', 'update']],
    ['secrets:delete', ['delete']],
  ],
  delete: [['secrets:delete', ['update']]],
  undelete: [['secrets:write', ['update']]],
  destroy: [['secrets:delete', ['update']]],
}

function capabilitiesAt(path: string, texts: readonly string[]): readonly string[] {
  const [mount = '', part = '', ...names] = path.split('/')
  const environment = environmentOf(mount)
  const name = names.join('/')
  const scopes = parseScopes(texts)
  const may = (right: Right) =>
    environment !== undefined &&
    (name === '' || name.endsWith('/')
      ? allowsSome(scopes, right, environment)
      : allowsName(scopes, right, environment, name))
  const found = (capabilities[part] ?? []).flatMap(([right, words]) => (may(right) ? words : []))
  return found.length === 0 ? ['deny'] : found.toSorted()
}
