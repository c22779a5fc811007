/** Clients of Vault and OpenBao, as they are published, and what they log in with. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Api } from '../support/api.ts'
import { audience, jobClaims, makeKey, sign, timesAt } from '../support/issuer.ts'
import { main } from '../support/main.ts'
import { buildMs, type Client } from './client.ts'

const pip = ['python3', '-m', 'pip', 'install', '--quiet', '--only-binary', ':all:', '--target', 'packages']
const npm = ['npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund']
const corpusOfEngine = join(import.meta.dirname, '../vault-api/corpus-engine.ts')
const issuer = 'https://ci.example.com'
const mayRead = ['secrets:list', 'secrets:read']

/** An application's key, a job's token, and a pod's: what each trades for a token that may read. */
async function logins(api: Api, folder: string): Promise<Record<string, string>> {
  // Undeleting needs what was deleted.
  await api.put('/v3/settings', { recovery_days: 7 })
  const key = await makeKey()
  for (const name of ['ci', 'pod']) {
    const { status, text } = await api.post('/v3/trust-rules', {
      ...{ name, issuer: `${issuer}/${name}`, audience, claims: { sub: jobClaims.sub } },
      ...{ scopes: mayRead, jwks: { keys: [key.jwk] } },
    })
    assert.equal(status, 201, text)
  }
  const tokenOf = (name: string) =>
    sign(key, { ...timesAt(Date.now()), iss: `${issuer}/${name}`, aud: audience, ...jobClaims })
  writeFileSync(join(folder, 'pod.token'), await tokenOf('pod'))
  const { body } = await api.post('/v3/keys', { name: 'app', scopes: mayRead })
  return { ROLE_ID: String(body.id), SECRET_ID: body.api_key, JWT: await tokenOf('ci') }
}

function ofGo(name: string, module: string, logIn: string, ...others: readonly string[]): Client {
  return {
    name: `Go, the module ${name}, as with its own server`,
    program: 'go',
    prepare: (folder) => {
      for (const [source, savedAs] of [
        ['vault.go', 'main.go'],
        [logIn, 'login.go'],
      ] as const) {
        const text = readFileSync(join(import.meta.dirname, source), 'utf8')
        writeFileSync(join(folder, savedAs), text.replace('"github.com/hashicorp/vault/api"', JSON.stringify(name)))
      }
      writeFileSync(join(folder, 'go.mod'), 'module life\n')
    },
    fetch: [
      ['go', 'get', module, ...others],
      ['go', 'build', '-o', 'life', '.'],
    ],
    fetchMs: buildMs,
    given: logins,
    run: [{ line: ['./life'], stdout: 'Went well\n' }],
  }
}

/** Compiled and run by `java` itself. */
function ofJava(name: string, source: string, ...artifacts: readonly string[]): Client {
  return {
    name: `Java, ${name}, as with Vault`,
    program: 'mvn',
    source,
    savedAs: source,
    prepare: (folder) => writeFileSync(join(folder, 'pom.xml'), pomOf(artifacts)),
    fetch: [['mvn', '-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=lib']],
    fetchMs: buildMs,
    given: logins,
    run: [{ line: ['java', '-XX:TieredStopAtLevel=1', '-cp', 'lib/*', source], stdout: 'Went well\n' }],
  }
}

function pomOf(artifacts: readonly string[]): string {
  const [life = '', ...dependencies] = ['life:life:1', ...artifacts].map((artifact) => {
    const [group, name, version] = artifact.split(':')
    return `<groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version>`
  })
  const needed = dependencies.map((one) => `<dependency>${one}</dependency>`).join('')
  return `<project><modelVersion>4.0.0</modelVersion>${life}<dependencies>${needed}</dependencies></project>`
}

/** Of all collections, only the one that is tried. */
const unpack = `
import glob, zipfile
wheel = zipfile.ZipFile(glob.glob("ansible-*.whl")[0])
wheel.extractall(members=[name for name in wheel.namelist() if name.startswith("ansible_collections/community/hashi_vault/")])
`

const noCluster = {
  ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'none' },
  clusters: [{ name: 'none', cluster: { server: 'http://127.0.0.1:9' } }],
  contexts: [{ name: 'none', context: { cluster: 'none', user: '' } }],
}

async function stockLife(api: Api, name: string, metadata: Record<string, string> = {}): Promise<void> {
  for (const data of [
    { user: 'u', deep: { list: [1, 2] } },
    { user: 'v', port: 5432 },
  ]) {
    await api.post(`/v1/secret/data/life/${name}`, { data })
  }
  await api.post(`/v1/secret/metadata/life/${name}`, { custom_metadata: metadata })
}

