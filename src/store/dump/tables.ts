/**
 * Every table of a store: what a copy of the whole has to hold. Whoever adds a table or a column adds it here, a column at
 * the end and with what older rows have in it, so that older backups can be restored.
 */

/** A whole number, a text, or bytes; `?` where there may be nothing. */
export type Kind = 'integer' | 'integer?' | 'text' | 'text?' | 'bytes'

export interface Table {
  readonly name: string
  /** Whether it holds keys (all of them wrapped), which are kept apart from what they open. */
  readonly isOfKeys: boolean
  /** In the order in which rows are copied. The first ones are the primary key. */
  readonly columns: Readonly<Record<string, Kind>>
  /** How many of the columns are the primary key. */
  readonly keyLength: number
  /** The columns that are younger than the first version, at the end of the others, and what rows from before have there. */
  readonly added: Readonly<Record<string, Added>>
  /** The migration that made it, if it is younger than the first version. */
  readonly since: string
}

interface Added {
  /** The migration that added it. */
  readonly by: string
  readonly value: string | number | Uint8Array | null
}

/** What the MAC of a row is until it is sealed anew. */
const unsealed: Added = { by: '0010-row-macs', value: new Uint8Array() }
/** Nobody knows who made it. */
const unknown: Added = { by: '0011-makers', value: null }
const counted: Added = { by: '0011-makers', value: 0 }
const madeBy = { maker_kind: unknown, maker_id: unknown, maker_name: unknown }

