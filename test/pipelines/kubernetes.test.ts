/**
 * The manifests of docs/kubernetes.md, filled in and read as the External Secrets Operator documents its webhook
 * provider. Its own code runs in `npm run test:clients`.
 */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { markedBlock } from '../support/document.ts'
import { engines } from '../support/engines.ts'
import { startServer, type TestServer } from '../support/server.ts'

const [sqlite] = engines
const value = 'first line\nsecond "line" äöü 🔑\n'
const bytes = Buffer.from([0, 1, 2, 250, 251, 252])

interface RemoteRef {
  readonly key: string
  readonly property?: string
  readonly decodingStrategy?: string
}

interface Manifests {
  readonly Secret: { metadata: { name: string; labels: Record<string, string> }; stringData: Record<string, string> }
  readonly SecretStore: { metadata: { name: string }; spec: { provider: { webhook: Webhook } } }
  readonly ExternalSecret: {
    spec: {
      secretStoreRef: { kind: string; name: string }
      data: readonly { secretKey: string; remoteRef: RemoteRef }[]
    }
  }
}

interface Webhook {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly result: { readonly jsonPath: string }
  readonly secrets: readonly { readonly name: string; readonly secretRef: { readonly name: string } }[]
}

suite('The manifests for Kubernetes', () => {
  test('refer to one another, and the provider may use the key', () => {
    const { Secret, SecretStore, ExternalSecret } = manifests()

    assert.equal(Secret.metadata.labels['external-secrets.io/type'], 'webhook')
    assert.deepEqual(
      SecretStore.spec.provider.webhook.secrets.map(({ secretRef }) => secretRef.name),
      [Secret.metadata.name],
    )
    const { kind, name } = ExternalSecret.spec.secretStoreRef
    assert.deepEqual([kind, name], ['SecretStore', SecretStore.metadata.name])
  })

  test('give each value as it is stored, with a key that can do nothing else', async (t) => {
    const { api, withScopes } = await start(t)
    const { key } = await withScopes('secrets:read:shop-*')
    const { ExternalSecret } = manifests()

    const entries = ExternalSecret.spec.data.map(async ({ secretKey, remoteRef }) => {
      const found = await fetchOf(api.url, key, remoteRef)
      const text = String(found.value)
      return [secretKey, remoteRef.decodingStrategy === 'Base64' ? Buffer.from(text, 'base64') : text]
    })

    assert.deepEqual(Object.fromEntries(await Promise.all(entries)), {
      password: value,
      'keystore.p12': bytes,
      token: 'of the list Web',
    })
  })

  test('find out that a secret is gone, and that one is not theirs', async (t) => {
    const { api, withScopes } = await start(t)
    const { key } = await withScopes('secrets:read:shop-*')

    assert.equal((await fetchOf(api.url, key, { key: 'shop-missing' })).status, 404)
    assert.equal((await fetchOf(api.url, key, { key: 'shop-token' })).status, 404)
    assert.equal((await fetchOf(api.url, key, { key: 'bank-password' })).status, 404)
    assert.equal((await fetchOf(api.url, `${key.slice(0, -1)}x`, { key: 'shop-db-password' })).status, 401)
  })
})

async function start(t: TestContext): Promise<TestServer> {
  assert.ok(sqlite)
  const server = await startServer(t, sqlite)
  const { api } = server
  await api.post('/v3/lists', { name: 'Web' })
  for (const secret of [
    { name: 'shop-db-password', value },
    { name: 'shop-keystore', type: 'file', value: bytes.toString('base64') },
    { name: 'shop-token', value: 'of the list Web', list: 'Web' },
    { name: 'bank-password', value: 'not theirs' },
  ]) {
    assert.equal((await api.post('/v3/secrets', secret)).status, 201)
  }
  return server
}

function manifests(): Manifests {
  const documents = parseAllDocuments(markedBlock('docs/kubernetes.md', 'manifest')).map((one) => one.toJS())
  return Object.fromEntries(documents.map((one) => [one.kind, one])) as unknown as Manifests
}

async function fetchOf(url: string, key: string, remoteRef: RemoteRef) {
  const { Secret, SecretStore } = manifests()
  const { webhook } = SecretStore.spec.provider
  const data = (encode: (text: string) => string) => ({
    remoteRef: { key: encode(remoteRef.key), property: encode(remoteRef.property ?? '') },
    ...Object.fromEntries(webhook.secrets.map(({ name }) => [name, { ...Secret.stringData, apiKey: key }])),
  })
  const address = render(webhook.url, data(encodeURIComponent)).replace('https://strongroom.example.com', url)
  const headers = Object.entries(webhook.headers).map(([name, text]) => [name, render(text, data(String))])
  const response = await fetch(address, { headers: Object.fromEntries(headers) })
  return { status: response.status, value: valueAt(webhook.result.jsonPath, await response.json()) }
}

/** Of Go's templates what the manifests use: a field, and a field or else a text. */
function render(template: string, data: Readonly<Record<string, Readonly<Record<string, string>>>>): string {
  return template.replaceAll(/\{\{ (.*?) \}\}/g, (whole, expression: string) => {
    const [, object = '', field = '', other = ''] =
      /^(?:or )?\.(\w+)\.(\w+)(?: "(\w+)")?$/.exec(expression) ?? assert.fail(`What is ${whole}?`)
    return (data[object]?.[field] ?? assert.fail(`Nothing is at ${whole}.`)) || other
  })
}

/** Of JSONPath fields alone. */
function valueAt(path: string, document: unknown): unknown {
  const [root, ...fields] = path.split('.')
  assert.equal(root, '$')
  let at = document
  for (const field of fields) at = typeof at === 'object' && at !== null ? Reflect.get(at, field) : undefined
  return at
}
