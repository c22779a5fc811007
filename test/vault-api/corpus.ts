/**
 * Requests of Vault's HTTP API in the order in which they are sent, each with what the real server answers: its key/value engine, held
 * against that of Vault by corpus-engine.ts; the server around it, held against OpenBao by test/long/vault-corpus-bao.test.ts. Where ours
 * differs, the case says how, and which row of "What differs" in docs/vault.md says why.
 */

/** What is the same for every answer of one kind, and told apart: `<id>`, `<time>`, `<token>`; `…` at the end of a text is any end of it. */
export interface Expected {
  readonly status: number
  readonly body?: unknown
}

export interface Case {
  readonly name: string
  readonly method: 'GET' | 'LIST' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below `/v1/`. `{token}` is the wrapping token that the case before it was answered. */
  readonly path: string
  /** As JSON; a text as it is. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Whose token it is sent with: one that may do everything, one that may only list, none, or one that is none. */
  readonly as?: 'lister' | 'nobody' | 'stranger' | 'wrapping token'
  /** What the real server answers; nothing where it cannot be said without setting one up so. */
  readonly real?: Expected
  /** What OpenBao answers, which differs from Vault here. */
  readonly bao?: Expected
  /** What we answer instead. */
  readonly ours?: Expected
  /** How the row of the document begins that says why. */
  readonly differs?: string
}

const envelope = (data: unknown, more: object = {}) => ({
  ...{ request_id: '<id>', lease_id: '', renewable: false, lease_duration: 0 },
  ...{ data, wrap_info: null, warnings: null, auth: null, ...more },
})
const ok = (data: unknown, more: object = {}): Expected => ({ status: 200, body: envelope(data, more) })
const done: Expected = { status: 204 }
const nowhere = (how: string): Expected => ({
  status: 404,
  body: envelope(null, { warnings: [`${how}…`] }),
})
const badPath = nowhere('Invalid path for a versioned K/V secrets engine.')
const badRoot = nowhere('Non-listing operations on the root of a K/V v2 mount')
const refused = (status: number, ...errors: readonly string[]): Expected => ({ status, body: { errors } })
const absent = refused(404)
const version = (number: number, more: object = {}) => ({
  ...{ created_time: '<time>', custom_metadata: null, deletion_time: '', destroyed: false, version: number, ...more },
})
const read = (data: unknown, number: number, more: object = {}) => ok({ data, metadata: version(number, more) })
const metadata = (current: number, versions: readonly number[], more: object = {}) => ({
  ...{ cas_required: false, created_time: '<time>', current_version: current, custom_metadata: null },
  ...{ delete_version_after: '0s', max_versions: 0, oldest_version: 0, updated_time: '<time>' },
  versions: Object.fromEntries(
    versions.map((one) => [String(one), { created_time: '<time>', deletion_time: '', destroyed: false }]),
  ),
  ...more,
})
const withDestroyed = (of: ReturnType<typeof metadata>, ...numbers: readonly number[]) => {
  const gone = numbers.map((one) => [String(one), { created_time: '<time>', deletion_time: '', destroyed: true }])
  return { ...of, versions: { ...of.versions, ...Object.fromEntries(gone) } }
}
const destroyed = (number: number, more: object = {}): Expected => ({
  status: 404,
  body: envelope({ data: null, metadata: version(number, { destroyed: true, ...more }) }),
})
const denied = refused(403, '1 error occurred:\n\t* permission denied\n\n')
const unsupported = refused(405, '1 error occurred:\n\t* unsupported operation\n\n')
const noHandler = (path: string) => refused(404, `no handler for route "${path}". route entry not found.`)
const mismatch = refused(400, 'check-and-set parameter did not match the current version')
const misread = (field: string) => `error converting input for field "${field}": …`
const invalid = (field: string) => refused(400, `Field validation failed: ${misread(field)}`)
/** Where it is looked for first whether something is there: `POST` of data and of metadata. */
const unread = (field: string) => refused(400, misread(field))
const notJson = {
  real: refused(400, 'failed to parse JSON input: …'),
  bao: refused(400, 'failed to decode JSON input: …'),
}
const notValid = refused(400, 'wrapping token is not valid or does not exist')
const merge = { 'content-type': 'application/merge-patch+json' }

const put = (path: string, data: unknown, number: number): Case => ({
  ...{ name: `stores ${path} as version ${number}`, method: 'POST', path: `secret/data/${path}`, body: { data } },
  real: ok(version(number)),
})

const empty404 = 'Every 404 has a body'
const whole = 'A deletion takes the secret'
const numbers = 'Numbers are as they were written'
const names = 'A name has letters'
const custom = '`custom_metadata` holds'
const nulls = '`data: null` is stored'
const unknown = 'Parameters that nothing takes'
const broken = 'A merge patch that'
const settings = '`max_versions`, `cas_required`'
const bodies = 'A body is 400'
const unseen = 'What a key may not see'
const others = 'Other engines'
const sentences = 'Sentences that tell'

