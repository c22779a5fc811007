/**
 * Clients that generators of other languages make of `/openapi.json` compile, page and lock; and what is sent by a fuzzer
 * that reads it is answered as it says. They come from the registries: one that cannot be had is passed over with the reason.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { promisify } from 'node:util'
import { engines, makeFolder } from '../support/engines.ts'
import { startServer } from '../support/server.ts'

const [sqlite] = engines
const run = promisify(execFile)
const goGenerator = 'github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2'
const javaGenerator = 'org.openapitools:openapi-generator-cli:7.14.0'
const python = 'packages/bin/python'
const javaNames = 'apiPackage=strongroom.api,modelPackage=strongroom.model,invokerPackage=strongroom'
/** Its parameters by their names: a new one breaks no caller. */
const javaRequests = 'useSingleRequestParameter=true'

type Line = readonly [program: string, ...parameters: string[]]

interface Generated {
  readonly name: string
  /** In `test/generated`, and where the client's folder has it. */
  readonly life?: readonly [source: string, savedAs: string]
  readonly files?: Readonly<Record<string, string>>
  /** Gets the generator, or says why there is none. */
  readonly fetch: readonly Line[]
  /** The last line's output is what `ends` says. */
  readonly run: readonly Line[]
  readonly ends: RegExp
}

const ways: readonly Generated[] = [
  {
    name: 'Python, openapi-python-client',
    life: ['life.py', 'client/life.py'],
    fetch: [
      ['python3', '-m', 'venv', 'packages'],
      [python, '-m', 'pip', 'install', '--quiet', 'openapi-python-client==0.29.1', 'ruff'],
    ],
    run: [
      [
        'packages/bin/openapi-python-client',
        'generate',
        '--path',
        'openapi.json',
        '--output-path',
        'client',
        '--overwrite',
      ],
      [python, 'client/life.py'],
    ],
    ends: /^It went well\.\n$/,
  },
  {
    name: 'Go, oapi-codegen',
    life: ['life.go', 'main.go'],
    files: {
      'go.mod': 'module life\n\ngo 1.24\n',
      'generate.yaml': 'package: strongroom\noutput: strongroom/client.go\ngenerate: { models: true, client: true }\n',
    },
    fetch: [['go', 'install', goGenerator]],
    run: [
      ['bin/oapi-codegen', '-config', 'generate.yaml', 'openapi.json'],
      ['go', 'mod', 'tidy'],
      ['go', 'vet', './...'],
      ['go', 'run', '.'],
    ],
    ends: /^It went well\.\n$/,
  },
  {
    name: 'Java, openapi-generator',
    life: ['Life.java', 'Life.java'],
    fetch: [
      [
        'mvn',
        '-q',
        '-B',
        'dependency:copy',
        `-Dartifact=${javaGenerator}`,
        '-DoutputDirectory=.',
        '-Dmdep.stripVersion=true',
      ],
    ],
    run: [
      [
        ...(['java', '-jar', 'openapi-generator-cli.jar', 'generate', '-i', 'openapi.json', '-o', 'client'] as const),
        // As a method of a request, `wait` is one of every object.
        ...['-g', 'java', '--library', 'native', '--parameter-name-mappings', 'wait=waitSeconds'],
        ...[`--additional-properties=${javaNames},${javaRequests}`],
      ],
      ['mvn', '-q', '-B', '-f', 'client', 'compile', 'dependency:copy-dependencies', '-DoutputDirectory=../jars'],
      ['java', '-cp', 'client/target/classes:jars/*', 'Life.java'],
    ],
    ends: /^It went well\.\n$/,
  },
  {
    name: 'Requests that schemathesis makes up',
    fetch: [
      ['python3', '-m', 'venv', 'packages'],
      [python, '-m', 'pip', 'install', '--quiet', 'schemathesis==4.32.5'],
    ],
    run: [
      [
        'sh',
        '-c',
        `exec packages/bin/schemathesis run openapi.json --url "$BASE_URL" -H "Authorization: Bearer $API_KEY" ${fuzzing()}`,
      ],
    ],
    ends: /Test cases:\n\s+(\d+) generated, \1 passed/,
  },
]

/** The key that asks is neither rotated nor revoked, and no provider is asked. */
function fuzzing(): string {
  const left = ['revokeOwnKey', 'revokeKey', 'rotateKey', 'rotateAccountKey', 'setSso']
  const checks = 'not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance'
  return [
    `--checks ${checks},response_schema_conformance`,
    ...left.map((one) => `--exclude-operation-id ${one}`),
    '--phases examples,coverage,fuzzing --max-examples 10 --seed 1 --workers 1 --no-color --continue-on-failure',
  ].join(' ')
}

/** What a program that failed said, without the addresses of registries. */
function told(error: unknown): string {
  const { stdout = '', stderr = '', message = '' } = Object(error)
  return `${stdout}${stderr}`.trim().split('\n').slice(-200).join('\n') || String(message)
}

suite('Made of /openapi.json', () => {
  for (const { name, life, files = {}, fetch, run: lines, ends } of ways) {
    test(name, async (t) => {
      assert.ok(sqlite)
      const folder = makeFolder()
      t.after(() => rmSync(folder, { recursive: true, force: true }))
      const environment = { ...process.env, GOBIN: join(folder, 'bin'), GOTOOLCHAIN: 'local' }
      for (const [program, ...parameters] of fetch) {
        try {
          await run(program, parameters, { cwd: folder, env: environment, timeout: 600_000, maxBuffer: 2 ** 26 })
        } catch (error) {
          return t.skip(`not run: ${parameters.at(-1)} could not be had (${told(error).split('\n').at(-1)})`)
        }
      }
      const { api, url } = await startServer(t, sqlite)
      writeFileSync(join(folder, 'openapi.json'), (await api.get('/openapi.json')).text)
      for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text)
      mkdirSync(join(folder, 'client'))
      mkdirSync(join(folder, 'strongroom'))
      if (life !== undefined) copyFileSync(join(import.meta.dirname, '../generated', life[0]), join(folder, life[1]))
      let output = ''
      for (const [program, ...parameters] of lines) {
        const env = { ...environment, BASE_URL: url, API_KEY: api.key, PYTHONUTF8: '1' }
        const options = { cwd: folder, env, timeout: 600_000, maxBuffer: 2 ** 26 }
        output = await run(program, parameters, options).then(
          ({ stdout }) => stdout,
          (error) => assert.fail(`${program} ${parameters[0]} failed:\n${told(error)}`),
        )
      }
      assert.match(output, ends)
    })
  }
})
