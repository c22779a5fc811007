/** OpenBao itself: that it answers the corpus as it says, and what it does answer, if that is wanted. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { suite, type TestContext, test } from 'node:test'
import { corpus } from '../vault-api/corpus.ts'
import { assertAnswered, sendAll, type Target } from '../vault-api/corpus-run.ts'
import { missingBao, rootToken, startBao } from './bao.ts'

/** A file for what was answered, as JSON. */
const recorded = process.env['RECORD']

suite('The corpus of the Vault API', { skip: missingBao }, () => {
  test('is what OpenBao answers', async (t) => {
    const answers = await sendAll(await startTarget(t), corpus)
    const shown = answers.map(({ case: { name }, status, text }) => ({ name, status, text }))
    if (recorded !== undefined) writeFileSync(recorded, `${JSON.stringify(shown, undefined, 2)}\n`)
    const wrong: string[] = []
    for (const answered of answers) {
      const { real, bao = real } = answered.case
      try {
        if (bao !== undefined) assertAnswered({ ...answered, text: withoutOwn(answered.text) }, bao)
      } catch (error) {
        wrong.push(error instanceof Error ? error.message : String(error))
      }
    }
    assert.deepEqual(wrong, [])
  })
})

/** With the engine mounted at `secret/`, as a development server has it, and a token that may list alone. */
async function startTarget(t: TestContext): Promise<Target> {
  const { origin, call } = await startBao(t)
  const policy = 'path "secret/metadata/*" { capabilities = ["list", "read"] }'
  await call('POST', 'sys/policies/acl/lister', { policy })
  const lister = await call('POST', 'auth/token/create', { policies: ['lister'], no_default_policy: true })
  return { url: origin, token: rootToken, lister: String(lister['client_token']), stranger: 's.none' }
}

/** Of a secret, OpenBao alone tells these. */
const ofBaoAlone = ['current_metadata_version', 'metadata_cas_required']

function withoutOwn(text: string): string {
  if (text === '') return text
  return JSON.stringify(JSON.parse(text), (name, value: unknown) => (ofBaoAlone.includes(name) ? undefined : value))
}