/** Reading and writing. */
const data: readonly Case[] = [
  put('c/a', { user: 'u', password: 'p' }, 1),
  { name: 'reads it', method: 'GET', path: 'secret/data/c/a', real: read({ user: 'u', password: 'p' }, 1) },
  { ...put('c/a', { user: 'u' }, 2), name: 'stores with PUT', method: 'PUT' },
  {
    ...{ name: 'reads an old version', method: 'GET', path: 'secret/data/c/a?version=1' },
    real: read({ user: 'u', password: 'p' }, 1),
  },
  {
    name: 'takes version 0 for the newest',
    method: 'GET',
    path: 'secret/data/c/a?version=0',
    real: read({ user: 'u' }, 2),
  },
  {
    name: 'takes a negative version so',
    method: 'GET',
    path: 'secret/data/c/a?version=-1',
    real: read({ user: 'u' }, 2),
  },
  { name: 'has no version 3', method: 'GET', path: 'secret/data/c/a?version=3', real: absent },
  { name: 'knows no version x', method: 'GET', path: 'secret/data/c/a?version=x', real: invalid('version') },
  { name: 'finds nothing', method: 'GET', path: 'secret/data/c/none', real: absent },
  { name: 'finds nothing at a folder', method: 'GET', path: 'secret/data/c', real: absent },
  {
    ...{ name: 'finds nothing at a folder with its slash', method: 'GET', path: 'secret/data/c/' },
    ...{ real: badPath, bao: absent, ours: absent, differs: empty404 },
  },
  {
    ...{ name: 'finds nothing without a path', method: 'GET', path: 'secret/data/' },
    ...{ real: badPath, bao: absent, ours: absent, differs: empty404 },
  },
  put('c/empty', {}, 1),
  { name: 'reads an empty map', method: 'GET', path: 'secret/data/c/empty', real: read({}, 1) },
  put('c/deep', { a: { b: [1, null, true, 'ü💡', { c: '' }] }, '': 'x' }, 1),
  {
    ...{ name: 'reads nested JSON', method: 'GET', path: 'secret/data/c/deep' },
    real: read({ a: { b: [1, null, true, 'ü💡', { c: '' }] }, '': 'x' }, 1),
  },
  put('c/value', { value: 'plain' }, 1),
  {
    name: 'reads what is plain text here',
    method: 'GET',
    path: 'secret/data/c/value',
    real: read({ value: 'plain' }, 1),
  },
  {
    ...{ name: 'stores a big number', method: 'POST', path: 'secret/data/c/big' },
    ...{ body: '{"data":{"n":12345678901234567890}}', real: ok(version(1)) },
  },
  {
    ...{ name: 'reads a big number', method: 'GET', path: 'secret/data/c/big', differs: numbers },
    real: { status: 200, body: 'contains "n":12345678901234567000' },
    ours: { status: 200, body: 'contains "n":12345678901234567890' },
  },
  { name: 'wants data', method: 'POST', path: 'secret/data/c/a', body: {}, real: refused(400, 'no data provided') },
  { name: 'wants a body', method: 'POST', path: 'secret/data/c/a', real: refused(400, 'no data provided') },
  {
    ...{ name: 'takes a null body for none', method: 'POST', path: 'secret/data/c/a', body: 'null' },
    real: refused(400, 'no data provided'),
  },
  { name: 'wants a map', method: 'POST', path: 'secret/data/c/a', body: { data: 'text' }, real: unread('data') },
  { name: 'wants JSON', method: 'POST', path: 'secret/data/c/a', body: '{"data":{', ...notJson },
  { name: 'wants an object', method: 'POST', path: 'secret/data/c/a', body: '[]', ...notJson },
  {
    ...{
      name: 'takes any type of body for JSON',
      method: 'POST',
      path: 'secret/data/c/type',
      body: '{"data":{"a":"b"}}',
    },
    ...{ headers: { 'content-type': 'text/plain' }, real: ok(version(1)) },
  },
  {
    ...{ name: 'is asked about a mount that is not there', method: 'GET', path: 'nowhere/data/c/a', differs: unseen },
    ...{ real: noHandler('nowhere/data/c/a'), ours: absent },
  },
]

const cas: readonly Case[] = [
  {
    ...{ name: 'makes with cas 0', method: 'POST', path: 'secret/data/c/cas', body: { data: {}, options: { cas: 0 } } },
    real: ok(version(1)),
  },
  ...[0, 2, -1, null, false, '', '3', '0x2', '-0x1', '0b11', '0o7', '010', '1_0', '00'].map(
    (one): Case => ({
      ...{ name: `refuses cas ${one}`, method: 'POST', path: 'secret/data/c/cas' },
      ...{ body: { data: {}, options: { cas: one } }, real: mismatch },
    }),
  ),
  ...['x', ' 1', 1.5, [], {}, '1.0', '0x', '08', '1__0', '_1', '9223372036854775808'].map(
    (one): Case => ({
      ...{ name: `cannot read cas ${JSON.stringify(one)}`, method: 'POST', path: 'secret/data/c/cas' },
      ...{ body: { data: {}, options: { cas: one } }, real: refused(400, 'error parsing check-and-set parameter') },
    }),
  ),
  {
    ...{ name: 'takes no cas that is written as no whole number', method: 'POST', path: 'secret/data/c/cas' },
    ...{ body: '{"data":{},"options":{"cas":1.0}}', real: refused(400, 'error parsing check-and-set parameter') },
  },
  {
    ...{ name: 'wants options as a map', method: 'POST', path: 'secret/data/c/cas', body: { data: {}, options: 'x' } },
    real: unread('options'),
  },
  {
    ...{
      name: 'takes cas as text',
      method: 'POST',
      path: 'secret/data/c/cas',
      body: { data: {}, options: { cas: '1' } },
    },
    real: ok(version(2)),
  },
  {
    ...{ name: 'takes null for no options', method: 'POST', path: 'secret/data/c/cas' },
    ...{ body: { data: {}, options: null }, real: ok(version(3)) },
  },
  ...['0x3', '0b1_00', '+05'].map(
    (one, at): Case => ({
      ...{ name: `takes cas ${one}`, method: 'POST', path: 'secret/data/c/cas', real: ok(version(4 + at)) },
      body: { data: {}, options: { cas: one } },
    }),
  ),
]

