/** The portal as it is served: strict headers, small files, nothing that is not part of it. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { engines, makeFolder } from '../support/engines.ts'
import { startServer } from '../support/server.ts'

const [sqlite] = engines
assert.ok(sqlite)
const built = join(import.meta.dirname, '..', '..', 'portal', 'dist')
/** Of all scripts that the first page loads, compressed. */
const maxFirstLoad = 300_000

suite('The portal', () => {
  test('is built by "npm ci"', () => {
    assert.ok(existsSync(join(built, 'index.html')), 'Run: npm run build:portal')
  })

  test('is served under a policy that lets nothing in but its own files', async (t) => {
    const { url } = await startServer(t, sqlite)
    for (const path of ['/portal/', '/portal/secrets/1', '/portal/nowhere']) {
      const { status, headers } = await fetch(url + path)
      assert.equal(status, 200)
      assert.equal(headers.get('cache-control'), 'no-store')
      assert.equal(headers.get('referrer-policy'), 'no-referrer')
      assert.equal(headers.get('x-content-type-options'), 'nosniff')
      assert.equal(headers.get('cross-origin-opener-policy'), 'same-origin')
      const policy = headers.get('content-security-policy') ?? ''
      assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self'; /)
      assert.match(policy, /frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'$/)
      assert.doesNotMatch(policy, /unsafe|https?:|\*/)
    }
  })

  test('loads less than 300 kB of compressed scripts first, each for ever under its name', async (t) => {
    const { url } = await startServer(t, sqlite)
    const page = await (await fetch(`${url}/portal/`)).text()
    assert.doesNotMatch(page, /<script(?![^>]*src=)|<style|style="|https?:\/\//)
    const scripts = [...page.matchAll(/(?:src|href)="(\/portal\/assets\/[^"]+\.js)"/g)].map(([, path = '']) => path)
    assert.ok(scripts.length > 0)
    let size = 0
    for (const path of scripts) {
      const answer = await fetch(url + path, { headers: { 'accept-encoding': 'br' } })
      assert.equal(answer.headers.get('cache-control'), 'public, max-age=31536000, immutable')
      assert.equal(answer.headers.get('content-encoding'), 'br')
      size += readFileSync(join(built, `${path.slice('/portal/'.length)}.br`)).length
      assert.ok((await answer.text()).length > 0)
    }
    assert.ok(size < maxFirstLoad, `${size} bytes`)
  })

  test('answers with nothing but its files', async (t) => {
    const { url } = await startServer(t, sqlite)
    for (const path of [
      ...['/portal/assets/gone-0a1b2c3d.js', '/portal/package.json', '/portal/..%2f..%2fpackage.json'],
      ...['/portal/assets/..%5c..%5cindex.html', '/portal/index.html.br.map'],
    ]) {
      assert.equal((await fetch(url + path)).status, 404, path)
    }
    assert.equal((await fetch(`${url}/portal/`, { method: 'POST' })).status, 405)
  })

  test('is where a browser is led that opens the server, and no tool is', async (t) => {
    const { url } = await startServer(t, sqlite)
    const browser = await fetch(url, { redirect: 'manual', headers: { accept: 'text/html,*/*' } })
    assert.deepEqual([browser.status, browser.headers.get('location')], [302, '/portal/'])
    assert.equal((await fetch(url)).status, 404)
  })

  test('that is not built is missed with a sentence, while the API goes on', async (t) => {
    const { api, url } = await startServer(t, sqlite, { portalDir: makeFolder() })
    const answer = await fetch(`${url}/portal/`)
    assert.equal(answer.status, 404)
    assert.match(await answer.text(), /The portal is not built\. Run \\"npm ci\\"/)
    assert.equal((await api.get('/v3/secrets')).status, 200)
  })
})
