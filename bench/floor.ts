/**
 * The least that a durable, recorded read takes on this machine: a bare node:http server that hands what arrives to a
 * thread, which reads one row, writes one hashed record and commits for each, in batches as they come. Nothing of the
 * product is in it. What a read of ours costs beside it is ours to save.
 *
 * Run as a process of its own by servers.ts: `node floor.ts PORT FOLDER`.
 */
import { hash } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { idOf, serveBatches } from './floors.ts'

const rows = 1000

if (isMainThread) serve(Number(process.argv[2]), process.argv[3] ?? '.')
else work(String(workerData))

function serve(port: number, folder: string): void {
  const worker = new Worker(import.meta.filename, { workerData: folder })
  serveBatches(
    port,
    worker,
    (request) => idOf(request) % rows,
    (answer, body: string | undefined = '') => {
      answer.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body)
    },
  )
}

function work(folder: string): void {
  const database = new DatabaseSync(join(folder, 'floor.db'))
  // As the store has it.
  database.exec('pragma journal_mode = wal; pragma synchronous = full')
  database.exec('create table if not exists secrets (id integer primary key, value text) strict')
  database.exec('create table if not exists audit (seq integer primary key, text text, head blob) strict')
  const put = database.prepare('insert or replace into secrets values (?, ?)')
  database.exec('begin')
  for (let id = 0; id < rows; id++) put.run(id, 's3cur3-p4ssw0rd-of-some-length')
  database.exec('commit')
  const read = database.prepare('select value from secrets where id = ?')
  const write = database.prepare('insert into audit (text, head) values (?, ?)')
  const [begin, commit] = [database.prepare('begin immediate'), database.prepare('commit')]
  let head: Buffer = Buffer.alloc(32)
  parentPort?.on('message', (ids: readonly number[]) => {
    begin.run()
    const values = ids.map((id) => {
      const { value } = read.get(id) ?? {}
      const text = `{"action":"secret.read","object":{"id":${id},"name":"bench-${id}"},"time":"${Date.now()}"}`
      head = hash('sha256', Buffer.concat([head, hash('sha256', text, 'buffer')]), 'buffer')
      write.run(text, head)
      return `{"id":${id},"name":"bench-${id}","value":"${value}","created_at":"2026-01-15T10:30:00Z"}`
    })
    commit.run()
    parentPort?.postMessage(values)
  })
}