const patches: readonly Case[] = [
  put('c/patch', { old: 'o', deep: { a: 1, b: 2 } }, 1),
  {
    ...{ name: 'wants a type of body for a patch', method: 'PATCH', path: 'secret/data/c/patch' },
    ...{ body: '{"data":{}}', headers: { 'content-type': '' }, real: refused(400, 'mime: no media type') },
  },
  {
    ...{ name: 'wants that of a merge patch', method: 'PATCH', path: 'secret/data/c/patch', body: { data: {} } },
    real: refused(415, 'PATCH requires Content-Type of application/merge-patch+json, provided application/json'),
    ours: refused(415, 'PATCH requires Content-Type of application/merge-patch+json'),
    differs: sentences,
  },
  {
    ...{ name: 'patches', method: 'PATCH', path: 'secret/data/c/patch', headers: merge, real: ok(version(2)) },
    body: { data: { old: null, new: 'n', deep: { b: null, c: 3 } } },
  },
  {
    ...{ name: 'reads what was patched', method: 'GET', path: 'secret/data/c/patch' },
    real: read({ deep: { a: 1, c: 3 }, new: 'n' }, 2),
  },
  {
    ...{ name: 'patches upon a version', method: 'PATCH', path: 'secret/data/c/patch', headers: merge },
    ...{ body: { data: {}, options: { cas: 1 } }, real: mismatch },
  },
  {
    ...{ name: 'wants data for a patch', method: 'PATCH', path: 'secret/data/c/patch', headers: merge, body: {} },
    real: refused(400, 'no data provided'),
  },
  {
    ...{ name: 'patches nothing', method: 'PATCH', path: 'secret/data/c/none', headers: merge, body: { data: {} } },
    ...{ real: { status: 404 }, ours: absent, differs: empty404 },
  },
]

const folders: readonly Case[] = [
  { name: 'lists what is at the root', method: 'LIST', path: 'secret/metadata', real: ok({ keys: ['c/'] }) },
  { name: 'lists it with its slash', method: 'LIST', path: 'secret/metadata/', real: ok({ keys: ['c/'] }) },
  {
    ...{ name: 'lists a folder', method: 'LIST', path: 'secret/metadata/c' },
    real: ok({ keys: ['a', 'big', 'cas', 'deep', 'empty', 'patch', 'type', 'value'] }),
  },
  {
    ...{ name: 'lists a folder with GET', method: 'GET', path: 'secret/metadata/c/?list=true' },
    real: ok({ keys: ['a', 'big', 'cas', 'deep', 'empty', 'patch', 'type', 'value'] }),
  },
  { name: 'wants to know whether to list', method: 'GET', path: 'secret/metadata/c/?list=perhaps', real: refused(400) },
  { name: 'lists nothing in a secret', method: 'LIST', path: 'secret/metadata/c/a', real: absent },
  { name: 'lists nothing in no folder', method: 'LIST', path: 'secret/metadata/none', real: absent },
  ...[
    ['LIST', 'data/c'],
    ['GET', 'data/c?list=true'],
    ['LIST', 'config'],
    ['GET', 'config?list=true'],
    ['LIST', 'data'],
  ].map(
    ([method, path]): Case => ({
      ...{ name: `cannot ${method} ${path}`, method: method === 'GET' ? 'GET' : 'LIST', path: `secret/${path}` },
      ...{ real: badPath, ours: path === 'data' ? noHandler('secret/data') : absent, differs: empty404 },
      ...(path?.startsWith('data') ? { bao: unsupported } : {}),
    }),
  ),
  {
    ...{ name: 'reads nothing at the root', method: 'GET', path: 'secret/metadata', real: badRoot },
    ...{ ours: absent, differs: empty404 },
  },
  {
    ...{ name: 'reads nothing where nothing can be', method: 'GET', path: 'secret/other/a', real: badPath },
    ...{ ours: noHandler('secret/other/a'), differs: empty404 },
  },
  { name: 'cannot list where POST is all', method: 'LIST', path: 'secret/destroy/c', real: unsupported },
]

