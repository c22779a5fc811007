/** The walls of the tree: who may import whom, who may touch what, and how many others a file may know. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { suite, test } from 'node:test'
import { ts } from '@ts-morph/common'

const root = join(import.meta.dirname, '..')

/** A room, and what it may import from elsewhere: rooms, single files of one, or with `/` behind it all that are below. */
const rooms: Record<string, readonly string[]> = {
  errors: [],
  'error-code': [],
  'this-host': [],
  thread: [],
  collect: [],
  amazon: [],
  model: ['errors'],
  audit: ['model', 'errors'],
  crypto: ['errors', 'error-code', 'amazon', 'this-host'],
  // Where a root key may come from, and what a key looks like.
  config: [
    'archive/bucket-url.ts',
    'crypto/providers/provider.ts',
    'crypto/providers/urls.ts',
    'crypto/token.ts',
    'database-url',
    'listen',
    'model/address.ts',
    'outbound/addresses.ts',
    'settings',
    'sinks/settings.ts',
  ],
  settings: [],
  'package-root': [],
  listen: [],
  'database-url': [],
  // What leaves the server for where others chose.
  outbound: ['model/address.ts'],
  json: ['errors'],
  pem: ['errors', 'error-code'],
  // What the key/value engine of Vault holds, for whoever serves it and whoever brings it over.
  'vault-map': ['json'],
  // Tokens of others: what they say, whether they say it, and where their issuers' keys are.
  oidc: ['outbound', 'json', 'errors'],
  // Of crypto nothing that opens or seals.
  store: ['model', 'audit', 'crypto/hmac.ts', 'collect', 'database-url', 'errors', 'error-code', 'thread'],
  // Where records of the trail are that left the database: files or objects, and nothing of the store.
  archive: ['audit', 'amazon', 'crypto/random.ts', 'errors', 'error-code', 'this-host'],
  // Where the trail is sent: records go out, and nothing of the store comes in. Of crypto what signs requests.
  sinks: ['audit', 'crypto/webhook-signature.ts', 'error-code', 'this-host'],
  render: ['errors', 'model/name.ts'],
  formats: ['errors', 'error-code'],
  fingerprint: [],
  vault: [
    'crypto',
    'oidc',
    'store/store.ts',
    'store/followers.ts',
    'store/caller.ts',
    // Types alone (below): what an operation is asked and answers.
    'store/operation.ts',
    'store/operations/',
    'store/listings.ts',
    'store/made.ts',
    'store/naming.ts',
    'store/probe.ts',
    'store/proof.ts',
    'store/stored.ts',
    // What is authentic of a row, and what the trail calls one that is not.
    'store/coverage.ts',
    'store/first-format.ts',
    // What may be more than memory holds.
    'store/long-map.ts',
    // How long one waits behind others for a store that does not answer.
    'store/too-late.ts',
    'store/forged.ts',
    'audit',
    // What takes records; which kind it is, the vault is not told.
    'sinks/receiver.ts',
    'render',
    'fingerprint',
    'model',
    'errors',
    'thread',
  ],
  // The words of an operation (a match, a change) and of a record are the API's too, and what a store reports is for
  // metrics and traces; crypto only to know a mistyped key.
  http: [
    'outbound',
    'render/user-data.ts',
    'vault',
    'model',
    'config',
    'listen',
    'package-root',
    'errors',
    'error-code',
    'store/operation.ts',
    'store/followers.ts',
    'store/store.ts',
    'store/watched.ts',
    'audit/record.ts',
    'crypto/token.ts',
    // Shares go from the request to what collects them.
    'crypto/providers/shares.ts',
    'json',
    'pem',
    'vault-map',
    // Why a token was refused, for the log and the metrics.
    'oidc/token.ts',
  ],
  client: [],
  open: ['archive/place.ts', 'audit/record.ts', 'config', 'crypto', 'errors', 'oidc', 'outbound', 'store', 'vault'],
  'root-keys': ['open', 'audit/record.ts', 'crypto', 'errors', 'store', 'vault'],
  // Whole stores, copied row by row as they are stored.
  copy: [
    'open',
    'archive',
    'audit/segment.ts',
    'vault',
    'store',
    'crypto',
    'config',
    'database-url',
    'model',
    'errors',
  ],
  // Of crypto what seals a file that stays on this machine.
  cli: [
    'client',
    'render',
    'formats',
    'fingerprint',
    'audit',
    'json',
    'model',
    'pem',
    'vault-map',
    'crypto/aead.ts',
    'errors',
    'error-code',
    'this-host',
  ],
  'cli/host': [
    'cli',
    'collect',
    'copy',
    'open',
    'root-keys',
    'archive',
    'vault',
    'http',
    'config',
    'listen',
    'crypto/token.ts',
    'crypto/providers/shares.ts',
    'audit',
    'sinks',
    // How far sinks have come.
    'store/followers.ts',
    'package-root',
    'model',
    'errors',
    'error-code',
  ],
  commands: ['cli', 'cli/host', 'package-root'],
  start: ['commands', 'cli'],
  main: ['start'],
  // What is built of all: it imports nothing of it.
  loader: [],
}

