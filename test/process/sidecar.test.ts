/** The sidecar of `deploy/kubernetes/agent.yaml`, run as the kubelet runs it as far as it goes without one: its command, variables and files. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { parseAllDocuments } from 'yaml'
import { ending, startPersonWithServer } from '../support/cli.ts'
import { startIssuer } from '../support/issuer.ts'
import { main } from '../support/main.ts'

const path = join(import.meta.dirname, '..', '..', 'deploy/kubernetes/agent.yaml')

interface Sidecar {
  readonly args: readonly string[]
  readonly env: readonly { readonly name: string; readonly value: string }[]
  readonly restartPolicy: string
}

/** As the file has them. */
function manifests() {
  const [config, , deployment] = parseAllDocuments(readFileSync(path, 'utf8')).map((one) => one.toJS())
  const { spec } = deployment.spec.template
  const [{ serviceAccountToken: token }] = spec.volumes.find((one: { name: string }) => one.name === 'token').projected
    .sources
  const template: string = config.data['app.conf']
  return {
    sidecar: spec.initContainers[0] as Sidecar,
    template,
    audience: String(token.audience),
    tokenName: token.path,
  }
}

/** Puts a file where the kubelet puts it: in a folder of its own, to which a link is moved at once. */
function project(folder: string, name: string, text: string): void {
  const made = `..${Date.now()}${Math.random()}`
  mkdirSync(join(folder, made), { recursive: true })
  writeFileSync(join(folder, made, name), text)
  symlinkSync(made, join(folder, '..data_tmp'))
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
  try {
    symlinkSync(join('..data', name), join(folder, name))
  } catch {
    // It leads to the newest as it is.
  }
}

async function start(t: TestContext) {
  const { sidecar, template, audience, tokenName } = manifests()
  const { person } = await startPersonWithServer(t)
  const { api, url } = person.server
  const issuer = await startIssuer(t)
  await api.post('/v3/secrets', { name: 'shop-db-password', value: 'one' })
  const made = await api.post('/v3/trust-rules', {
    ...{ name: 'shop', issuer: issuer.url, audience, scopes: ['secrets:list:shop-*', 'secrets:read:shop-*'] },
    ...{ claims: { sub: 'system:serviceaccount:shop:shop' }, jwks: { keys: issuer.keys.map(({ jwk }) => jwk) } },
  })
  assert.equal(made.status, 201, made.text)
  const at = (place: string) => join(person.folder, place)
  const renewToken = async () => {
    project(at('/run/token'), tokenName, await issuer.token({ sub: 'system:serviceaccount:shop:shop', aud: audience }))
  }
  for (const folder of ['/run/token', '/etc/template', '/secrets']) mkdirSync(at(folder), { recursive: true })
  project(at('/etc/template'), 'app.conf', template)
  await renewToken()
  const mounted = (text: string) =>
    text.replaceAll(/(^|=)\/(?=run\/token|etc\/template|secrets)/g, `$1${person.folder}/`)
  const set = Object.fromEntries(sidecar.env.map(({ name, value }) => [name, mounted(value)]))
  // Nothing but what the manifest gives it, and where this server is.
  const env = { PATH: process.env['PATH'] ?? '', ...set, STRONGROOM_URL: url }
  const words = [...sidecar.args.map(mounted), '--interval', '1']
  const child = spawn(process.execPath, [main, ...words], { cwd: '/', env })
  t.after(() => void child.kill('SIGKILL'))
  return { api, child, ended: ending(child), file: at('/secrets/app.conf'), renewToken, sidecar, issuer }
}

async function until(file: string, text: string): Promise<void> {
  const now = () => {
    try {
      return readFileSync(file, 'utf8')
    } catch {
      return undefined
    }
  }
  while (now() !== text) await setTimeout(20)
}

suite('The sidecar', () => {
  test('writes the file, trades with the token that is there by then, and ends when it is told to', async (t) => {
    const { api, child, ended, file, renewToken, sidecar } = await start(t)
    assert.equal(sidecar.restartPolicy, 'Always')
    await until(file, 'password = one\n')
    assert.equal(statSync(file).mode & 0o777, 0o600)

    // The kubelet has another token by now, the key is gone: the old token was good once.
    await renewToken()
    const { keys } = (await api.get('/v3/keys')).body
    const [key] = keys.filter(({ name }: { name: string }) => name.startsWith('shop:'))
    await api.delete(`/v3/keys/${key.id}`)
    const { body } = await api.get('/v3/secrets/by-name/shop-db-password')
    await api.send('PUT', `/v3/secrets/${body.id}`, { value: 'two' })
    await until(file, 'password = two\n')

    child.kill('SIGTERM')
    const { code, stderr } = await ended
    assert.equal(code, 0, stderr)
    const left = (await api.get('/v3/keys')).body.keys
    const living = left.filter((one: { name: string; revoked_at: string | null }) => {
      return one.name.startsWith('shop:') && one.revoked_at === null
    })
    assert.deepEqual(living, [])
  })
})