const about: readonly Case[] = [
  { name: 'tells of a secret', method: 'GET', path: 'secret/metadata/c/a', real: ok(metadata(2, [1, 2])) },
  { name: 'tells nothing of none', method: 'GET', path: 'secret/metadata/c/none', real: absent },
  { name: 'tells nothing of a folder', method: 'GET', path: 'secret/metadata/c/', real: absent },
  {
    ...{ name: 'describes a secret', method: 'POST', path: 'secret/metadata/c/a', real: done },
    body: { custom_metadata: { description: 'd', tags: 'x,y' } },
  },
  {
    ...{ name: 'tells how it is described', method: 'GET', path: 'secret/data/c/a' },
    real: read({ user: 'u' }, 2, { custom_metadata: { description: 'd', tags: 'x,y' } }),
  },
  {
    ...{ name: 'takes away a part of that', method: 'PATCH', path: 'secret/metadata/c/a', headers: merge, real: done },
    body: { custom_metadata: { tags: null } },
  },
  {
    ...{ name: 'tells what is left of it', method: 'GET', path: 'secret/metadata/c/a' },
    real: ok(metadata(2, [1, 2], { custom_metadata: { description: 'd' } })),
  },
  { name: 'is told nothing of a secret', method: 'POST', path: 'secret/metadata/c/a', body: {}, real: done },
  {
    ...{
      name: 'describes a secret otherwise',
      method: 'POST',
      path: 'secret/metadata/c/a',
      real: done,
      differs: custom,
    },
    ...{ body: { custom_metadata: { owner: 'me' } } },
    ours: refused(400, 'custom_metadata holds "description" and "tags" here, and nothing else'),
  },
  {
    ...{ name: 'describes a secret that is not there', method: 'POST', path: 'secret/metadata/c/none', real: done },
    ...{ body: { custom_metadata: { description: 'd' } }, ours: absent, differs: custom },
  },
  {
    ...{
      name: 'keeps three versions',
      method: 'POST',
      path: 'secret/metadata/c/a',
      body: { max_versions: 3 },
      real: done,
    },
    ...{ ours: refused(400, 'max_versions cannot be set here'), differs: settings },
  },
  {
    ...{ name: 'reads how the engine is set', method: 'GET', path: 'secret/config' },
    real: ok({ cas_required: false, delete_version_after: '0s', max_versions: 0 }),
    ours: ok({ cas_required: false, delete_version_after: '0s', max_versions: 10 }),
    differs: settings,
  },
]

const ends: readonly Case[] = [
  put('c/end', { v: '1' }, 1),
  put('c/end', { v: '2' }, 2),
  {
    ...{
      name: 'deletes an old version',
      method: 'POST',
      path: 'secret/delete/c/end',
      body: { versions: [1] },
      real: done,
    },
    ...{ ours: refused(400, 'a secret is deleted whole here: name its newest version'), differs: '`delete` by older' },
  },
  {
    ...{ name: 'deletes no version', method: 'POST', path: 'secret/delete/c/end', body: {} },
    real: refused(400, 'No version number provided'),
  },
  {
    ...{ name: 'destroys no version', method: 'POST', path: 'secret/destroy/c/end', body: { versions: [] } },
    real: refused(400, 'no version number provided'),
  },
  {
    ...{ name: 'destroys version x', method: 'POST', path: 'secret/destroy/c/end', body: { versions: ['x'] } },
    real: invalid('versions'),
  },
  { name: 'destroys the oldest', method: 'POST', path: 'secret/destroy/c/end', body: { versions: [1] }, real: done },
  ...[1, 2, 3, 4].map((one) => put('c/gone', { v: `${one}` }, one)),
  {
    ...{ name: 'destroys one among others', method: 'POST', path: 'secret/destroy/c/gone', real: done },
    body: { versions: [2, 9] },
  },
  { name: 'reads what was destroyed', method: 'GET', path: 'secret/data/c/gone?version=2', real: destroyed(2) },
  {
    ...{ name: 'reads what is older', method: 'GET', path: 'secret/data/c/gone?version=1' },
    real: read({ v: '1' }, 1),
  },
  {
    ...{ name: 'undeletes nothing that was destroyed', method: 'POST', path: 'secret/undelete/c/gone', real: done },
    body: { versions: [2] },
  },
  {
    ...{ name: 'tells of what was destroyed', method: 'GET', path: 'secret/metadata/c/gone' },
    real: ok(withDestroyed(metadata(4, [1, 2, 3, 4]), 2)),
  },
  {
    ...{ name: 'destroys the newest with PUT', method: 'PUT', path: 'secret/destroy/c/gone', real: done },
    body: { versions: '4,2' },
  },
  { name: 'reads the newest that was destroyed', method: 'GET', path: 'secret/data/c/gone', real: destroyed(4) },
  {
    ...{ name: 'patches nothing that was destroyed', method: 'PATCH', path: 'secret/data/c/gone', headers: merge },
    ...{ body: { data: { a: 'b' } }, real: { status: 404, body: envelope(version(4, { destroyed: true })) } },
  },
  {
    ...{ name: 'patches it upon no other version', method: 'PATCH', path: 'secret/data/c/gone', headers: merge },
    ...{ body: { data: {}, options: { cas: 3 } }, real: mismatch },
  },
  {
    ...{ name: 'tells of the newest, too', method: 'GET', path: 'secret/metadata/c/gone' },
    real: ok(withDestroyed(metadata(4, [1, 2, 3, 4]), 2, 4)),
  },
  { name: 'lists what has no value', method: 'LIST', path: 'secret/metadata/c/gone/', real: absent },
  {
    ...{ name: 'describes what has no value', method: 'POST', path: 'secret/metadata/c/gone', real: done },
    body: { custom_metadata: { description: 'd' } },
  },
  {
    ...{ name: 'tells how that is described', method: 'GET', path: 'secret/data/c/gone' },
    real: destroyed(4, { custom_metadata: { description: 'd' } }),
  },
  {
    ...{ name: 'makes nothing where there is no value', method: 'POST', path: 'secret/data/c/gone', real: mismatch },
    body: { data: { v: '5' }, options: { cas: 0 } },
  },
  {
    ...{ name: 'stores upon what has no value', method: 'POST', path: 'secret/data/c/gone' },
    ...{ body: { data: { v: '5' }, options: { cas: 4 } } },
    real: ok(version(5, { custom_metadata: { description: 'd' } })),
  },
  {
    ...{ name: 'destroys all of them', method: 'POST', path: 'secret/destroy/c/gone', real: done },
    body: { versions: [1, 2, 3, 4, 5] },
  },
  {
    ...{ name: 'tells of all of them', method: 'GET', path: 'secret/metadata/c/gone' },
    real: ok(
      withDestroyed(metadata(5, [1, 2, 3, 4, 5], { custom_metadata: { description: 'd' } }), ...[1, 2, 3, 4, 5]),
    ),
  },
  ...[1, 2, 3].map((one) => put('c/forms', { v: `${one}` }, one)),
  {
    ...{ name: 'reads a version by its bits', method: 'GET', path: 'secret/data/c/forms?version=0b10' },
    real: read({ v: '2' }, 2),
  },
  {
    ...{ name: 'reads no version so high', method: 'GET', path: 'secret/data/c/forms?version=9223372036854775807' },
    real: absent,
  },
  {
    ...{ name: 'knows no version higher', method: 'GET', path: 'secret/data/c/forms?version=9223372036854775808' },
    real: invalid('version'),
  },
  {
    ...{ name: 'destroys by true, and by bits', method: 'POST', path: 'secret/destroy/c/forms', real: done },
    body: { versions: [true, '0b11', '0b11'] },
  },
  {
    ...{ name: 'destroyed those', method: 'GET', path: 'secret/metadata/c/forms' },
    real: ok(withDestroyed(metadata(3, [1, 2, 3]), 1, 3)),
  },
  {
    ...{ name: 'deletes the newest that was destroyed', method: 'POST', path: 'secret/delete/c/forms', real: done },
    body: { versions: [3] },
  },
  {
    ...{ name: 'deletes it without its version', method: 'DELETE', path: 'secret/data/c/forms', real: done },
  },
  {
    ...{ name: 'reads what stayed beside it', method: 'GET', path: 'secret/data/c/forms?version=2' },
    ...{ real: read({ v: '2' }, 2), ours: absent, differs: whole },
  },
  { name: 'destroys nothing', method: 'POST', path: 'secret/destroy/c/none', body: { versions: [1] }, real: done },
  { name: 'deletes', method: 'DELETE', path: 'secret/data/c/value', real: done },
  { name: 'deletes what is deleted', method: 'DELETE', path: 'secret/data/c/value', real: done },
  { name: 'deletes what never was', method: 'DELETE', path: 'secret/data/c/none', real: done },
  {
    ...{ name: 'reads what was deleted', method: 'GET', path: 'secret/data/c/value', ours: absent, differs: whole },
    real: { status: 404, body: envelope({ data: null, metadata: version(1, { deletion_time: '<time>' }) }) },
  },
  {
    ...{ name: 'undeletes it', method: 'POST', path: 'secret/undelete/c/value', body: { versions: [1] } },
    ...{ real: done, ours: absent, differs: whole },
  },
  { name: 'undeletes what is there', method: 'POST', path: 'secret/undelete/c/a', body: { versions: [2] }, real: done },
  { name: 'deletes all of a secret', method: 'DELETE', path: 'secret/metadata/c/deep', real: done },
  { name: 'finds nothing of it', method: 'GET', path: 'secret/data/c/deep', real: absent },
  {
    ...{ name: 'deletes all of what has a slash at its end', method: 'DELETE', path: 'secret/metadata/c/end/' },
    ...{ real: done, ours: absent, differs: names },
  },
  { ...put('c/deep', { again: 'x' }, 1), name: 'begins anew' },
]

