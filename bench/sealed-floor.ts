/**
 * The least that a durable, recorded read of a **sealed** value takes, whoever writes it: as bench/floor.ts, and beyond it no
 * more than what Strongroom promises of every read, in the shortest code, with the ciphers and MACs of `src/crypto`. The key is looked up by its hash, its row, its
 * account's, its environment's and the secret's are found and their MACs checked, the record is as long as ours, the
 * account has the head of its trail under a MAC, and the value is opened with its tag and its commitment checked. It has no router,
 * no rights, no second kind of request, no limits and no errors, and it remembers the key of each value. What a read of ours
 * takes beside it is what a product takes.
 *
 * Run as a process of its own by servers.ts: `node sealed-floor.ts PORT FOLDER KEY`.
 */
import { createSecretKey, hash, type KeyObject } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { open, seal } from '../src/crypto/aead.ts'
import { Hmac } from '../src/crypto/hmac.ts'
import { idOf, serveBatches } from './floors.ts'

const rows = 1000
const macs = new Hmac(createSecretKey(hash('sha256', 'the key of rows', 'buffer')), '')
const time = '2026-01-15T10:30:00Z'

/** What a request asks for: the hash of a key, and the number of a secret. */
type Asked = readonly [tokenHash: string, id: number]
/** A secret as it is found: its number, its name, and its value as it is sealed. */
type Found = readonly [id: number, name: string, sealed: Uint8Array]

/** Each secret has a key of its own. */
const secretKeys = Array.from({ length: rows }, (_, id) =>
  createSecretKey(hash('sha256', `the key of ${id}`, 'buffer')),
)

if (isMainThread) serve(Number(process.argv[2]), process.argv.slice(3))
else work(workerData as string[])

function serve(port: number, folderAndKey: readonly string[]): void {
  const worker = new Worker(import.meta.filename, { workerData: folderAndKey })
  const hashes = new WeakMap<object, string>()
  const read = (request: IncomingMessage): Asked => {
    const tokenHash = hashes.get(request.socket) ?? hash('sha256', request.headers.authorization?.slice(7) ?? '')
    hashes.set(request.socket, tokenHash)
    return [tokenHash, idOf(request) % rows]
  }
  serveBatches(port, worker, read, tell)
}

function tell(answer: ServerResponse, found: Found | undefined): void {
  if (found === undefined) {
    answer.writeHead(403).end()
    return
  }
  const [id, name, sealed] = found
  const value = open(secretKey(id), sealed, contextOf(id), 1, true).toString()
  const body = Buffer.from(JSON.stringify({ id, name, value, created_at: time, updated_at: time }))
  const headers = { 'content-type': 'application/json; charset=utf-8', 'content-length': body.length, etag: '"1"' }
  const always = {
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'strongroom-request-id': 'floor-1',
  }
  answer.writeHead(200, { ...always, ...headers, 'strongroom-environment': 'default' }).end(body)
}

function secretKey(id: number): KeyObject {
  const key = secretKeys[id]
  if (key === undefined) throw new RangeError('There is no such secret.')
  return key
}

function contextOf(id: number): Buffer {
  return Buffer.from(`floor|value|9d31bd40ecf45cc0b8befacd5e6116d8|bench-${id}|1`)
}

/** A row whose last column is its MAC, checked. */
function checked(statement: StatementSync, ...by: (string | number)[]): readonly unknown[] | undefined {
  const row = statement.get(...by) as unknown as readonly unknown[] | undefined
  if (row === undefined) return undefined
  if (!macs.isOf(JSON.stringify(row.slice(0, -1)), row.at(-1) as Uint8Array)) throw new Error('Not as it was written.')
  return row
}

