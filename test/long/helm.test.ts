/** The Helm chart and the manifests: rendered by Helm, and held to what Kubernetes says of its resources. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { readConfig } from '../../src/config.ts'
import { settings } from '../../src/settings.ts'

const root = join(import.meta.dirname, '..', '..')
const chart = join(root, 'deploy/helm/strongroom')
const manifests = join(root, 'deploy/kubernetes/strongroom.yaml')
const tools = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'strongroom-tests', 'kubernetes-tools')
const kubernetes = 'v1.33.0'
const wanted = {
  helm: 'helm.sh/helm/v3/cmd/helm@v3.22.0',
  kubeconform: 'github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0',
}

const skip = missing()
if (skip !== false) console.error(`The Helm chart is not tried: ${skip}.`)

/** Why it is passed over: what cannot be had from the proxy of Go's modules. */
function missing(): string | false {
  if (spawnSync('go', ['version']).status !== 0) return 'go: not installed'
  mkdirSync(tools, { recursive: true })
  for (const [name, module] of Object.entries(wanted)) {
    if (existsSync(join(tools, name))) continue
    const env = { ...process.env, GOBIN: tools }
    if (spawnSync('go', ['install', module], { env }).status !== 0) return `${module}: not to be had`
  }
  return false
}

/** What the API server says of its resources. */
function descriptions(): string {
  const found = execFileSync('go', ['mod', 'download', '-json', `k8s.io/kubernetes@${kubernetes}`], {
    encoding: 'utf8',
  })
  return join(JSON.parse(found).Dir, 'api/openapi-spec/v3')
}

interface Schema {
  readonly [name: string]: unknown
}

const checked = [
  ...['Deployment', 'Service', 'Ingress', 'NetworkPolicy', 'PodDisruptionBudget'],
  ...['ConfigMap', 'ServiceAccount'],
]

/** Schemas that stand alone, and let nothing in that they do not name. */
function writeSchemas(folder: string): void {
  const from = descriptions()
  for (const group of ['api__v1', 'apis__apps__v1', 'apis__networking.k8s.io__v1', 'apis__policy__v1']) {
    const { components } = JSON.parse(readFileSync(join(from, `${group}_openapi.json`), 'utf8'))
    const all: Record<string, Schema> = components.schemas
    const strict = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(strict)
      if (typeof value !== 'object' || value === null) return value
      if ('$ref' in value) return strict(all[String(value.$ref).split('/').at(-1) ?? ''])
      if ('allOf' in value && Array.isArray(value.allOf) && value.allOf.length === 1) return strict(value.allOf[0])
      const inside = Object.fromEntries(Object.entries(value).map(([name, one]) => [name, strict(one)]))
      return 'properties' in inside && !('additionalProperties' in inside)
        ? { ...inside, additionalProperties: false }
        : inside
    }
    for (const schema of Object.values(all)) {
      const kinds = schema['x-kubernetes-group-version-kind']
      const [one] = Array.isArray(kinds) ? kinds : []
      if (checked.includes(one?.kind)) {
        writeFileSync(join(folder, `${String(one.kind).toLowerCase()}.json`), JSON.stringify(strict(schema)))
      }
    }
  }
}

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sr-helm-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function render(...values: readonly string[]): string {
  const set = values.flatMap((value) => ['--set', value])
  const line = ['template', 'sr', chart, '--namespace', 'secrets', '--kube-version', kubernetes, ...set]
  return execFileSync(join(tools, 'helm'), line, { encoding: 'utf8' })
}

/** @returns what was found of a text that Kubernetes takes */
function conform(folder: string, text: string): string {
  // The operator's own kinds are not of Kubernetes.
  const line = ['-strict', '-summary', '-skip', 'PodMonitor', '-schema-location', `${folder}/{{.ResourceKind}}.json`]
  const { status, stdout, stderr } = spawnSync(join(tools, 'kubeconform'), line, { input: text, encoding: 'utf8' })
  assert.equal(status, 0, stdout + stderr)
  return stdout
}

const everything = [
  ...['ingress.enabled=true', 'ingress.tlsSecretName=t', 'ingress.className=nginx', 'tls.secretName=t'],
  ...['tls.clientCaSecretName=c', 'database.caConfigMap=m', 'podMonitor.enabled=true', 'publicUrl=https://a.example'],
  ...['settings.STRONGROOM_KEEP_VERSIONS=5', 'nodeSelector.a=b', 'image.digest=sha256:00', 'podAnnotations.a=b'],
  ...['serviceAccountName=s', 'extraVolumes[0].name=x', 'extraVolumes[0].secret.secretName=x'],
  ...['extraVolumeMounts[0].name=x', 'extraVolumeMounts[0].mountPath=/run/x'],
  ...['networkPolicy.metricsFrom[0].namespaceSelector.matchLabels.a=b', 'imagePullSecrets[0].name=p'],
]