/** What is sent in forms that nobody writes down, and clients send. */
const forms: readonly Case[] = [
  {
    ...{ name: 'stores a field that is given twice', method: 'POST', path: 'secret/data/c/twice' },
    ...{ body: '{"data":{"a":1,"a":2}}', real: ok(version(1)), ours: notJson.real, differs: bodies },
  },
  {
    ...{ name: 'stores null', method: 'POST', path: 'secret/data/d/null', body: { data: null } },
    real: ok(version(1)),
  },
  {
    ...{ name: 'reads null', method: 'GET', path: 'secret/data/d/null', differs: nulls },
    ...{ real: read(null, 1), ours: read({}, 1) },
  },
  {
    ...{ name: 'patches null', method: 'PATCH', path: 'secret/data/d/null', headers: merge, body: { data: { a: 1 } } },
    real: refused(500, '1 error occurred:\n\t* resource does not exist\n\n'),
    ...{ ours: ok(version(2)), differs: nulls },
  },
  {
    ...{ name: 'takes a list of maps for one', method: 'POST', path: 'secret/data/d/list' },
    ...{ body: { data: [{ a: '1' }, null, { b: '2' }] }, real: ok(version(1)) },
  },
  {
    ...{ name: 'reads them as one', method: 'GET', path: 'secret/data/d/list' },
    real: read({ a: '1', b: '2' }, 1),
  },
  ...[5, '', true, ['x']].map(
    (one): Case => ({
      ...{ name: `takes ${JSON.stringify(one)} for no map`, method: 'POST', path: 'secret/data/d/list' },
      ...{ body: { data: one }, real: unread('data') },
    }),
  ),
  {
    ...{ name: 'patches with a map', method: 'PATCH', path: 'secret/data/d/list', headers: merge },
    ...{ body: { data: 'x' }, real: invalid('data') },
  },
  {
    ...{ name: 'patches upon no options', method: 'PATCH', path: 'secret/data/d/list', headers: merge },
    ...{ body: { data: {}, options: 'x' }, real: invalid('options') },
  },
  {
    ...{ name: 'warns of what it does not take', method: 'POST', path: 'secret/data/d/list', differs: unknown },
    body: { data: { a: '1' }, extra: 1 },
    real: ok(version(2), { warnings: ['Endpoint ignored these unrecognized parameters: [extra]'] }),
    ours: ok(version(2)),
  },
  {
    ...{ name: 'warns of what it is not asked', method: 'GET', path: 'secret/data/d/list?extra=1', differs: unknown },
    real: ok(
      { data: { a: '1' }, metadata: version(2) },
      { warnings: ['Endpoint ignored these unrecognized parameters: [extra]'] },
    ),
    ours: read({ a: '1' }, 2),
  },
  ...[
    [5, '5'],
    [true, '1'],
    [false, '0'],
    ['x', 'x'],
  ].flatMap(([sent, kept]): readonly Case[] => [
    {
      ...{ name: `describes by ${JSON.stringify(sent)}`, method: 'POST', path: 'secret/metadata/d/list', real: done },
      body: { custom_metadata: { description: sent } },
    },
    {
      ...{ name: `is described by ${kept}`, method: 'GET', path: 'secret/metadata/d/list' },
      real: ok(metadata(2, [1, 2], { custom_metadata: { description: kept } })),
    },
  ]),
  {
    ...{ name: 'describes by a number as it was written', method: 'POST', path: 'secret/metadata/d/list', real: done },
    body: '{"custom_metadata":{"description":1.0,"tags":12345678901234567890}}',
  },
  {
    ...{ name: 'is described so', method: 'GET', path: 'secret/data/d/list' },
    real: read({ a: '1' }, 2, { custom_metadata: { description: '1.0', tags: '12345678901234567890' } }),
  },
  ...[null, ''].map(
    (one): Case => ({
      ...{ name: `is described by more than ${JSON.stringify(one)}`, method: 'POST', path: 'secret/metadata/d/list' },
      body: { custom_metadata: { description: one } },
      real: refused(
        400,
        '1 error occurred:\n\t* custom_metadata validation failed: length of value for key "description" is 0 but must be 0 < len(value) <= 512\n\n',
      ),
    }),
  ),
  ...[['a'], { a: 'b' }].map(
    (one): Case => ({
      ...{ name: `is not described by ${JSON.stringify(one)}`, method: 'POST', path: 'secret/metadata/d/list' },
      body: { custom_metadata: { description: one } },
      real: refused(400, "custom_metadata validation failed: '' expected type 'string'…"),
    }),
  ),
  {
    ...{ name: 'describes by a map', method: 'POST', path: 'secret/metadata/d/list', body: { custom_metadata: 'x' } },
    real: unread('custom_metadata'),
  },
  {
    ...{ name: 'patches a description by a map', method: 'PATCH', path: 'secret/metadata/d/list', headers: merge },
    ...{ body: { custom_metadata: 'x' }, real: invalid('custom_metadata') },
  },
  {
    ...{ name: 'patches a description by a number', method: 'PATCH', path: 'secret/metadata/d/list', headers: merge },
    ...{ body: { custom_metadata: { description: 5 } }, ours: done, differs: broken },
    real: refused(500, '1 error occurred:\n\t* json: cannot unmarshal number…'),
  },
  {
    ...{ name: 'patches nothing of what is known', method: 'PATCH', path: 'secret/metadata/d/list', headers: merge },
    ...{ body: {}, real: done },
  },
  {
    ...{ name: 'patches nothing of none', method: 'PATCH', path: 'secret/metadata/d/none', headers: merge, body: {} },
    ...{ real: { status: 404 }, bao: done, ours: absent, differs: empty404 },
  },
  {
    ...{ name: 'takes all of a description away', method: 'PATCH', path: 'secret/metadata/d/list', headers: merge },
    ...{ body: { custom_metadata: null }, real: done },
  },
  {
    ...{ name: 'tells of no description', method: 'GET', path: 'secret/metadata/d/list' },
    real: ok(metadata(2, [1, 2])),
  },
  {
    ...{ name: 'keeps x versions', method: 'POST', path: 'secret/metadata/d/list', body: { max_versions: 'x' } },
    ...{ real: unread('max_versions'), ours: refused(400, 'max_versions cannot be set here'), differs: settings },
  },
  ...[{ max_versions: 0 }, { max_versions: '0', cas_required: false, delete_version_after: '0s' }, {}].flatMap((body) =>
    ['config', 'metadata/d/list'].map(
      (path): Case => ({
        ...{
          name: `sets ${JSON.stringify(body)} at ${path}`,
          method: 'POST',
          path: `secret/${path}`,
          body,
          real: done,
        },
      }),
    ),
  ),
]

