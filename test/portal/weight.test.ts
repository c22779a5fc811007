/** What a browser loads for a page: few files, small, compressed, from the server alone, and the big parts only where used. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Page } from 'playwright-core'
import { engines } from '../support/engines.ts'
import { owner, settled, startPortal } from './portal.ts'

const [sqlite] = engines
assert.ok(sqlite)

/** Of the scripts that a page loads, compressed. */
const maxScripts = 300_000
/** Before a person signs in, and so of the first paint: the page, its style and fonts too. */
const maxFirst = 400_000
const maxFirstFiles = 10

interface Loaded {
  readonly path: string
  readonly kind: string
  /** As it was sent. */
  readonly bytes: number
  readonly length: number
  readonly isBlocking: boolean
}

async function loadedBy(page: Page): Promise<readonly Loaded[]> {
  await settled(page)
  return page.evaluate(() =>
    performance
      .getEntriesByType('resource')
      .concat(performance.getEntriesByType('navigation'))
      .filter((entry) => entry instanceof PerformanceResourceTiming)
      .filter(({ name }) => name.includes('/portal/'))
      .map((entry) => ({
        path: new URL(entry.name).pathname,
        kind: /\.\w+$/.exec(new URL(entry.name).pathname)?.[0] ?? 'page',
        bytes: entry.encodedBodySize,
        length: entry.decodedBodySize,
        isBlocking: 'renderBlockingStatus' in entry && entry.renderBlockingStatus === 'blocking',
      })),
  )
}

const sum = (files: readonly Loaded[], kind?: string) =>
  files.filter((file) => kind === undefined || file.kind === kind).reduce((all, { bytes }) => all + bytes, 0)

suite('What the portal makes a browser load', () => {
  test('is little before the first paint, and waits for one style alone', async (t) => {
    const page = await (await startPortal(t, sqlite)).open()

    // As on a slow network, the script is on its way: what waits for it shows that it does.
    const { promise: come, resolve: send } = Promise.withResolvers<void>()
    await page.route('**/*.js', (route) => come.then(() => route.continue()))
    await page.goto('/portal/', { waitUntil: 'commit' })
    await page.locator('.skeleton').first().waitFor()
    await page.getByRole('status', { name: 'Loading' }).waitFor()
    send()
    await page.getByLabel('Email').waitFor()
    assert.equal(await page.locator('.skeleton').count(), 0)
    const files = await loadedBy(page)

    assert.ok(sum(files, '.js') < maxScripts, `${sum(files, '.js')} bytes of scripts`)
    assert.ok(sum(files) < maxFirst, `${sum(files)} bytes`)
    assert.ok(files.length <= maxFirstFiles, files.map(({ path }) => path).join(' '))
    assert.deepEqual(
      files.filter(({ isBlocking }) => isBlocking).map(({ kind }) => kind),
      ['.css'],
    )
    for (const { kind, path, bytes, length } of files) {
      if (['.js', '.css'].includes(kind)) assert.ok(bytes < length, `${path} is not compressed`)
    }
    assert.ok(!files.some(({ path }) => /editor|diff/.test(path)))
  })

  test('is less than 300 kB of scripts for every page, and the editor where one edits', async (t) => {
    const portal = await startPortal(t, sqlite)
    await portal.server.api.post('/v3/secrets', { name: 'db-password', value: 'v' })
    const page = await portal.openAs(owner)

    for (const path of [
      '',
      'secrets',
      'secrets/1',
      'deployments',
      'keys',
      'trust-rules',
      'users',
      'audit',
      'settings',
    ]) {
      await page.goto(`/portal/${path}`)
      await page.getByRole('heading', { level: 1 }).waitFor()
      const files = await loadedBy(page)
      const size = files.filter(({ kind }) => kind === '.js').reduce((all, { length }) => all + length, 0)
      assert.ok(size > 0 && sum(files, '.js') < maxScripts, `${path}: ${sum(files, '.js')} bytes`)
      assert.ok(!files.some(({ path: file }) => file.includes('editor')), path)
    }
    await page.goto('/portal/cloud-init')
    await page.getByRole('textbox', { name: 'Template' }).waitFor()
    assert.ok((await loadedBy(page)).some(({ path }) => path.includes('editor')))
  })
})
