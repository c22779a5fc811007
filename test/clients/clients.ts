/**
 * The vendor's own clients against a running server, others' programs that read from it as the documents
 * say, and our own client in runtimes that do not come with this project:
 * `npm run test:clients`, which needs the registries and is therefore no part of `npm test`. A client that cannot be fetched is passed over with the reason; one that ran and failed fails.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { copyFileSync, cpSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { Refusal } from '../../src/errors.ts'
import { readEntries } from '../../src/formats/read.ts'
import { writeEntries } from '../../src/formats/write.ts'
import { wentWell } from '../client/life.ts'
import { hard, line, value } from '../formats/values.ts'
import { Api } from '../support/api.ts'
import { startChild } from '../support/child.ts'
import { markedBlock } from '../support/document.ts'
import { engines, makeFolder } from '../support/engines.ts'
import { fc } from '../support/fast-check.ts'
import { buildMs, type Client, type Step } from './client.ts'
import { vaultClients } from './vault.ts'

const fetchMs = 60_000
const runMs = 120_000

interface Ran {
  /** `undefined` when the program was not found, or took too long. */
  readonly code: number | undefined
  readonly why: string
  readonly stdout: string
  readonly stderr: string
}

const apply = (value: string) => [
  'terraform',
  'apply',
  '-auto-approve',
  '-no-color',
  '-parallelism=50',
  `-var=value=${value}`,
]
/** Its exit code is 2 when anything would change. */
const planOf = (value: string) => ['terraform', 'plan', '-detailed-exitcode', '-no-color', `-var=value=${value}`]

const clients: readonly Client[] = [
  {
    name: 'Python, the package netactuate',
    program: 'python3',
    source: 'life.py',
    savedAs: 'life.py',
    fetch: [
      ['python3', '-m', 'pip', 'install', '--quiet', '--only-binary', ':all:', '--target', 'packages', 'netactuate'],
    ],
    run: [['python3', 'life.py']],
    env: (folder) => ({ PYTHONPATH: join(folder, 'packages') }),
  },
  {
    name: 'Go, the module github.com/netactuate/gona',
    program: 'go',
    source: 'life.go',
    savedAs: 'main.go',
    prepare: (folder) => writeFileSync(join(folder, 'go.mod'), 'module life\n'),
    fetch: [['go', 'get', 'github.com/netactuate/gona@latest']],
    run: [['go', 'run', '.']],
  },
  {
    name: 'Go, the readers of dotenv files: godotenv and compose-go',
    program: 'go',
    source: 'dotenv.go',
    savedAs: 'main.go',
    prepare: (folder) => {
      writeFileSync(join(folder, 'go.mod'), 'module dotenv\n')
      writeFileSync(join(folder, 'cases.json'), JSON.stringify(dotenvCases()))
    },
    fetch: [['go', 'get', 'github.com/joho/godotenv@v1.5.1', 'github.com/compose-spec/compose-go/v2/dotenv@v2.16.2']],
    fetchMs: buildMs,
    run: [{ line: ['go', 'run', '.'], stdout: 'The same\n' }],
  },
  {
    name: 'Node, the package @netactuate/sdk',
    program: 'npm',
    source: 'life.mjs',
    savedAs: 'life.mjs',
    prepare: (folder) => writeFileSync(join(folder, 'package.json'), '{"private":true}'),
    fetch: [['npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', '@netactuate/sdk']],
    hasSecretsCalls: (folder) => says(folder, 'node_modules/@netactuate/sdk/dist/**/*.js', 'createSecretList'),
    run: [[process.execPath, 'life.mjs']],
  },
  {
    name: 'Rust, the crate nars',
    program: 'cargo',
    source: 'life.rs',
    savedAs: 'main.rs',
    prepare: (folder) =>
      writeFileSync(
        join(folder, 'Cargo.toml'),
        '[package]\nname = "life"\nversion = "0.0.0"\nedition = "2021"\n[[bin]]\nname = "life"\npath = "main.rs"\n',
      ),
    fetch: [
      ['cargo', 'add', '--quiet', 'nars'],
      ['cargo', 'vendor', '--quiet'],
    ],
    hasSecretsCalls: (folder) => says(folder, 'vendor/nars/src/**/*.rs', 'fn create_secret_list'),
    run: [['cargo', 'run', '--quiet']],
  },
  {
    name: 'Terraform, the provider netactuate/netactuate',
    program: 'terraform',
    source: 'life.tf',
    savedAs: 'main.tf',
    fetch: [['terraform', 'init', '-no-color', '-input=false']],
    run: [
      apply('one'),
      planOf('one'),
      apply('two'),
      planOf('two'),
      ['terraform', 'destroy', '-auto-approve', '-no-color', '-var=value=two'],
    ],
    env: () => ({ TF_IN_AUTOMATION: '1', TF_INPUT: '0' }),
  },
]

