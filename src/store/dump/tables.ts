/** Every table of a store: what a copy of the whole has to hold. Whoever adds a table or a column adds it here. */

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
}

/** In an order in which every row comes after those that it refers to. `migrations` is the schema's own. */
export const tables: readonly Table[] = [
  table('meta', 1, { name: 'text', value: 'bytes' }, true),
  table('accounts', 1, {
    id: 'integer',
    name: 'text',
    created_ms: 'integer',
    next_secret_id: 'integer',
    next_key_id: 'integer',
    next_list_id: 'integer',
    next_machine_id: 'integer',
    next_user_id: 'integer',
    audit_size: 'integer',
    audit_head: 'bytes',
    audit_ms: 'integer',
  }),
  table('account_keys', 2, { account_id: 'integer', version: 'integer', wrapped: 'bytes' }, true),
  table('account_settings', 1, { account_id: 'integer', vm_auth: 'integer', mac: 'bytes' }),
  table('api_keys', 2, {
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
  }),
  table('users', 2, {
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
  }),
  table('lists', 2, {
    account_id: 'integer',
    id: 'integer',
    uid: 'text',
    name: 'text',
    created_ms: 'integer',
    updated_ms: 'integer',
  }),
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
    true,
  ),
  table('versions', 3, {
    account_id: 'integer',
    secret_id: 'integer',
    version: 'integer',
    created_ms: 'integer',
    sealed: 'bytes',
    name: 'text',
  }),
  table('machines', 2, {
    account_id: 'integer',
    id: 'integer',
    uid: 'text',
    name: 'text',
    addresses: 'text',
    scopes: 'text',
    created_ms: 'integer',
    mac: 'bytes',
  }),
  table('machine_addresses', 1, { first: 'text', last: 'text', account_id: 'integer', machine_id: 'integer' }),
  table('replies', 3, {
    account_id: 'integer',
    key_id: 'integer',
    hash: 'text',
    fingerprint: 'text',
    secret: 'text',
    created_ms: 'integer',
  }),
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

function table(name: string, keyLength: number, columns: Table['columns'], isOfKeys = false): Table {
  return { name, keyLength, columns, isOfKeys }
}