/**
 * The rooms of the portal, below `portal/src/`, and what each may import: other rooms of it, and files of `src/`, which
 * are pure. What the server says comes through `api` alone.
 */
const portalRooms: Record<string, readonly string[]> = {
  api: ['src/client/index.ts', 'src/model/environment-name.ts'],
  ui: ['api'],
  session: ['api', 'ui', 'src/model/pattern.ts'],
  deployments: ['api', 'ui', 'session'],
  // Of keys, the words for scopes.
  secrets: [
    ...['api', 'ui', 'session', 'deployments', 'keys', 'what-if', 'src/model/name.ts', 'src/model/word-list.ts'],
    // Files of secrets, as the command reads them.
    ...[
      'src/formats/entry.ts',
      'src/formats/read.ts',
      'src/formats/encrypted.ts',
      'src/formats/write-dotenv.ts',
      'src/formats/write-json.ts',
    ],
  ],
  lists: ['api', 'ui', 'session', 'deployments', 'secrets', 'what-if'],
  deleted: ['api', 'ui', 'session', 'secrets'],
  'cloud-init': ['api', 'ui', 'session', 'deployments', 'secrets', 'src/render/reference.ts'],
  keys: ['api', 'ui', 'session', 'what-if'],
  trust: ['api', 'ui', 'session', 'keys', 'what-if'],
  webhooks: ['api', 'ui', 'session'],
  settings: ['api', 'ui', 'session', 'secrets'],
  machines: ['api', 'ui', 'session', 'keys', 'settings', 'what-if'],
  users: ['api', 'ui', 'session', 'what-if'],
  // The words of a record and times as the API takes them, which are the trail's.
  audit: ['api', 'ui', 'session', 'src/audit/record.ts', 'src/model/time.ts'],
  // The words of what was done.
  'what-if': ['api', 'ui', 'session', 'audit'],
  overview: ['api', 'ui', 'session', 'audit', 'deployments', 'secrets'],
  environments: ['api', 'ui', 'session', 'secrets'],
  frame: ['api', 'ui', 'session', 'secrets'],
}

/** Those that put the pages together. */
const portalRoots = ['portal/src/main.tsx', 'portal/src/app.tsx']