function work([folder = '.', key = '']: readonly string[]): void {
  const database = new DatabaseSync(join(folder, 'floor.db'))
  database.exec('pragma journal_mode = wal; pragma synchronous = full')
  database.exec(`
    create table accounts (id integer primary key, name text, created integer, size integer, head text, networks text, mac blob) strict;
    create table api_keys (hash text primary key, account integer, id integer, uid text, name text, scopes text, networks text,
      created integer, expires integer, revoked integer, maker text, owner integer, mac blob) strict, without rowid;
    create table environments (account integer, id integer, uid text, name text, base integer, created integer, mac blob,
      primary key (account, id)) strict, without rowid;
    create table secrets (account integer, id integer, uid text, name text, version integer, created integer, updated integer,
      list integer, type text, filename text, description text, tags text, expires integer, environment integer, decoy text,
      destroyed integer, mac blob, primary key (account, id)) strict, without rowid;
    create table versions (account integer, secret integer, version integer, sealed blob, primary key (account, secret, version)) strict;
    create table audit (account integer, seq integer, text text, primary key (account, seq)) strict, without rowid`)
  fill(database, key)
  const ofAccount = database.prepare('select * from accounts where id = ?')
  const ofKey = database.prepare('select * from api_keys where hash = ?')
  const ofEnvironment = database.prepare('select * from environments where account = ? and id = ?')
  const ofSecret = database.prepare('select * from secrets where account = ? and id = ?')
  for (const one of [ofAccount, ofKey, ofEnvironment, ofSecret]) one.setReturnArrays(true)
  const ofValue = database.prepare('select sealed from versions where account = ? and secret = ? and version = ?')
  const record = database.prepare('insert into audit values (?, ?, ?)')
  const move = database.prepare('update accounts set size = ?, head = ?, mac = ? where id = ?')
  const [begin, commit] = [database.prepare('begin immediate'), database.prepare('commit')]

  const read = (id: number, [, , , , principal]: readonly unknown[], account: unknown[]): Found | undefined => {
    const secret = checked(ofSecret, 1, id)
    const value = ofValue.get(1, id, 1)
    if (secret === undefined || value === undefined) return undefined
    const [, , uid, name] = secret
    const size = Number(account[3]) + 1
    const text = JSON.stringify({
      format: 2,
      seq: size,
      time: Date.now(),
      principal: { kind: 'key', id: 1, name: principal },
      action: 'secret.read',
      object: { kind: 'secret', id, uid, name },
      outcome: 'ok',
      request_id: 'Yh-9qp2c-2',
      address: '127.0.0.1',
    })
    account[3] = size
    account[4] = hash('sha256', `${account[4]}${hash('sha256', text)}`)
    record.run(1, size, text)
    return [id, String(name), value['sealed'] as Uint8Array]
  }

  parentPort?.on('message', (asked: readonly Asked[]) => {
    begin.run()
    const account = [...(checked(ofAccount, 1) ?? [])]
    const environment = checked(ofEnvironment, 1, 1)
    const keys = new Map(asked.map(([tokenHash]) => [tokenHash, undefined as readonly unknown[] | undefined]))
    for (const tokenHash of keys.keys()) keys.set(tokenHash, checked(ofKey, tokenHash))
    const found = asked.map(([tokenHash, id]) => {
      const key = keys.get(tokenHash)
      return key === undefined || environment === undefined ? undefined : read(id, key, account)
    })
    move.run(Number(account[3]), String(account[4]), macs.of(JSON.stringify(account.slice(0, -1))), 1)
    commit.run()
    parentPort?.postMessage(found)
  })
}

function fill(database: DatabaseSync, key: string): void {
  const put = (table: string, row: readonly (string | number | null)[]) =>
    database
      .prepare(`insert into ${table} values (${row.map(() => '?').join(', ')}, ?)`)
      .run(...row, macs.of(JSON.stringify(row)))
  const uid = 'd55ba6d674ad0932d7de0c64555a341a'
  const scopes =
    'account:manage audit:read keys:manage secrets:delete secrets:list secrets:read secrets:scan secrets:write'
  database.exec('begin')
  put('accounts', [1, 'default', 1, 0, '', ''])
  put('api_keys', [hash('sha256', key), 1, 1, uid, 'first key', scopes, '', 1, null, null, 'host 0 root', 1])
  put('environments', [1, 1, uid, 'default', null, 1])
  for (let id = 0; id < rows; id++) {
    put('secrets', [1, id, uid, `bench-${id}`, 1, 1, 1, 1, 'text', null, '', '', null, 1, null, null])
    const sealed = seal(secretKey(id), Buffer.from('s3cur3-p4ssw0rd-of-some-length'), contextOf(id), 1)
    database.prepare('insert into versions values (?, ?, 1, ?)').run(1, id, sealed)
  }
  database.exec('commit')
}
