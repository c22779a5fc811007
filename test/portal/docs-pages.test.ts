/** The documents as the server shows them: each a page under the portal's policy, whose links lead somewhere. */
import assert from 'node:assert/strict'
import { globSync, mkdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { suite, test } from 'node:test'
import { helpFor } from '../../portal/src/frame/help.ts'
import { owner, portalEngines, startPortal, violations } from './portal.ts'

const root = join(import.meta.dirname, '..', '..')
const pictures = process.env['STRONGROOM_PICTURES']
const names = globSync('docs/*.md', { cwd: root }).map((path) => basename(path, '.md'))
const [engine] = portalEngines

suite('The documents, shown by the server', () => {
  test('are all there, without a sign-in, under a policy that lets nothing else in, and lead nowhere that is not', async (t) => {
    const { server } = await startPortal(t, engine ?? assert.fail())
    const texts = new Map<string, string>()
    for (const name of ['index', ...names]) {
      const { status, headers, text } = await server.api.get(`/portal/docs/${name}.html`, { authorization: '' })
      assert.equal(status, 200, name)
      assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'.*style-src 'self'/)
      assert.doesNotMatch(text, /<script|<img|<style| style=|<!--/, name)
      texts.set(`/portal/docs/${name}.html`, text)
    }
    assert.ok(names.length > 25)
    assert.match((await server.api.get('/portal/docs/')).text, /<h1>Docs<\/h1>/)
    assert.equal((await server.api.get('/portal/docs/nowhere.html')).status, 404)

    const broken = [...texts].flatMap(([path, text]) =>
      [...text.matchAll(/href="([^"]+)"/g)].flatMap(([, href = '']) => {
        const { origin, pathname, hash } = new URL(href, `http://here${path}`)
        if (origin !== 'http://here' || !pathname.startsWith('/portal/docs/') || pathname.endsWith('.css')) return []
        const target = texts.get(pathname)
        const isThere =
          target !== undefined && (hash === '' || target.includes(`id="${decodeURIComponent(hash.slice(1))}"`))
        return isThere ? [] : [`${path} ${href}`]
      }),
    )
    assert.deepEqual(broken, [])
    for (const place of [
      '/',
      '/secrets',
      '/lists',
      '/cloud-init',
      '/deployments',
      '/keys',
      '/device',
      '/trust-rules',
    ]) {
      assertThere(place)
    }
    for (const place of ['/machines', '/users', '/audit', '/settings', '/secrets/new', '/nowhere']) assertThere(place)
    for (const [place, file] of [
      ['/deleted', 'undo.html'],
      ['/webhooks', 'webhooks.html'],
    ] as const) {
      assertThere(place)
      assert.equal(helpFor(place), `/portal/docs/${file}`)
    }

    function assertThere(place: string): void {
      const [path = '', anchor] = helpFor(place).split('#')
      const text = texts.get(path) ?? assert.fail(place)
      assert.ok(anchor === undefined || text.includes(`id="${anchor}"`), place)
    }
  })

  test('have nothing that axe finds, light and wide, dark and narrow, and open from each page of the portal', async (t) => {
    const portal = await startPortal(t, engine ?? assert.fail())
    const found: string[] = []
    for (const [colorScheme, width] of [
      ['light', 1440],
      ['dark', 390],
    ] as const) {
      const page = await portal.open({ colorScheme, viewport: { width, height: 900 } })
      for (const name of ['index', 'cli', 'security', 'users']) {
        await page.goto(`/portal/docs/${name}.html`)
        found.push(...(await violations(page)).map((one) => `${name} ${one}`))
        const wide = await page.evaluate(() => document.documentElement.scrollWidth)
        if (wide > width) found.push(`${name} is ${wide} wide`)
        if (pictures === undefined) continue
        mkdirSync(pictures, { recursive: true })
        await page.screenshot({ path: `${pictures}/docs-${name}-${colorScheme}-${width}.png` })
      }
    }
    assert.deepEqual(found, [])

    const page = await portal.openAs(owner, '/portal/machines')
    const opening = page.waitForEvent('popup')
    await page.getByRole('link', { name: 'Docs for this page' }).click()
    const docs = await opening
    await docs.getByRole('heading', { level: 1, name: 'Machines without keys' }).waitFor()
    if (pictures !== undefined) await page.screenshot({ path: `${pictures}/frame-help.png` })
  })
})