/** What every page is made of is made in one place: what may be said in some files of the portal alone. */
const portalKeepers: readonly (readonly [pattern: RegExp, ...keepers: readonly string[]])[] = [
  [/\b(fetch\s*\(|XMLHttpRequest|EventSource|WebSocket|sendBeacon)/, 'api/'],
  [/className=["{`]+(page|page-head|tabs-list|crumbs)\b/, 'ui/page.tsx'],
  [/className=["{`]+(items|item-main|item-end)\b/, 'ui/items.tsx', 'ui/paged.tsx'],
  [/className=["{`]+facts\b/, 'ui/facts.tsx'],
  [/className=["{`]+(card-head|card-foot)\b/, 'ui/card.tsx'],
  // A plot is a table for whoever does not see it.
  [/<table\b/, 'ui/table.tsx', 'audit/plot.tsx'],
  [/'react-aria-components\/Modal'/, 'ui/dialog.tsx', 'frame/palette.tsx'],
  // A value is in its field alone, and tags are typed one by one.
  [/<(input|textarea|select)\b/, 'ui/controls.tsx', 'secrets/value-input.tsx', 'secrets/details-fields.tsx'],
]

/** A component is longer than a function elsewhere, as what it shows is written out; it is still one idea. */
const maxPortalLines = 80

/** Routes of one API never reach into another's. */
const listsApi = ['http/routes/secret-lists/', 'http/secret-lists/']

/** What only some files may name, and the files, or with `/` behind it all that are below. */
const keepers: readonly (readonly [pattern: RegExp, ...keepers: readonly string[]])[] = [
  [/\bcreate(C|Dec)ipheriv\b/, 'crypto/aead.ts'],
  [/\bprocess\.env\b/, 'config.ts', 'cli/process-env.ts'],
  // What is valid is judged by the clock of the store: on PostgreSQL by the database's, on which all nodes agree. Apart from
  // that: SQLite, whose clock is the host's; the command, for people who read it; the client, about dates in answers.
  [/\bDate\.now\b|\bnew Date\(\)|\btimeOrigin\b/, 'store/clock.ts', 'store/sqlite/', 'cli/', 'client/'],
  // What names a request, a file that is there for a moment, or a set of fingerprints may come twice; all else is drawn
  // from the system itself.
  [
    /\b(random(Bytes|Fill|FillSync|UUID|Int)|webcrypto|getRandomValues)\b[^\n]* from 'node:crypto'/,
    'crypto/random.ts',
    'http/',
    'fingerprint/',
    'formats/',
    'cli/',
    'copy/',
    'store/',
  ],
]

/** Rooms that run anywhere: nothing of a package, nothing of Node. */
const bare = ['client']

const maxImports = 20

/** What is nothing but a list of every noun there is, one import for each. */
const lists = [
  ...['http/routes/all.ts', 'store/operations/all.ts', 'store/migrations/migrations.ts', 'store/tables/tables.ts'],
  'client/index.ts',
]

interface File {
  /** Below `src/`. */
  readonly path: string
  readonly text: string
}

function importsOf({ path, text }: File): string[] {
  const found = text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)
  return [...found].map(([, target = '']) => posix.join(posix.dirname(path), target))
}

function roomOf(path: string): string {
  const parts = path.replace(/\.ts$/, '').split('/')
  const [first = '', second = ''] = parts
  return parts.length > 2 && `${first}/${second}` in rooms ? `${first}/${second}` : first
}

/** The API whose routes a file of `http` has. */
function apiOf(path: string): 'v3' | 'lists' | undefined {
  if (listsApi.some((folder) => path.startsWith(folder))) return 'lists'
  return path.startsWith('http/routes/') && !path.startsWith('http/routes/open/') ? 'v3' : undefined
}

function breaches(file: File): string[] {
  const room = roomOf(file.path)
  const allowed = rooms[room]
  if (allowed === undefined) return [`${file.path} is in no room`]
  const wrong = importsOf(file).filter((target) => {
    if (apiOf(file.path) !== undefined && apiOf(target) !== undefined && apiOf(file.path) !== apiOf(target)) return true
    const isAllowed = allowed.some(
      (one) => one === roomOf(target) || one === target || (one.endsWith('/') && target.startsWith(one)),
    )
    return roomOf(target) !== room && !isAllowed
  })
  // What decides is called by the store alone.
  const called =
    room === 'store' ? [] : [...file.text.matchAll(/import \{[^}]*\} from '[./]+(store\/operations\/[^']*)'/g)]
  const outside = bare.includes(room) ? [...file.text.matchAll(/(?:from|import)\s*\(?\s*'([^.'][^']*)'/g)] : []
  const isKeeper = (who: string) => who === file.path || (who.endsWith('/') && file.path.startsWith(who))
  const touched = keepers.filter(([pattern, ...who]) => !who.some(isKeeper) && pattern.test(file.text))
  return [
    ...wrong.map((target) => `${file.path} imports ${target}`),
    ...called.map(([, target]) => `${file.path} calls ${target}`),
    ...outside.map(([, target]) => `${file.path} imports ${target}`),
    ...touched.map(([pattern]) => `${file.path} uses ${pattern.source}`),
  ]
}

/** The files of a cycle of imports, types included, or nothing. */
function cycleIn(files: readonly File[]): string[] | undefined {
  const graph = new Map(files.map((file) => [file.path, importsOf(file)]))
  const done = new Set<string>()
  const visit = (path: string, trail: readonly string[]): string[] | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path]
    if (done.has(path)) return undefined
    for (const next of graph.get(path) ?? []) {
      const cycle = visit(next, [...trail, path])
      if (cycle !== undefined) return cycle
    }
    done.add(path)
    return undefined
  }
  for (const path of graph.keys()) {
    const cycle = visit(path, [])
    if (cycle !== undefined) return cycle
  }
  return undefined
}

const files: readonly File[] = globSync('**/*.ts', { cwd: join(root, 'src') }).map((path) => ({
  path,
  text: readFileSync(join(root, 'src', path), 'utf8'),
}))

const portalFiles: readonly File[] = globSync('portal/src/**/*.{ts,tsx}', { cwd: root }).map((path) => ({
  path,
  text: readFileSync(join(root, path), 'utf8'),
}))

function portalRoomOf(path: string): string {
  return path.split('/')[2] ?? ''
}

function portalBreaches(file: File): string[] {
  if (portalRoots.includes(file.path)) return []
  const room = portalRoomOf(file.path)
  const allowed = portalRooms[room]
  if (allowed === undefined) return [`${file.path} is in no room`]
  const wrong = importsOf(file).filter((target) =>
    target.startsWith('portal/src/')
      ? portalRoomOf(target) !== room && !allowed.includes(portalRoomOf(target))
      : !allowed.includes(target),
  )
  const path = file.path.slice('portal/src/'.length)
  const isKeeper = (who: string) => who === path || (who.endsWith('/') && path.startsWith(who))
  const touched = portalKeepers.filter(([pattern, ...who]) => !who.some(isKeeper) && pattern.test(file.text))
  return [
    ...wrong.map((target) => `${file.path} imports ${target}`),
    ...touched.map(([pattern]) => `${file.path} has ${pattern.source}`),
  ]
}

/** The functions that are longer than they may be, methods and those without a name too. */
function longFunctionsIn({ path, text }: File): string[] {
  const kind = path.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true, kind)
  const lineOf = (at: number) => source.getLineAndCharacterOfPosition(at).line
  const found: string[] = []
  const visit = (node: ts.Node) => {
    const lines = lineOf(node.end) - lineOf(node.getStart()) + 1
    if (ts.isFunctionLike(node) && lines > maxPortalLines) {
      found.push(`${path}:${lineOf(node.getStart()) + 1} has ${lines} lines`)
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

suite('The rooms', () => {
  test('import only from the rooms below them, and leave alone what has a keeper', () => {
    assert.ok(files.length > 50)
    assert.deepEqual(files.flatMap(breaches), [])
  })

  test('have no cycle of imports', () => {
    assert.equal(cycleIn(files), undefined)
  })

  // Of no size: a file is one idea, however long (a cap only cut ideas in pieces).
  test('hold files that know few others', () => {
    // What is loaded when it is asked for is a table, and no crowd.
    const crowded = files.filter(
      ({ path, text }) => !lists.includes(path) && [...text.matchAll(/ from '\.[^']+'$/gm)].length > maxImports,
    )
    assert.deepEqual(
      crowded.map(({ path }) => path),
      [],
    )
  })

  test('hold files that say in their first line what they are for', () => {
    const silent = files.filter(({ text }) => !text.startsWith('/**'))
    assert.deepEqual(
      silent.map(({ path }) => path),
      [],
    )
  })
})

suite('The rooms of the portal', () => {
  test('import only from the rooms below them, ask the server through api, and make pages of the parts in ui', () => {
    assert.ok(portalFiles.length > 50)
    assert.deepEqual(portalFiles.flatMap(portalBreaches), [])
  })

  test('have no cycle of imports', () => {
    assert.equal(cycleIn(portalFiles), undefined)
  })

  test('hold files that say in their first line what they are for', () => {
    assert.deepEqual(
      portalFiles.filter(({ text }) => !text.startsWith('/**')).map(({ path }) => path),
      [],
    )
  })

  test(`hold functions of at most ${maxPortalLines} lines`, () => {
    assert.deepEqual(portalFiles.flatMap(longFunctionsIn), [])
  })

  const planted: readonly (readonly [path: string, text: string])[] = [
    ['portal/src/keys/a.tsx', "import type { ApiKey } from '../../../src/client/index.ts'"],
    ['portal/src/keys/a.tsx', "import { B } from '../users/b.tsx'"],
    ['portal/src/ui/a.tsx', "import { B } from '../session/b.tsx'"],
    ['portal/src/api/a.ts', "import { b } from '../ui/b.ts'"],
    ['portal/src/secrets/a.tsx', "const b = await import('../overview/b.tsx')"],
    ['portal/src/users/a.tsx', "import { hash } from '../../../src/crypto/password.ts'"],
    ['portal/src/users/a.tsx', "const answer = await fetch('/v3/users')"],
    ['portal/src/users/a.tsx', 'const a = <div className="page">'],
    ['portal/src/users/a.tsx', 'const a = <div className={"page narrow"}>'],
    ['portal/src/users/a.tsx', 'const a = <ul className="items">'],
    ['portal/src/users/a.tsx', 'const a = <table>'],
    ['portal/src/users/a.tsx', "import { Modal } from 'react-aria-components/Modal'"],
    ['portal/src/users/a.tsx', 'const a = <input value={a} />'],
    ['portal/src/elsewhere/a.tsx', ''],
  ]
  for (const [path, text] of planted) {
    test(`stop ${text || 'a file in no room'} in ${path}`, () => {
      assert.equal(portalBreaches({ path, text }).length, 1)
    })
  }

  test('stop a function that is a line too long, whatever its form', () => {
    const lines = (count: number) => '\n'.repeat(count - 2)
    const forms = (count: number) => [
      `function A() {${lines(count)}\n}`,
      `const A = () => {${lines(count)}\n}`,
      `class A { b() {${lines(count)}\n} }`,
      `const a = <A b={() => {${lines(count)}\n}} />`,
    ]
    for (const text of forms(maxPortalLines)) assert.deepEqual(longFunctionsIn({ path: 'a.tsx', text }), [])
    for (const text of forms(maxPortalLines + 1)) assert.equal(longFunctionsIn({ path: 'a.tsx', text }).length, 1)
  })
})

suite('The walls', () => {
  const planted: readonly (readonly [path: string, text: string])[] = [
    ['store/a.ts', "import { b } from '../crypto/aead.ts'"],
    ['store/sqlite/a.ts', "import type { B } from '../../vault/vault.ts'"],
    ['model/a.ts', "export { b } from '../store/store.ts'"],
    ['vault/a.ts', "import { SqliteEngine } from '../store/sqlite/sqlite.ts'"],
    ['vault/a.ts', "import { readConfig } from '../config.ts'"],
    ['vault/a.ts', "import { addKey } from '../store/operations/keys.ts'"],
    ['http/a.ts', "const a = await import('../store/open.ts')"],
    ['http/routes/a.ts', "import { b } from './secret-lists/b.ts'"],
    ['http/routes/secret-lists/a.ts', "import { b } from '../secrets.ts'"],
    ['cli/a.ts', "import { openVault } from '../open.ts'"],
    ['render/a.ts', "import { b } from '../model/secret.ts'"],
    ['errors.ts', "import { b } from './model/name.ts'"],
    ['client/a.ts', "import type { Code } from '../errors.ts'"],
    ['client/a.ts', "import { createHash } from 'node:crypto'"],
    ['vault/a.ts', "import { hash, randomBytes } from 'node:crypto'"],
    ['vault/a.ts', "import { createCipheriv } from 'node:crypto'"],
    ['vault/a.ts', 'const url = process.env.URL'],
    ['cli/a.ts', 'const url = process.env.URL'],
    ['somewhere/a.ts', ''],
  ]

  for (const [path, text] of planted) {
    test(`stop ${text || 'a file in no room'} in ${path}`, () => {
      assert.equal(breaches({ path, text }).length, 1)
    })
  }

  test('find a cycle, even of types', () => {
    const circle = [
      { path: 'model/a.ts', text: "import type { B } from './b.ts'" },
      { path: 'model/b.ts', text: "import { c } from './c.ts'" },
      { path: 'model/c.ts', text: "export type { A } from './a.ts'" },
    ]
    assert.deepEqual(cycleIn(circle), ['model/a.ts', 'model/b.ts', 'model/c.ts', 'model/a.ts'])
    assert.equal(cycleIn(circle.slice(0, 2)), undefined)
  })
})