const hardText = '100% $\u007bx} %{y} "z" \\n\n\r\n ä🔑'
const httpProvider = 'github.com/terraform-providers/terraform-provider-http'

/** Programs of others that speak HTTP as they are told to. */
const readers: readonly Client[] = [
  {
    name: 'Terraform, the data source of hashicorp/http',
    program: 'terraform',
    prepare: (folder) => {
      const [shown, body] = [markedBlock('docs/terraform.md', 'terraform http'), '.body']
      writeFileSync(join(folder, 'main.tf'), shown.replace('.response_body', body))
      const replaced = `${httpProvider} => github.com/hashicorp/terraform-provider-http v1.2.0`
      writeFileSync(
        join(folder, 'go.mod'),
        `module provider\n\nrequire ${httpProvider} v1.2.0\n\nreplace ${replaced}\n`,
      )
      const imports = `import (\n"github.com/hashicorp/terraform-plugin-sdk/plugin"\n"${httpProvider}/http"\n)`
      const main = 'func main() { plugin.Serve(&plugin.ServeOpts{ProviderFunc: http.Provider}) }'
      writeFileSync(join(folder, 'main.go'), `package main\n\n${imports}\n\n${main}\n`)
      const overrides = `dev_overrides {\n"hashicorp/http" = ${JSON.stringify(folder)}\n}\ndirect {}`
      writeFileSync(
        join(folder, 'terraform.rc'),
        `disable_checkpoint = true\nprovider_installation {\n${overrides}\n}\n`,
      )
    },
    fetch: [
      ['terraform', 'version'],
      ['go', 'mod', 'tidy'],
      ['go', 'build', '-o', 'terraform-provider-http', '.'],
    ],
    fetchMs: buildMs,
    stock: async (api) => void (await api.post('/v3/secrets', { name: 'db-password', value: hardText })),
    run: [
      ['terraform', 'apply', '-auto-approve', '-no-color'],
      ['terraform', 'plan', '-detailed-exitcode', '-no-color'],
      { line: ['terraform', 'output', '-raw', 'db_password'], stdout: hardText },
      {
        line: ['terraform', 'plan', '-no-color', '-var=strongroom_api_key=sr_none'],
        code: 1,
        stderr: /HTTP request error. Response code: 401/,
      },
    ],
    env: (folder) => ({ TF_CLI_CONFIG_FILE: join(folder, 'terraform.rc'), TF_IN_AUTOMATION: '1', TF_INPUT: '0' }),
  },
  {
    name: 'Kubernetes, the webhook provider of External Secrets',
    program: 'go',
    source: 'eso.go',
    savedAs: 'main.go',
    prepare: (folder) => {
      writeFileSync(join(folder, 'manifests.yaml'), markedBlock('docs/kubernetes.md', 'manifest'))
      writeFileSync(join(folder, 'go.mod'), 'module life\n')
    },
    fetch: [
      ['go', 'get', 'github.com/external-secrets/external-secrets/pkg/provider/webhook@v0.20.4'],
      ['go', 'build', '-o', 'life', '.'],
    ],
    fetchMs: buildMs,
    stock: async (api) => {
      await api.post('/v3/lists', { name: 'Web' })
      for (const secret of [
        { name: 'shop-db-password', value: 'first line\nsecond "line" ä🔑\n' },
        { name: 'shop-keystore', type: 'file', value: Buffer.from([0, 1, 2, 250, 251, 252]).toString('base64') },
        { name: 'shop-token', value: 'of the list Web', list: 'Web' },
        { name: 'shop-json', value: '{"user":"shop","password":"p\\"w"}' },
      ]) {
        await api.post('/v3/secrets', secret)
      }
    },
    run: [['./life']],
  },
]