/** In an order in which every row comes after those that it refers to. `migrations` is the schema's own. */
export const tables: readonly Table[] = [
  table('meta', 1, { name: 'text', value: 'bytes' }, { isOfKeys: true }),
  table(
    'accounts',
    1,
    {
      id: 'integer',
      name: 'text',
      created_ms: 'integer',
      next_secret_id: 'integer',
      next_key_id: 'integer',
      next_list_id: 'integer',
      next_machine_id: 'integer',
      next_user_id: 'integer',
      next_deployment_id: 'integer',
      next_seed_id: 'integer',
      next_trust_rule_id: 'integer',
      audit_size: 'integer',
      audit_head: 'bytes',
      audit_ms: 'integer',
      mac: 'bytes',
      networks: 'text',
      machine_networks: 'text',
    },
    {
      added: {
        mac: unsealed,
        networks: { by: '0012-networks', value: '' },
        machine_networks: { by: '0012-networks', value: '' },
      },
    },
  ),
  table(
    'account_keys',
    2,
    { account_id: 'integer', version: 'integer', wrapped: 'bytes', uses: 'integer' },
    { isOfKeys: true },
  ),
  table('account_settings', 1, { account_id: 'integer', vm_auth: 'integer', mac: 'bytes' }),
  table(
    'api_keys',
    2,
    {
      account_id: 'integer',
      id: 'integer',
      uid: 'text',
      name: 'text',
      token_hash: 'text',
      scopes: 'text',
      networks: 'text',
      created_ms: 'integer',
      expires_ms: 'integer?',
      revoked_ms: 'integer?',
      last_used_ms: 'integer?',
      mac: 'bytes',
      user_id: 'integer?',
      confirmed_ms: 'integer?',
      agent: 'text',
      rule_id: 'integer?',
      maker_kind: 'text?',
      maker_id: 'integer?',
      maker_name: 'text?',
      is_owner: 'integer',
    },
    { added: { ...madeBy, is_owner: counted } },
  ),
  table(
    'users',
    2,
    {
      account_id: 'integer',
      id: 'integer',
      uid: 'text',
      email: 'text?',
      name: 'text',
      role: 'text',
      patterns: 'text',
      password: 'text?',
      is_disabled: 'integer',
      link_hash: 'text?',
      link_expires_ms: 'integer?',
      created_ms: 'integer',
      last_sign_in_ms: 'integer?',
      mac: 'bytes',
      has_second_factor: 'integer',
      factor_ids: 'text',
      generation: 'integer',
    },
    { added: { factor_ids: { by: '0010-row-macs', value: '' }, generation: counted } },
  ),
  table('factors', 2, {
    account_id: 'integer',
    id: 'integer',
    uid: 'text',
    user_id: 'integer',
    kind: 'text',
    name: 'text',
    lookup: 'text?',
    data: 'text',
    created_ms: 'integer',
    used_ms: 'integer?',
    mac: 'bytes',
  }),
  table('spent', 2, { account_id: 'integer', hash: 'text', expires_ms: 'integer' }),
  table('sign_in_rules', 1, { account_id: 'integer', second_factor: 'integer', sso: 'text?', mac: 'bytes' }),
  table('attempts', 1, { name: 'text', until_ms: 'integer', count: 'integer' }, { since: '0013-attempts' }),
  table(
    'lists',
    2,
    {
      account_id: 'integer',
      id: 'integer',
      uid: 'text',
      name: 'text',
      created_ms: 'integer',
      updated_ms: 'integer',
      mac: 'bytes',
    },
    { added: { mac: unsealed } },
  ),
  table('secrets', 2, {
    account_id: 'integer',
    id: 'integer',
    uid: 'text',
    name: 'text',
    version: 'integer',
    created_ms: 'integer',
    updated_ms: 'integer',
    mac: 'bytes',
    list_id: 'integer',
    type: 'text',
    filename: 'text?',
    description: 'text',
    tags: 'text',
    expires_ms: 'integer?',
  }),
  table(
    'secret_keys',
    2,
    { account_id: 'integer', secret_id: 'integer', key_version: 'integer', wrapped: 'bytes' },
    { isOfKeys: true },
  ),
  table(
    'versions',
    3,
    {
      account_id: 'integer',
      secret_id: 'integer',
      version: 'integer',
      created_ms: 'integer',
      sealed: 'bytes',
      name: 'text',
      mac: 'bytes',
    },
    { added: { mac: unsealed } },
  ),
  table(
    'machines',
    2,
    {
      account_id: 'integer',
      id: 'integer',
      uid: 'text',
      name: 'text',
      addresses: 'text',
      scopes: 'text',
      created_ms: 'integer',
      mac: 'bytes',
      maker_kind: 'text?',
      maker_id: 'integer?',
      maker_name: 'text?',
    },
    { added: madeBy },
  ),
  table('machine_addresses', 1, { first: 'text', last: 'text', account_id: 'integer', machine_id: 'integer' }),
  table(
    'deployments',
    2,
    {
      account_id: 'integer',
      id: 'integer',
      target: 'text',
      principal_kind: 'text',
      principal_id: 'integer',
      principal_name: 'text',
      seed_id: 'integer?',
      created_ms: 'integer',
      mac: 'bytes',
    },
    { added: { mac: unsealed } },
  ),
  table('deployment_secrets', 3, {
    account_id: 'integer',
    deployment_id: 'integer',
    secret_id: 'integer',
    secret_uid: 'text',
    name: 'text',
    version: 'integer',
  }),
  table(
    'seeds',
    2,
    {
      account_id: 'integer',
      id: 'integer',
      uid: 'text',
      token_hash: 'text',
      target: 'text',
      sealed: 'bytes',
      scopes: 'text',
      maker_kind: 'text',
      maker_id: 'integer',
      maker_name: 'text',
      created_ms: 'integer',
      expires_ms: 'integer',
      max_fetches: 'integer',
      fetches: 'text',
      used_ms: 'integer?',
      returns: 'integer',
      mac: 'bytes',
      maker_generation: 'integer',
      refetched_ms: 'integer?',
    },
    { added: { maker_generation: counted, refetched_ms: { by: '0014-seed-refetches', value: null } } },
  ),
  table(
    'trust_rules',
    2,
    {
      account_id: 'integer',
      id: 'integer',
      uid: 'text',
      name: 'text',
      issuer: 'text',
      audience: 'text',
      claims: 'text',
      scopes: 'text',
      networks: 'text',
      key_ttl: 'integer',
      is_single_use: 'integer',
      jwks_url: 'text?',
      jwks: 'text?',
      created_ms: 'integer',
      updated_ms: 'integer',
      mac: 'bytes',
      maker_kind: 'text?',
      maker_id: 'integer?',
      maker_name: 'text?',
    },
    { added: madeBy },
  ),
  table('used_tokens', 3, { account_id: 'integer', rule_id: 'integer', hash: 'text', until_ms: 'integer' }),
  table(
    'replies',
    3,
    {
      account_id: 'integer',
      key_id: 'integer',
      hash: 'text',
      fingerprint: 'text',
      secret: 'text',
      created_ms: 'integer',
      mac: 'bytes',
    },
    { added: { mac: unsealed } },
  ),
  table('audit', 2, {
    account_id: 'integer',
    seq: 'integer',
    ms: 'integer',
    principal_kind: 'text',
    principal_id: 'integer',
    principal_name: 'text',
    action: 'text',
    object_kind: 'text?',
    object_id: 'integer?',
    object_uid: 'text?',
    object_name: 'text?',
    object_version: 'integer?',
    object_hash: 'text?',
    outcome: 'text',
    request_id: 'text',
    address: 'text',
    head: 'bytes',
  }),
]

function table(
  name: string,
  keyLength: number,
  columns: Table['columns'],
  { isOfKeys = false, added = {}, since = '' }: Partial<Pick<Table, 'isOfKeys' | 'added' | 'since'>> = {},
): Table {
  return { name, keyLength, columns, isOfKeys, added, since }
}