/** `delete`, `undelete` and `destroy`, by versions. */
const byVersions: readonly Case[] = [
  ...['delete', 'undelete', 'destroy'].flatMap((what): readonly Case[] => [
    ...[undefined, null, [], '', {}].map(
      (versions): Case => ({
        ...{ name: `does not ${what} ${JSON.stringify(versions)}`, method: 'POST', path: `secret/${what}/d/list` },
        body: { versions },
        real: refused(400, `${what === 'destroy' ? 'n' : 'N'}o version number provided`),
      }),
    ),
    ...['x', ['x'], [1.5], '1, 2', ['1,2'], '08', [[1]], [{}], { a: 1 }, ['9223372036854775808']].map(
      (versions): Case => ({
        ...{ name: `cannot ${what} ${JSON.stringify(versions)}`, method: 'POST', path: `secret/${what}/d/list` },
        ...{ body: { versions }, real: invalid('versions') },
      }),
    ),
    { name: `cannot GET ${what}`, method: 'GET', path: `secret/${what}/d/list`, real: unsupported },
    { name: `cannot DELETE ${what}`, method: 'DELETE', path: `secret/${what}/d/list`, real: unsupported },
  ]),
  ...['delete', 'destroy'].map(
    (what): Case => ({
      ...{ name: `can ${what} what never was`, method: 'POST', path: `secret/${what}/d/none` },
      ...{ body: { versions: [1] }, real: done },
    }),
  ),
  {
    ...{ name: 'undeletes what never was', method: 'POST', path: 'secret/undelete/d/none', body: { versions: [1] } },
    ...{ real: done, ours: absent, differs: whole },
  },
  ...[[9], [0], [-1], 9, '9', '9,,10', [null], [''], false, ',', '011', '+9', ['9223372036854775807']].flatMap(
    (versions) =>
      ['undelete', 'destroy'].map(
        (what): Case => ({
          ...{ name: `can ${what} ${JSON.stringify(versions)} of two`, method: 'POST', path: `secret/${what}/d/list` },
          ...{ body: { versions }, real: done },
        }),
      ),
  ),
  {
    ...{ name: 'deletes a version that is not there', method: 'POST', path: 'secret/delete/d/list' },
    ...{ body: { versions: [9] }, real: done, differs: '`delete` by older' },
    ours: refused(400, 'a secret is deleted whole here: name its newest version'),
  },
  { name: 'has both of them still', method: 'GET', path: 'secret/metadata/d/list', real: ok(metadata(2, [1, 2])) },
  {
    ...{ name: 'deletes both', method: 'POST', path: 'secret/delete/d/list', body: { versions: '1,2' }, real: done },
  },
  {
    ...{ name: 'reads neither', method: 'GET', path: 'secret/data/d/list', ours: absent, differs: whole },
    real: { status: 404, body: envelope({ data: null, metadata: version(2, { deletion_time: '<time>' }) }) },
  },
  {
    ...{ name: 'undeletes one', method: 'POST', path: 'secret/undelete/d/list', body: { versions: [2] } },
    ...{ real: done, ours: absent, differs: whole },
  },
  {
    ...{ name: 'writes on', method: 'POST', path: 'secret/data/d/list', body: { data: {} }, differs: whole },
    ...{ real: ok(version(3)), ours: ok(version(1)) },
  },
  {
    ...{ name: 'destroys all', method: 'POST', path: 'secret/destroy/d/list', body: { versions: [1, 2, 3] } },
    real: done,
  },
  {
    ...{ name: 'reads what was destroyed whole', method: 'GET', path: 'secret/data/d/list', differs: whole },
    ...{ real: destroyed(3), ours: destroyed(1) },
  },
  {
    ...{ name: 'undeletes what was destroyed', method: 'POST', path: 'secret/undelete/d/list' },
    ...{ body: { versions: [3] }, real: done },
  },
]