/** From the package of a runtime the binary for this machine; its install script, which might fetch one, is not run. */
function runtime(name: string, packageName: string, command: string): Client {
  return {
    name: `Our client in ${name}`,
    program: 'npm',
    prepare: (folder) => {
      for (const path of ['src/client', 'test/client/life.ts']) {
        cpSync(join(import.meta.dirname, '../..', path), join(folder, path), { recursive: true })
      }
      writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}')
      writeFileSync(join(folder, 'main.ts'), runtimeMain)
    },
    fetch: [['npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', packageName]],
    fetchMs: buildMs,
    run: [{ line: ['sh', '-c', command], stdout: `${wentWell.join()}\n` }],
  }
}

const runtimeMain = `
  import * as client from './src/client/index.ts'
  import { live } from './test/client/life.ts'
  const { BASE_URL, NETACTUATE_API_KEY } = process.env
  console.log((await live(client, BASE_URL.replace('/api/', ''), NETACTUATE_API_KEY)).join())
`

const runtimes: readonly Client[] = [
  runtime('Deno', 'deno@2', 'exec node_modules/@deno/*/deno run --no-prompt --allow-env --allow-net=127.0.0.1 main.ts'),
  runtime(
    'Bun',
    'bun@1',
    'for bun in node_modules/@oven/*/bin/bun; do "$bun" --version >bun.version && break; done; exec "$bun" main.ts',
  ),
]

const [engine] = engines

suite('The published client', { concurrency: true }, () => {
  for (const client of [...clients, ...vaultClients, ...readers, ...runtimes]) {
    test(client.name, (t) => tryClient(t, client))
  }

  // The same life from its beginning: with anything of another environment in sight, it would not go as it does.
  for (const client of clients.filter(({ source = '' }) => source.startsWith('life.'))) {
    test(`${client.name}, with a key for one environment, sees its lists and nothing else`, async (t) => {
      let before: readonly string[] = []
      let owner: Api | undefined
      await tryClient(t, client, async (api) => {
        owner = api
        for (const name of ['prod', 'dev']) await api.post('/v3/environments', { name })
        for (const environment of ['default', 'dev']) {
          const headers = { 'strongroom-environment': environment }
          for (const list of ['shop', 'office', 'life']) {
            await api.post('/v3/lists', { name: list }, headers)
            await api.post('/v3/secrets', { name: `${list}-key`, value: environment, list }, headers)
          }
        }
        before = await others(api)
        const scopes = ['list', 'read', 'write', 'delete'].map((verb) => `secrets:${verb}@prod`)
        return (await api.post('/v3/keys', { name: 'of prod', scopes })).body.api_key
      })
      if (owner !== undefined) assert.deepEqual(await others(owner), before)
    })
  }
})

/** What is in the environments that the client has no key for. */
async function others(api: Api): Promise<readonly string[]> {
  const asked = ['default', 'dev'].map((name) => api.get(`/api/secrets/all-values?environment=${name}`))
  return (await Promise.all(asked)).map(({ text }) => text)
}

/** @param keyOf gives the key that the client asks with, in place of the first one */
async function tryClient(
  t: TestContext,
  client: Client,
  keyOf: (api: Api) => Promise<string> = async (api) => api.key,
): Promise<void> {
  const folder = makeFolder()
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const reason = await fetchOf(client, folder)
  if (reason !== undefined) return t.skip(`not run: ${reason}`)

  const { url, key: firstKey } = await startServer(t)
  const api = new Api(url, firstKey)
  await client.stock?.(api)
  const more = await client.given?.(api, folder)
  const key = await keyOf(api)
  for (const one of client.run) {
    const step = 'line' in one ? one : { line: one }
    const given = { BASE_URL: `${url}/api/`, NETACTUATE_API_KEY: key, VAULT_ADDR: url, VAULT_TOKEN: key }
    const variables = { TF_VAR_base_url: `${url}/api/`, TF_VAR_strongroom_url: url, TF_VAR_strongroom_api_key: key }
    const env = { ...plain(), ...client.env?.(folder), ...given, ...variables, ...more }
    const ran = await run(step.line, folder, runMs, env)
    if (!isAsExpected(step, ran)) {
      throw new Error(`${step.line.slice(0, 2).join(' ')}: ${ran.why}\n${ran.stdout}${ran.stderr}`)
    }
    for (const told of client.program === 'python3' ? ran.stdout.trim().split('\n') : []) t.diagnostic(told)
  }
}

