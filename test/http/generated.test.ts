/** A client that is generated from `/openapi.json` compiles, pages and locks. In other languages: `npm run test:long`. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { promisify } from 'node:util'
import { compile } from '../support/compiler.ts'
import { engines, makeFolder } from '../support/engines.ts'
import { startServer } from '../support/server.ts'

const [sqlite] = engines
const root = join(import.meta.dirname, '..', '..')
const run = promisify(execFile)

suite('A client that is generated from the description', () => {
  test('compiles, goes through pages, and changes nothing that somebody else has changed', async (t) => {
    assert.ok(sqlite)
    const { api, url } = await startServer(t, sqlite)
    const folder = makeFolder()
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    writeFileSync(join(folder, 'openapi.json'), (await api.get('/openapi.json')).text)
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['main.ts'] }))
    copyFileSync(join(root, 'test/generated/life.typescript'), join(folder, 'main.ts'))
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
    const node = async (...line: string[]) => {
      const env = { ...process.env, BASE_URL: url, API_KEY: api.key }
      const { stdout } = await run(process.execPath, line, { cwd: folder, env })
      return stdout
    }

    const generator = join(root, 'node_modules/openapi-typescript/bin/cli.js')
    await node('--import', join(root, 'test/generated/typescript-api.mjs'), generator, 'openapi.json', '-o', 'api.d.ts')
    const { code, stdout } = await compile(folder, '--project', folder)
    assert.equal(code, 0, stdout)

    assert.equal(await node('main.ts'), 'It went well.\n')
  })
})

const compilerOptions = {
  ...{ target: 'esnext', module: 'esnext', moduleResolution: 'bundler', lib: ['esnext', 'dom'], types: ['node'] },
  ...{
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    noEmit: true,
  },
}