const refusals: readonly Case[] = [
  {
    ...{ name: 'lets nobody in', method: 'GET', path: 'secret/data/c/a', as: 'nobody' },
    real: refused(403, 'permission denied'),
  },
  {
    ...{ name: 'lets no stranger in', method: 'GET', path: 'secret/data/c/a', as: 'stranger', differs: sentences },
    real: refused(403, '2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n'),
    bao: refused(403, 'permission denied'),
    ours: refused(403, 'permission denied'),
  },
  { name: 'gives a lister no value', method: 'GET', path: 'secret/data/c/a', as: 'lister', real: denied },
  {
    ...{ name: 'lets a lister write nothing', method: 'POST', path: 'secret/data/c/a', as: 'lister', real: denied },
    body: { data: {} },
  },
  {
    ...{
      name: 'stores under a name of other letters',
      method: 'POST',
      path: 'secret/data/c/%C3%BC',
      body: { data: {} },
    },
    ...{ real: ok(version(1)), ours: absent, differs: names },
  },
  { name: 'cannot read by POST alone', method: 'GET', path: 'secret/destroy/c/a', real: unsupported },
  { name: 'cannot delete a setting', method: 'DELETE', path: 'secret/config', real: unsupported },
  { name: 'cannot delete its health', method: 'DELETE', path: 'sys/health', real: refused(405) },
  { name: 'knows no such engine', method: 'GET', path: 'transit/keys/a', real: noHandler('transit/keys/a') },
  {
    ...{ name: 'reads the keys of a secret', method: 'GET', path: 'secret/subkeys/c/a', differs: others },
    real: ok({ metadata: version(2, { custom_metadata: { owner: 'me' } }), subkeys: { user: null } }),
    ours: noHandler('secret/subkeys/c/a'),
  },
  {
    ...{ name: 'is asked in a namespace', method: 'GET', path: 'secret/data/c/a' },
    ...{ headers: { 'x-vault-namespace': 'team' }, differs: '`X-Vault-Namespace` is' },
    ours: refused(404, 'there are no namespaces here: leave out X-Vault-Namespace'),
  },
  {
    ...{ name: 'tells its version', method: 'GET', path: 'sys/health', differs: '`version` of' },
    ours: { status: 200, body: 'contains "version":"1.17.0+strongroom.' },
  },
  {
    ...{ name: 'tells times in nanoseconds', method: 'GET', path: 'secret/metadata/c/a', differs: '`created_time` of' },
    real: { status: 200, body: 'matches "updated_time":"[0-9-]+T[0-9:]+\\.[0-9]+Z"' },
    ours: { status: 200, body: 'matches "updated_time":"[0-9-]+T[0-9:]+Z"' },
  },
  {
    ...{ name: 'renews no token that does not end', method: 'POST', path: 'auth/token/renew-self', body: {} },
    real: refused(400, 'lease is not renewable'),
  },
  {
    ...{ name: 'knows no such role', method: 'POST', path: 'auth/approle/login', as: 'nobody' },
    ...{ body: { role_id: 'x', secret_id: 'y' }, ours: refused(400, 'invalid role or secret ID') },
    differs: 'Logins are at',
  },
]

