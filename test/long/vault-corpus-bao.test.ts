/** OpenBao itself, where `BAO` names its binary: that it answers the corpus as it says, and what it does answer, if that is wanted. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { suite, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { freePort } from '../support/free-port.ts'
import { corpus } from '../vault-api/corpus.ts'
import { assertAnswered, sendAll, type Target } from '../vault-api/corpus-run.ts'

const bao = process.env['BAO']
/** A file for what was answered, as JSON. */
const recorded = process.env['RECORD']
const rootToken = 'dev-root'

suite('The corpus of the Vault API', { skip: bao === undefined ? 'BAO names no binary of OpenBao' : false }, () => {
  test('is what OpenBao answers', async (t) => {
    const answers = await sendAll(await startBao(t), corpus)
    const shown = answers.map(({ case: { name }, status, text }) => ({ name, status, text }))
    if (recorded !== undefined) writeFileSync(recorded, `${JSON.stringify(shown, undefined, 2)}\n`)
    const wrong: string[] = []
    for (const answered of answers) {
      const { real } = answered.case
      try {
        if (real !== undefined) assertAnswered(answered, real)
      } catch (error) {
        wrong.push(error instanceof Error ? error.message : String(error))
      }
    }
    assert.deepEqual(wrong, [])
  })
})

/** With the engine mounted at `secret/`, as a development server has it, and a token that may list alone. */
async function startBao(t: TestContext): Promise<Target> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const words = ['server', '-dev', `-dev-root-token-id=${rootToken}`, `-dev-listen-address=127.0.0.1:${port}`]
  const child = spawn(bao ?? '', [...words, '-dev-no-store-token'], { stdio: 'ignore' })
  t.after(() => child.kill('SIGKILL'))
  const call = async (path: string, body: unknown) => {
    const headers = { 'x-vault-token': rootToken, 'content-type': 'application/json' }
    const answer = await fetch(`${url}/v1/${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    const text = await answer.text()
    assert.ok(answer.ok, text)
    return text === '' ? {} : JSON.parse(text)
  }
  for (let tries = 0; ; tries++) {
    const isUp = await fetch(`${url}/v1/sys/health`).then(
      ({ ok }) => ok,
      () => false,
    )
    if (isUp) break
    assert.ok(tries < 300, 'OpenBao does not answer.')
    await setTimeout(100)
  }
  const policy = 'path "secret/metadata/*" { capabilities = ["list", "read"] }'
  await call('sys/policies/acl/lister', { policy })
  const { auth } = await call('auth/token/create', { policies: ['lister'], no_default_policy: true })
  return { url, token: rootToken, lister: String(auth.client_token), stranger: 's.none' }
}