export const vaultClients: readonly Client[] = [
  {
    name: 'Python, the package hvac, as with Vault',
    program: 'python3',
    source: 'vault.py',
    savedAs: 'vault.py',
    fetch: [[...pip, 'hvac']],
    given: logins,
    run: [['python3', 'vault.py']],
    env: (folder) => ({ PYTHONPATH: join(folder, 'packages') }),
  },
  {
    name: 'Node, the package node-vault, as with Vault',
    program: 'npm',
    source: 'vault.mjs',
    savedAs: 'vault.mjs',
    prepare: (folder) => writeFileSync(join(folder, 'package.json'), '{"private":true}'),
    fetch: [[...npm, 'node-vault']],
    given: logins,
    run: [[process.execPath, 'vault.mjs']],
  },
  ofGo(
    'github.com/hashicorp/vault/api',
    'github.com/hashicorp/vault/api@v1.23.0',
    'vault-login.go',
    ...['approle', 'kubernetes'].map((method) => `github.com/hashicorp/vault/api/auth/${method}@v0.12.0`),
  ),
  ofGo('github.com/openbao/openbao/api/v2', 'github.com/openbao/openbao/api/v2@v2.7.1', 'bao-login.go'),
  {
    name: 'Go, the vault provider of External Secrets',
    program: 'go',
    source: 'vault-eso.go',
    savedAs: 'main.go',
    isSlow: true,
    prepare: (folder) => {
      writeFileSync(join(folder, 'go.mod'), 'module life\n')
      writeFileSync(join(folder, 'kubeconfig'), JSON.stringify(noCluster))
    },
    fetch: [
      ['go', 'get', 'github.com/external-secrets/external-secrets/pkg/provider/vault@v0.16.2'],
      ['go', 'build', '-o', 'life', '.'],
    ],
    fetchMs: buildMs,
    stock: (api) => stockLife(api, 'eso', { description: 'of a life' }),
    given: logins,
    run: [{ line: ['./life'], stdout: 'Went well\n' }],
    // It makes a client of a cluster for this login, and asks it nothing.
    env: (folder) => ({ KUBECONFIG: join(folder, 'kubeconfig') }),
  },
  {
    name: 'Go, the key/value engine of Vault itself, from which is imported, and against which the corpus is held',
    program: 'go',
    source: 'vault-engine.go',
    savedAs: 'main.go',
    isSlow: true,
    prepare: (folder) => writeFileSync(join(folder, 'go.mod'), 'module life\n'),
    fetch: [
      ['go', 'get', 'github.com/hashicorp/vault-plugin-secrets-kv@v0.25.0'],
      ['go', 'build', '-o', 'life', '.'],
    ],
    fetchMs: buildMs,
    given: async () => ({ NODE: process.execPath, STRONGROOM: main, CORPUS: corpusOfEngine }),
    run: [
      { line: ['./life'], stdout: 'Went well\n' },
      { line: ['./life', 'corpus'], stdout: 'Went well\n' },
    ],
  },
  {
    name: 'consul-template, as with Vault',
    program: 'go',
    source: 'vault.tpl',
    savedAs: 'vault.tpl',
    prepare: (folder) => writeFileSync(join(folder, 'go.mod'), 'module life\n'),
    fetch: [
      ['go', 'get', 'github.com/hashicorp/consul-template@v0.41.1'],
      ['go', 'build', '-o', 'consul-template', 'github.com/hashicorp/consul-template'],
    ],
    fetchMs: buildMs,
    stock: (api) => stockLife(api, 'tpl'),
    given: logins,
    run: [
      ['./consul-template', '-once', '-template', 'vault.tpl:made.txt'],
      { line: ['cat', 'made.txt'], stdout: 'user=v port=5432 version=2\ntpl \nfirst=u\n' },
    ],
  },
  {
    name: 'Ansible, the collection community.hashi_vault',
    program: 'ansible',
    source: 'vault-playbook.yaml',
    savedAs: 'play.yaml',
    fetch: [
      [...pip, 'ansible-core', 'hvac'],
      ['python3', '-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary', ':all:', 'ansible'],
      ['python3', '-c', unpack],
    ],
    given: logins,
    run: [['python3', '-m', 'ansible', 'playbook', 'play.yaml']],
    env: (folder) => ({
      ...{ PYTHONPATH: join(folder, 'packages'), ANSIBLE_COLLECTIONS_PATH: folder, ANSIBLE_HOME: join(folder, 'home') },
      ...{ LC_ALL: 'C.UTF-8', ANSIBLE_LOCALHOST_WARNING: 'False', ANSIBLE_NOCOLOR: '1' },
    }),
  },
  ofJava(
    ...(['Spring Vault', 'Spring.java', 'org.springframework.vault:spring-vault-core:4.0.4'] as const),
    'tools.jackson.core:jackson-databind:3.3.0',
  ),
  ofJava('vault-java-driver', 'Driver.java', 'io.github.jopenlibs:vault-java-driver:6.2.0'),
  {
    name: 'GitHub, the action hashicorp/vault-action',
    program: 'npm',
    isNowhere: 'no registry carries it',
    fetch: [],
    run: [],
  },
]