const wrapInfo = (path: string, ttl: number, more: object = {}) => ({
  ...{ token: '<token>', accessor: '<token>', ttl, creation_time: '<time>', creation_path: path, ...more },
})
const wrapped = (path: string, ttl: number) => ok(null, { wrap_info: wrapInfo(path, ttl) })

const wrapping: readonly Case[] = [
  {
    ...{ name: 'wraps an answer', method: 'GET', path: 'secret/data/c/type', headers: { 'x-vault-wrap-ttl': '2m' } },
    real: wrapped('secret/data/c/type', 120),
  },
  {
    ...{ name: 'tells of what is wrapped', method: 'POST', path: 'sys/wrapping/lookup', as: 'nobody' },
    ...{ body: { token: '{token}' } },
    real: ok({ creation_path: 'secret/data/c/type', creation_time: '<time>', creation_ttl: 120 }),
  },
  {
    ...{ name: 'wraps it anew', method: 'POST', path: 'sys/wrapping/rewrap', body: { token: '{token}' } },
    real: wrapped('secret/data/c/type', 120),
  },
  {
    ...{ name: 'unwraps it', method: 'POST', path: 'sys/wrapping/unwrap', as: 'wrapping token' },
    real: read({ a: 'b' }, 1),
  },
  { name: 'unwraps it once', method: 'POST', path: 'sys/wrapping/unwrap', as: 'wrapping token', real: notValid },
  {
    ...{ name: 'wraps what is sent', method: 'POST', path: 'sys/wrapping/wrap', body: { a: [1, null] } },
    ...{ headers: { 'x-vault-wrap-ttl': '60' }, real: wrapped('sys/wrapping/wrap', 60) },
  },
  {
    ...{ name: 'unwraps for a third party', method: 'POST', path: 'sys/wrapping/unwrap', body: { token: '{token}' } },
    real: ok({ a: [1, null] }),
  },
  {
    ...{ name: 'wraps nothing without a time', method: 'POST', path: 'sys/wrapping/wrap', body: { a: 1 } },
    real: refused(400, 'endpoint requires response wrapping to be used'),
  },
  {
    ...{ name: 'wraps for no time below none', method: 'GET', path: 'secret/data/c/type' },
    headers: { 'x-vault-wrap-ttl': '-1' },
    real: refused(400, 'error parsing X-Vault-Wrap-TTL header: requested wrap ttl cannot be negative'),
  },
  {
    ...{ name: 'wraps for no time that is none', method: 'GET', path: 'secret/data/c/type' },
    ...{ headers: { 'x-vault-wrap-ttl': 'soon' }, real: refused(400, 'error parsing X-Vault-Wrap-TTL header: …') },
  },
  {
    ...{
      name: 'wraps for a year',
      method: 'GET',
      path: 'secret/data/c/type',
      headers: { 'x-vault-wrap-ttl': '8760h' },
    },
    ...{ real: wrapped('secret/data/c/type', 31_536_000), differs: 'A wrapping token ends' },
    ours: refused(400, 'error parsing X-Vault-Wrap-TTL header: it must be at most 2764800 seconds'),
  },
  {
    ...{ name: 'unwraps without any other token', method: 'POST', path: 'sys/wrapping/unwrap', as: 'nobody' },
    ...{ body: {}, real: refused(403, 'error validating wrapping token: token is empty') },
  },
  {
    ...{ name: 'wraps what it unwraps', method: 'POST', path: 'sys/wrapping/unwrap', body: { token: 'x' } },
    ...{ headers: { 'x-vault-wrap-ttl': '60' }, real: notValid, differs: '`unwrap`, `rewrap`' },
    ours: refused(400, 'this is not wrapped again: leave out X-Vault-Wrap-TTL'),
  },
  {
    ...{ name: 'wraps another', method: 'GET', path: 'secret/data/c/type', headers: { 'x-vault-wrap-ttl': '2m' } },
    real: wrapped('secret/data/c/type', 120),
  },
  {
    ...{ name: 'wraps it anew for whoever has it', method: 'POST', path: 'sys/wrapping/rewrap', as: 'wrapping token' },
    ...{ real: denied, ours: wrapped('secret/data/c/type', 120), differs: '`unwrap`, `rewrap`' },
  },
]

export const corpus: readonly Case[] = [
  ...[data, cas, patches, folders, about, ends, forms, byVersions, refusals, wrapping],
].flat()