function isAsExpected({ code = 0, stdout, stderr = /(?:)/ }: Step, ran: Ran): boolean {
  return ran.code === code && (stdout === undefined || ran.stdout === stdout) && stderr.test(ran.stderr)
}

/** What is exported, and what is taken when it is imported: both are to be what others read. */
function dotenvCases() {
  const exported = [...hard, ...fc.sample(value, 500)].flatMap((one) => {
    const entry = { name: 'V', value: one }
    return orRefused(() => [{ text: writeEntries([entry], 'dotenv', ''), expected: { V: one } }])
  })
  const taken = fc.sample(fc.array(line, { maxLength: 4 }), 4000).flatMap((lines) => {
    const text = lines.join('\n')
    const read = orRefused(() => readEntries(text, 'dotenv'))
    // godotenv knows no names with a hyphen, and refuses them.
    if (read.length === 0 || read.some(({ name }) => name.includes('-'))) return []
    return [{ text, expected: Object.fromEntries(read.map((one) => [one.name, one.value])) }]
  })
  return [...exported, ...taken]
}

function orRefused<T>(work: () => readonly T[]): readonly T[] {
  try {
    return work()
  } catch (error) {
    if (error instanceof Refusal) return []
    throw error
  }
}

/** @returns why it cannot be tried here; `undefined` when it can */
async function fetchOf(client: Client, folder: string): Promise<string | undefined> {
  const { source, savedAs, isNowhere, isSlow } = client
  if (isNowhere !== undefined) return isNowhere
  if (isSlow && process.env['SLOW_CLIENTS'] !== '1') return 'building it takes minutes; SLOW_CLIENTS=1 tries it'
  if (source !== undefined && savedAs !== undefined) {
    copyFileSync(join(import.meta.dirname, source), join(folder, savedAs))
  }
  client.prepare?.(folder)
  for (const line of client.fetch) {
    const ran = await run(line, folder, client.fetchMs ?? fetchMs, process.env)
    if (ran.code !== 0) return ran.code === undefined ? ran.why : `it could not be fetched: ${told(ran)}`
  }
  if (client.hasSecretsCalls?.(folder) === false) return 'the published version has no secrets calls'
  return undefined
}

/** What a fetcher says of its failure in one line, without the addresses of registries. */
function told({ stderr, stdout, why }: Ran): string {
  const text = `${stderr}\n${stdout}`
  const known =
    /\b(E404|40[0-9] [A-Z][a-z]+( [A-Z][a-z]+)?|no such host|could not find `[\w-]+`|could not be found in registry|No matching distribution found|No module named \w+|could not resolve host|Could not resolve host|timed out|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|unreachable)\b/i
  return known.exec(text)?.[0] ?? why
}

function says(folder: string, files: string, text: string): boolean {
  return globSync(files, { cwd: folder }).some((file) => readFileSync(join(folder, file), 'utf8').includes(text))
}

async function startServer(t: TestContext): Promise<{ url: string; key: string }> {
  if (engine === undefined) throw new Error('No store.')
  const place = await engine.makePlace()
  t.after(() => place.clear())
  const child = await startChild(t, place, { env: { STRONGROOM_VAULT_API: 'on' } })
  return { url: child.url, key: child.firstKey ?? '' }
}

/** For a stranger's code: nothing of what else the environment may hold. */
function plain(): Record<string, string> {
  const kept = ['PATH', 'HOME', 'GOFLAGS', 'GOCACHE', 'GOMODCACHE', 'CARGO_HOME', 'RUSTUP_HOME', 'PYENV_ROOT']
  return Object.fromEntries(
    kept.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  )
}

function run(line: readonly string[], cwd: string, limitMs: number, env: NodeJS.ProcessEnv): Promise<Ran> {
  const [program = '', ...parameters] = line
  return new Promise((resolve) => {
    const output = { stdout: '', stderr: '' }
    // A group of its own, so that a build's children end with it.
    const child = spawn(program, parameters, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].on('data', (chunk) => {
        output[stream] += chunk
      })
    }
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    }, limitMs)
    const end = (code: number | undefined, why: string) => {
      clearTimeout(timer)
      resolve({ code, why, ...output })
    }
    child.once('error', () => end(undefined, `${program} is not installed`))
    child.once('close', (code) => {
      if (isLate) return end(undefined, `${program} took longer than ${limitMs / 1000} seconds`)
      end(code ?? 1, `exit code ${code}`)
    })
  })
}
