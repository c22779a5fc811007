/** An account as companies have them: thousands of secrets with the names, lists, tags and dates that people give. */

export interface DemoSecret {
  readonly name: string
  readonly value: string
  readonly type: 'text' | 'file'
  readonly filename?: string
  readonly list: string
  readonly description: string
  readonly tags: readonly string[]
  /** How long ago it was made, in days. */
  readonly ageDays: number
  /** In how many days it expires, or expired when it is negative. */
  readonly expiresInDays: number | null
}

export const demoLists = [
  'Production',
  'Staging',
  'Platform',
  'Payments',
  'Data warehouse',
  'Partners',
  'Office',
] as const

const environments = ['prod', 'prod-eu-west-1', 'staging', 'preview', 'dev'] as const
const services = [
  ...['billing', 'checkout', 'search', 'mail-relay', 'orders', 'inventory', 'warehouse', 'identity', 'ledger', 'fraud'],
  ...['notifications', 'media', 'reports', 'crm-sync', 'webhooks', 'gateway', 'sessions', 'pricing', 'returns', 'ads'],
  ...['recommendations', 'geo', 'tickets', 'backup', 'metrics', 'tracing', 'ci', 'registry', 'vpn', 'dns'],
] as const
const kinds: readonly (readonly [suffix: string, what: string, tag: string, file?: string])[] = [
  ['postgres-password', 'Password of the database', 'database'],
  ['postgres-replica-password', 'Password of the read replica', 'database'],
  ['redis-password', 'Password of the cache', 'database'],
  ['stripe-api-key', 'Restricted key of the payment provider', 'vendor:stripe'],
  ['smtp-password', 'Password of the mail account', 'mail'],
  ['jwt-signing-key', 'Signs the sessions; two are valid at a time', 'rotation'],
  ['oauth-client-secret', 'Client secret at the identity provider', 'sso'],
  ['webhook-signing-secret', 'What senders sign with', 'vendor:hooks'],
  ['tls.key', 'Private key of the certificate', 'tls', 'privkey.pem'],
  ['deploy-key', 'Reads the repository, nothing else', 'ci', 'id_ed25519'],
  ['s3-secret-access-key', 'Writes the bucket of the service', 'vendor:aws'],
  ['datadog-api-key', 'Sends metrics', 'vendor:datadog'],
  ['kafka-sasl-password', 'Consumer group of the service', 'database'],
  ['sentry-dsn', 'Where errors go', 'vendor:sentry'],
  ['encryption-key-2026', 'Encrypts the columns with personal data', 'rotation'],
  ['sftp-partner-password', 'Nightly exchange of files with the partner', 'partner'],
]

/** As many as there are names. */
export const maxDemoSecrets = environments.length * services.length * kinds.length * 8

/** The same each time; neighbours differ, as they do after years. */
export function demoSecret(at: number): DemoSecret {
  // A step that has no divisor in common with the number of names meets each once.
  const mixed = (at * 7919) % maxDemoSecrets
  const environment = environments[mixed % environments.length] ?? 'prod'
  const service = services[Math.floor(mixed / environments.length) % services.length] ?? 'billing'
  const rest = Math.floor(mixed / environments.length / services.length)
  const [suffix, what, tag, file] = kinds[rest % kinds.length] ?? ['token', 'A token', 'token']
  const instance = Math.floor(rest / kinds.length)
  const name = `${environment}-${service}${instance === 0 ? '' : `-${instance + 1}`}-${suffix}`
  return {
    name,
    value: file === undefined ? `not-a-secret-${mixed}` : `-----BEGIN EXAMPLE-----\n${mixed}\n-----END EXAMPLE-----\n`,
    type: file === undefined ? 'text' : 'file',
    ...(file === undefined ? {} : { filename: file }),
    list: listOf(environment, mixed),
    description: mixed % 3 === 0 ? '' : `${what} of ${service}, ${environment}.`,
    tags: mixed % 5 === 0 ? [] : [tag, ...(mixed % 2 === 0 ? [`team:${service.split('-')[0]}`] : [])],
    ageDays: ([1, 4, 16, 45, 110, 220, 400, 680][mixed % 8] ?? 1) + (mixed % 13),
    expiresInDays: mixed % 7 === 0 ? ((Math.floor(mixed / 7) * 37) % 400) - 8 : null,
  }
}

function listOf(environment: string, mixed: number): string {
  const other = Math.floor(mixed / 11)
  if (other % 4 === 0) return demoLists[2 + ((other / 4) % (demoLists.length - 2))] ?? 'Platform'
  return environment.startsWith('prod') ? 'Production' : 'Staging'
}

/** What `POST /v3/secrets` takes. */
export function bodyOf(secret: DemoSecret, now: number): object {
  const { ageDays: _, expiresInDays, value, type, ...rest } = secret
  const isFile = type === 'file'
  return {
    ...rest,
    type,
    value: isFile ? Buffer.from(value).toString('base64') : value,
    expires_at:
      expiresInDays === null ? null : `${new Date(now + expiresInDays * 86_400_000).toISOString().slice(0, 19)}Z`,
  }
}
