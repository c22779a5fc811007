/**
 * Two nodes over one PostgreSQL: what they answer to readers, writers and whoever revokes the key that is read with could have
 * happened one after the other, while connections break and a node is killed; and the trail says so, too.
 */
import assert from 'node:assert/strict'
import { copyFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { suite, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { verifyAudit } from '../../src/vault/audit.ts'
import { type Answer, Api } from '../support/api.ts'
import { rounds } from '../support/chance.ts'
import { type Child, startChild } from '../support/child.ts'
import { query } from '../support/database.ts'
import { engines, makeFolder } from '../support/engines.ts'
import { type Done, explain } from '../support/linearizable.ts'
import { administer } from '../support/postgres.ts'
import { startServer } from '../support/server.ts'
import { type Step, secretAndKey } from './model.ts'

const postgres = engines.find(({ name }) => name === 'PostgreSQL') ?? assert.fail()
const times = rounds(3, 60)
const readers = 6

suite('Two nodes on PostgreSQL', { skip: postgres.skip }, () => {
  test('answer as one would, whatever breaks, and leave one trail', async (t) => {
    const nodes = await startNodes(t)
    let steps = 0

    for (let round = 1; round <= times; round++) {
      const { history, reads, keyId } = await playRound(nodes, round)

      const value = `${round} 0`
      const order = explain(history, secretAndKey(value))
      assert.ok(order !== undefined, `No order explains this:\n${history.map((one) => JSON.stringify(one)).join('\n')}`)
      await assertTrail(nodes, keyId, reads)
      steps += history.length
    }

    for await (const { fault } of verifyAudit(nodes.vault, { state: true })) assert.equal(fault, undefined)
    t.diagnostic(`${steps} steps in ${times} rounds, ${nodes.cuts} connections cut, ${nodes.kills} nodes killed`)
  })

  test('hash what they leave at once into one chain, whatever the names in it', async (t) => {
    const nodes = await startNodes(t)
    const names = ['plain', 'quote " and \\ back', 'línea ünïcødé 🔑', 'tab\tand line\n']
    const keys: Api[] = []
    for (const name of names) {
      const { status, text, body } = await nodes.first.post('/v3/keys', { name, scopes: ['secrets:read'] })
      if (status !== 201) assert.match(text, /invalid/)
      else keys.push(...[nodes.first.url, nodes.second.url].map((url) => new Api(url, body.api_key)))
    }
    assert.ok(keys.length >= 6)
    await nodes.first.post('/v3/secrets', { name: 'one', value: 'v' })

    await Promise.all(
      keys.flatMap((api) =>
        Array.from({ length: 40 }, async () => {
          const { body, text } = await api.get('/v3/secrets/1')
          assert.equal(body.value, 'v', text)
        }),
      ),
    )

    const [{ count } = assert.fail()] = await query(
      nodes.place,
      `select count(*) from audit where action = 'secret.read' and outcome = 'ok'`,
    )
    assert.equal(Number(count), keys.length * 40)
    for await (const { fault } of verifyAudit(nodes.vault, { state: true })) assert.equal(fault, undefined)
  })
})

interface Nodes {
  readonly place: Awaited<ReturnType<typeof startServer>>['place']
  readonly vault: Awaited<ReturnType<typeof startServer>>['vault']
  readonly first: Api
  readonly second: Api
  cuts: number
  kills: number
  /** Kills the second node where it is, and starts it again. */
  kill(): Promise<void>
}

async function startNodes(t: TestContext): Promise<Nodes> {
  const { api, place, vault } = await startServer(t, postgres)
  const folder = makeFolder()
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  copyFileSync(join(place.dataDir, 'root.key'), join(folder, 'root.key'))
  const start = () => startChild(t, { ...place, dataDir: folder })
  let child: Child = await start()
  const nodes: Nodes = {
    ...{ place, vault, first: api, cuts: 0, kills: 0 },
    get second() {
      return child.api(api.key)
    },
    kill: async () => {
      nodes.kills++
      await child.end('SIGKILL')
      child = await start()
    },
  }
  return nodes
}

/** Reads, writes and a revocation on both nodes, while things break. */
async function playRound(nodes: Nodes, round: number) {
  const made = await nodes.first.post('/v3/secrets', { name: `s-${round}`, value: `${round} 0` })
  const key = await nodes.first.post('/v3/keys', { name: `k-${round}`, scopes: ['secrets:read'] })
  assert.deepEqual([made.status, key.status], [201, 201])
  const path = `/v3/secrets/${made.body.id}`
  const history: Done<Step>[] = []
  const reads: string[] = []
  let isOver = false

  const note = async (ask: () => Promise<Answer>, stepOf: (answer: Answer) => Step | undefined, ofUnknown?: Step) => {
    const from = performance.now()
    let answer: Answer | undefined
    try {
      answer = await ask()
    } catch {
      // The node was killed.
    }
    const to = performance.now()
    if (answer === undefined || answer.body?.code === 'outcome_unknown') {
      if (ofUnknown !== undefined) history.push({ operation: ofUnknown, from, to: Number.POSITIVE_INFINITY })
      return undefined
    }
    if (answer.body?.code === 'audit_unavailable') return undefined
    const operation = stepOf(answer)
    assert.ok(operation !== undefined, `${answer.status} ${answer.text}`)
    history.push({ operation, from, to })
    return answer
  }

  const read = async (at: number) => {
    for (let refused = 0; !isOver && refused < 3; ) {
      const api = new Api((at % 2 === 0 ? nodes.first : nodes.second).url, key.body.api_key)
      const answer = await note(
        () => api.get(path),
        ({ status, body }) =>
          status === 200 ? { kind: 'get', value: body.value } : status === 401 ? { kind: 'shut_out' } : undefined,
      )
      if (answer?.status === 200) reads.push(answer.headers.get('strongroom-request-id') ?? assert.fail())
      if (answer?.status === 401) refused++
      await setTimeout(Math.random() * 40)
    }
  }

  const write = async (at: number) => {
    for (let turn = 1; turn <= 6; turn++) {
      const value = `${round} ${at}-${turn}`
      const step: Step = { kind: 'put', value }
      const api = at === 0 ? nodes.first : nodes.second
      await note(
        () => api.put(path, { value }),
        ({ status }) => (status === 200 ? step : undefined),
        step,
      )
      await setTimeout(Math.random() * 60)
    }
  }

  const revoke = async () => {
    await setTimeout(150 + Math.random() * 150)
    for (let isDone = false; !isDone; ) {
      const step: Step = { kind: 'revoke' }
      const answer = await note(
        () => nodes.first.delete(`/v3/keys/${key.body.id}`),
        ({ status }) => (status < 300 ? step : undefined),
        step,
      )
      isDone = answer !== undefined
    }
    await setTimeout(150)
    isOver = true
  }

  const breakThings = async () => {
    for (let turn = 0; turn < 4; turn++) {
      await setTimeout(Math.random() * 80)
      nodes.cuts++
      await administer(
        nodes.place.databaseUrl,
        `select pg_terminate_backend(pid) from (select pid from pg_stat_activity
          where application_name = 'strongroom' and datname = current_database() order by random() limit 1) one`,
      )
    }
    if (round % 2 === 1) await nodes.kill()
  }

  await Promise.all([
    ...Array.from({ length: readers }, (_, at) => read(at)),
    ...[0, 1].map(write),
    revoke(),
    breakThings(),
  ])
  return { history, reads, keyId: Number(key.body.id) }
}

/** Every value that left has its record, and none stands after the revocation of its key. */
async function assertTrail({ place }: Nodes, keyId: number, reads: readonly string[]): Promise<void> {
  const records = await query(
    place,
    `select seq, action, principal_id, object_id, request_id from audit where outcome = 'ok' and
      (principal_kind = 'key' and principal_id = ${keyId} or object_kind = 'key' and object_id = ${keyId}) order by seq`,
  )
  const revoked = records.find(({ action }) => action === 'key.revoke') ?? assert.fail('No record of the revocation.')
  const late = records.filter(({ seq, action }) => action === 'secret.read' && Number(seq) > Number(revoked['seq']))
  assert.deepEqual(late, [])
  for (const id of reads) assert.equal(records.filter((record) => record['request_id'] === id).length, 1, id)
}