suite('The Helm chart', { skip }, () => {
  test('lints, and renders only what Kubernetes takes, with everything set and with nothing', (t) => {
    const folder = folderOf(t)
    writeSchemas(folder)
    execFileSync(join(tools, 'helm'), ['lint', '--strict', '--kube-version', kubernetes, chart])
    const check = (text: string) => conform(folder, text)

    assert.match(check(render()), /4 resources found .* Valid: 4, Invalid: 0, Errors: 0, Skipped: 0/)
    assert.match(check(render(...everything)), /6 resources found .* Valid: 5, Invalid: 0, Errors: 0, Skipped: 1/)
    const wrong = render().replace('terminationGracePeriodSeconds', 'terminationGraceSeconds')
    assert.throws(() => check(wrong), /terminationGraceSeconds/)
  })

  test('sets only settings that there are, and gives nodes longer than they need to stop', () => {
    const known = new Set(settings.map(({ name }) => name))
    for (const [name] of render(...everything).matchAll(/\bSTRONGROOM_[A-Z_]+\b/g)) assert.ok(known.has(name), name)
    const [pod] = deployments(render('drainSeconds=40'))
    assert.equal(pod?.terminationGracePeriodSeconds, 65)
  })

  test('sets what nodes start with, wherever the root key is, and refuses what it sets itself', () => {
    const elsewhere = ['rootKey.secretName=', 'rootKey.urls=awskms:alias/strongroom?region=eu-central-1']
    const both = ['rootKey.urls=file:/run/own/root.key shamir:3/5', 'publicUrl=https://a.example', 'tls.secretName=t']
    for (const values of [[], elsewhere, both]) {
      const [pod] = deployments(render(...values))
      const env = pod?.containers[0]?.env ?? []
      const given = Object.fromEntries(env.map(({ name, value = 'postgres://u@h/d' }) => [name, value]))
      assert.doesNotThrow(() => readConfig(given), JSON.stringify(given))
      assert.equal(pod?.initContainers === undefined, values === elsewhere)
      const volumes = new Set(pod?.volumes.map(({ name }) => name))
      for (const { name } of pod?.containers[0]?.volumeMounts ?? []) assert.ok(volumes.has(name), name)
    }
    const set = new Set(settings.map(({ name }) => name))
    for (const name of deployments(render(...everything)).flatMap((pod) => pod.containers[0]?.env ?? [])) {
      if (!set.has(name.name) || name.name === 'STRONGROOM_KEEP_VERSIONS') continue
      assert.throws(() => render(`settings.${name.name}=1`), /the chart sets it/, name.name)
    }
    assert.throws(() => render('rootKey.secretName='), /a root key is needed/)
  })

  test('mounts the certificate of an authority alone, of a map or a secret', () => {
    for (const value of ['database.caConfigMap=m', 'database.caSecretName=s']) {
      const [pod] = deployments(render(value))
      const { configMap, secret } = pod?.volumes.find(({ name }) => name === 'database-ca') ?? {}
      assert.deepEqual((configMap ?? secret)?.items, [{ key: 'ca.crt', path: 'ca.crt' }])
    }
  })

  test('runs as nobody, writes nowhere but to its own, and keeps secrets out of the environment, but for the URL of the database', () => {
    const [pod] = deployments(render(...everything))
    assert.ok(pod)
    assert.deepEqual([pod.securityContext.runAsNonRoot, pod.automountServiceAccountToken], [true, false])
    for (const { securityContext } of [...(pod.initContainers ?? []), ...pod.containers]) {
      const confined = {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      }
      assert.deepEqual(securityContext, confined)
    }
    const secret = pod.containers[0]?.env.filter(({ valueFrom }) => valueFrom !== undefined).map(({ name }) => name)
    assert.deepEqual(secret, ['STRONGROOM_DATABASE_URL'])
    assert.ok(!pod.volumes.some((volume) => 'hostPath' in volume))
  })

  test('is what the manifests without Helm say', () => {
    assert.equal(readFileSync(manifests, 'utf8'), plain())
  })
})

/** As `helm template strongroom deploy/helm/strongroom` prints it, without what is Helm's own. */
function plain(): string {
  const line = ['template', 'strongroom', chart, '--kube-version', kubernetes]
  const text = execFileSync(join(tools, 'helm'), line, { encoding: 'utf8' })
  const own = /^.*(helm\.sh\/chart|app\.kubernetes\.io\/managed-by|# Source).*\n/gm
  return `# Strongroom without Helm: made of the chart in deploy/helm/strongroom. See docs/high-availability.md.\n${text.replaceAll(own, '')}`
}

interface Pod {
  readonly terminationGracePeriodSeconds: number
  readonly automountServiceAccountToken: boolean
  readonly securityContext: { readonly runAsNonRoot: boolean }
  readonly initContainers?: readonly { readonly securityContext: object }[]
  readonly containers: readonly {
    readonly securityContext: object
    readonly env: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: object }[]
    readonly volumeMounts: readonly { readonly name: string }[]
  }[]
  readonly volumes: readonly {
    readonly name: string
    readonly configMap?: { readonly items: object }
    readonly secret?: { readonly items: object }
  }[]
}

function deployments(text: string): readonly Pod[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS())
    .filter((resource) => resource?.kind === 'Deployment')
    .map(({ spec }) => spec.template.spec)
}

suite('The manifests of an agent', { skip }, () => {
  test('are what Kubernetes takes', (t) => {
    const folder = folderOf(t)
    writeSchemas(folder)
    const text = readFileSync(join(root, 'deploy/kubernetes/agent.yaml'), 'utf8')

    assert.match(conform(folder, text), /3 resources found .* Valid: 3, Invalid: 0, Errors: 0, Skipped: 0/)
    const wrong = text.replace('expirationSeconds', 'expiresSeconds')
    assert.throws(() => conform(folder, wrong), /expiresSeconds/)
  })
})
