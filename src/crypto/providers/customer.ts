/**
 * Providers that accounts name. They are asked through a door that leads nowhere inside, and with what the customer gave for
 * that: nothing of the server's files, environment or permissions, which would be everybody's.
 */
import { invalid } from '../../errors.ts'
import { type CustomerSource, ProviderTrouble, patienceMs, type RootKeyProvider } from './provider.ts'
import type { TransitAccess, TransitPost } from './transit.ts'

/** What a customer gives for its provider. Which parts, its kind says. */
export type Credentials = Readonly<Record<string, string>>

export interface DoorAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly bytes: Buffer
}

/** The door out. Rejects when nothing came back, with nothing of where it leads in its message. */
export type Door = (
  url: string,
  init: {
    readonly method: string
    readonly headers: Readonly<Record<string, string>>
    readonly body: string | Uint8Array | undefined
    readonly signal: AbortSignal
  },
) => Promise<DoorAnswer>

const partsOf = {
  token: ['token'],
  approle: ['role_id', 'secret_id'],
  aws: ['access_key_id', 'secret_access_key'],
} as const

/**
 * @returns those of the parts that the kind of provider takes
 * @throws Refusal `invalid`
 */
export function checkCredentials({ kind }: CustomerSource, given: Credentials): Credentials {
  const isSame = (wanted: readonly string[]) =>
    Object.keys(given).length === wanted.length && wanted.every((name) => (given[name] ?? '') !== '')
  const allowed = kind === 'transit' ? [partsOf.token, partsOf.approle] : [partsOf.aws]
  if (allowed.some(isSame)) return given
  const sets = allowed.map((names) => names.join(' and ')).join(', or ')
  throw invalid('credentials', `Must have ${sets}, and nothing else.`)
}

/** @throws Refusal `invalid` where the provider's client is not installed */
export async function customerKey(
  source: CustomerSource,
  credentials: Credentials,
  door: Door,
  load?: () => Promise<unknown>,
): Promise<RootKeyProvider> {
  if (source.kind === 'transit') {
    const { transitKeyThrough } = await import('./transit.ts')
    return transitKeyThrough(source, { access: accessOf(credentials), post: postThrough(door) })
  }
  const { kmsKey } = await import('./awskms.ts')
  return kmsKey(source, load, {
    credentials: {
      accessKeyId: credentials['access_key_id'] ?? '',
      secretAccessKey: credentials['secret_access_key'] ?? '',
    },
    requestHandler: { handle: (request: unknown, options: unknown) => handle(door, request, options) },
  })
}

function accessOf({ token, role_id: roleId = '', secret_id: secretId = '' }: Credentials): TransitAccess {
  if (token !== undefined) return { kind: 'token', token: () => token }
  return { kind: 'approle', mount: 'approle', roleId, secretId: () => secretId }
}

function postThrough(door: Door): TransitPost {
  return async (url, headers, body) => {
    const signal = AbortSignal.timeout(patienceMs)
    try {
      return await door(url, { method: 'POST', headers, body, signal })
    } catch (error) {
      throw new ProviderTrouble('away', 'The server cannot be reached, or may not be from here.', { cause: error })
    }
  }
}

/** The border to AWS's client, which signs requests and leaves it to this to send them. */
async function handle(door: Door, request: unknown, options: unknown): Promise<object> {
  const { method, headers, body, ...target } = requestOf(request)
  const given: unknown =
    typeof options === 'object' && options !== null ? Reflect.get(options, 'abortSignal') : undefined
  const timeout = AbortSignal.timeout(patienceMs)
  const signal = given instanceof AbortSignal ? AbortSignal.any([given, timeout]) : timeout
  const answer = await door(urlOf(target), { method, headers, body, signal })
  return { response: { statusCode: answer.status, headers: answer.headers, body: Uint8Array.from(answer.bytes) } }
}

function requestOf(request: unknown) {
  if (typeof request !== 'object' || request === null) throw new TypeError('No request.')
  const part = (name: string): unknown => Reflect.get(request, name)
  const body = part('body')
  return {
    method: String(part('method')),
    protocol: String(part('protocol') ?? 'https:'),
    hostname: String(part('hostname')),
    port: part('port'),
    path: String(part('path') ?? '/'),
    headers: Object.fromEntries(Object.entries(part('headers') ?? {}).map(([name, value]) => [name, String(value)])),
    body: typeof body === 'string' || body instanceof Uint8Array ? body : undefined,
  }
}

function urlOf({ protocol, hostname, port, path }: Omit<ReturnType<typeof requestOf>, 'method' | 'headers' | 'body'>) {
  return `${protocol}//${hostname}${port === undefined ? '' : `:${String(port)}`}${path}`
}
