/** The audit page: what it is filtered by, and that its plot is of everything that fits. */
import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { outcomes } from '../../src/audit/record.ts'
import { archive, filesIn, newArchive, ticking } from '../support/archive.ts'
import { engines } from '../support/engines.ts'
import { Person } from '../support/person.ts'
import { owner, startPortal, violations } from './portal.ts'

const hourMs = 3_600_000

for (const engine of engines.slice(0, 1)) {
  suite(`${engine.name}: the audit page`, { skip: engine.skip }, () => {
    test('goes back into the archive, and says which records of it are not listed, and why', async (t) => {
      const { path, files } = newArchive()
      const portal = await startPortal(t, engine, { now: ticking(), auditArchive: path })
      const { api, vault } = portal.server
      await api.post('/v3/secrets', { name: 'db-password', value: 'v' })
      await archive(vault, files)
      await api.get('/v3/secrets/1')
      await archive(vault, files)
      const page = await portal.openAs(owner, '/portal/audit?secret=db-password&action=secret.create')
      const rows = page.getByRole('region', { name: 'Table of records' }).locator('tbody tr')
      await rows.filter({ hasText: 'db-password' }).waitFor()
      assert.equal(await page.getByText(/are not listed here/).count(), 0)

      const [older = '', newer = ''] = filesIn(path)
      writeFileSync(join(path, '1', newer), '')
      rmSync(join(path, '1', older))
      await page.reload()
      await page
        .getByRole('alert')
        .getByText(/^Archived records .* are not listed here. .* is not the one that was archived/)
        .waitFor()
      await page.getByText('Older records have not been searched yet.').waitFor()
      await page.getByRole('button', { name: 'Older records' }).click()
      await page.getByText(/^Archived records 1 to .* are not listed here. .* is not in the archive/).waitFor()
      assert.deepEqual(await violations(page), [])
    })

    test('plots all that fits the filter, whichever records are loaded', async (t) => {
      const clock = { now: Date.UTC(2026, 0, 14, 10, 30) }
      const portal = await startPortal(t, engine, { now: () => clock.now })
      const { api } = portal.server
      await api.post('/v3/secrets', { name: 'db-password', value: 'v' })
      clock.now += hourMs
      await Promise.all(Array.from({ length: 250 }, () => api.get('/v3/secrets/1')))
      clock.now += 5 * hourMs
      await api.get('/v3/secrets/9')
      await new Person(portal.server.url).signIn(owner.email, 'a wrong guess')
      const page = await portal.openAs(owner, '/portal/audit?action=secret.read', { timezoneId: 'Europe/Vienna' })
      const rows = page.getByRole('region', { name: 'Table of records' }).locator('tbody tr')
      const plot = page.locator('[aria-label=Activity][aria-busy=false] table')

      await rows.first().waitFor()
      assert.equal(await rows.count(), 200)
      assert.equal(await sumOf(plot), 251)
      assert.deepEqual(await violations(page), [])
      // The chart has its axes, and says what they count; the same is a table for everybody.
      await page.getByText(/^Records per 7 minutes, /).waitFor()
      assert.deepEqual(await page.locator('.plot-y span').allTextContents(), ['0', '200', '400'])
      await page.getByText('Show as table').click()
      await page.getByRole('region', { name: 'Table of the chart' }).getByRole('cell', { name: '250' }).waitFor()
      assert.deepEqual(await violations(page), [])

      // From and to, in the time of the browser, one hour ahead of UTC.
      await page.getByLabel('From', { exact: true }).fill('2026-01-14T12:00')
      await page.getByLabel('To', { exact: true }).fill('2026-01-14T13:00')
      await page.getByLabel('To', { exact: true }).press('Enter')
      await page.waitForURL(/from=2026-01-14T11%3A00%3A00Z&to=2026-01-14T12%3A00%3A00Z/)
      await rows.first().waitFor()
      await page.getByRole('button', { name: 'Older records' }).click()
      await rows.nth(249).waitFor()
      assert.equal(await rows.count(), 250)
      assert.equal(await sumOf(plot), 250)
      await page.reload()
      await rows.first().waitFor()
      assert.equal(await page.getByLabel('From', { exact: true }).inputValue(), '2026-01-14T12:00')
      assert.equal(await page.getByLabel('To', { exact: true }).inputValue(), '2026-01-14T13:00')
      await page.getByLabel('To', { exact: true }).fill('2026-01-14T11:00')
      await page.getByText('Must be after “From”.').waitFor()

      await page.getByRole('button', { name: /Time$/ }).click()
      await page.getByRole('option', { name: 'Any time' }).click()
      await page.waitForURL((url) => !url.searchParams.has('from') && !url.searchParams.has('to'))
      await page.getByRole('button', { name: /Action$/ }).click()
      await page.getByRole('option', { name: 'Any action' }).click()
      await page.getByRole('button', { name: /Outcome$/ }).click()
      const offered = await page.getByRole('option').allTextContents()
      assert.deepEqual(offered.length, outcomes.length + 1)
      await page.getByRole('option', { name: 'Invalid credentials' }).click()
      await page.getByRole('cell', { name: /^Signed in/ }).waitFor()
      assert.equal(await rows.count(), 1)
      assert.equal(await sumOf(plot), 1)
    })

    test('says what happened in words, shows a record whole, and finds the reads of people', async (t) => {
      const portal = await startPortal(t, engine)
      const { api } = portal.server
      await api.post('/v3/secrets', { name: 'db-password', value: 'v' })
      await api.get('/v3/secrets/1')
      const page = await portal.openAs(owner, '/portal/secrets/1')
      await page.getByRole('button', { name: 'Reveal' }).click()
      await page.getByRole('region', { name: 'Revealed value' }).waitFor()
      await page.goto('/portal/audit')
      const table = page.getByRole('region', { name: 'Table of records' })
      const read = table.getByRole('row', { name: /Read secret db-password/ })

      await read.first().waitFor()
      assert.equal(await read.count(), 2)
      // Nothing of what opening pages leaves in the trail.
      assert.equal(await table.getByText(/^Viewed|^Listed/).count(), 0)
      await page.getByRole('button', { name: 'Reads by people' }).click()
      await page.waitForURL(/kind=user/)
      await read.and(page.getByRole('row', { name: /ada@example.com/ })).waitFor()
      await read.nth(1).waitFor({ state: 'detached' })
      assert.equal(await table.locator('tbody tr').count(), 1)

      // On a phone, what happened is in sight without looking for it sideways.
      const size = page.viewportSize() ?? assert.fail()
      await page.setViewportSize({ width: 390, height: 844 })
      await read.and(page.getByRole('row', { name: /ada@example.com/ })).waitFor()
      const box = (await read.getByRole('link', { name: 'db-password' }).boundingBox()) ?? assert.fail()
      assert.ok(box.x + box.width <= 390)
      assert.deepEqual(await violations(page), [])
      await page.setViewportSize(size)

      const details = table.getByRole('button', { name: /^Details of record/ })
      await details.focus()
      await page.keyboard.press('Enter')
      const dialog = page.getByRole('dialog')
      await dialog.getByText('secret.read').waitFor()
      const { records } = (await api.get('/v3/audit?kind=user&action=secret.read')).body
      await dialog.getByText(records[0].request_id).waitFor()
      assert.deepEqual(await violations(page), [])
      await page.keyboard.press('Escape')
      await details.and(page.locator(':focus')).waitFor()
      await page.keyboard.press('Enter')
      await dialog.getByRole('link', { name: 'db-password' }).click()
      await page.waitForURL(/\/portal\/secrets\/1$/)
    })
  })
}

/** Of all cells of a table. */
async function sumOf(table: ReturnType<import('playwright-core').Page['locator']>): Promise<number> {
  await table.locator('td').first().waitFor({ state: 'attached' })
  const texts = await table.locator('td').allTextContents()
  return texts.reduce((sum, text) => sum + Number(text.replaceAll(',', '')), 0)
}
