/** The table of secrets asks the server for what is in sight, and finds, sorts and counts nothing by itself. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Page } from 'playwright-core'
import { engines } from '../support/engines.ts'
import { makeSecrets } from '../support/fill.ts'
import { Person } from '../support/person.ts'
import { owner, settled, startPortal, violations } from './portal.ts'

const many = 3000

function namesOf(count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => `secret-${String(at).padStart(4, '0')}`)
}

/** The questions that a page asks for rows. */
function watchRows(page: Page) {
  const asked: URLSearchParams[] = []
  page.on('request', (request) => {
    const { pathname, searchParams } = new URL(request.url())
    if (['/v3/metadata', '/v3/secrets'].includes(pathname)) asked.push(searchParams)
  })
  return {
    asked,
    /** How many rows may have come, at most. */
    rows: () => asked.reduce((sum, query) => sum + Number(query.get('limit') ?? Number.POSITIVE_INFINITY), 0),
  }
}

/** A row by its place, from 1, once it is there. */
async function rowAt(page: Page, place: number): Promise<string | null> {
  return page.locator(`[data-row][aria-rowindex="${place + 1}"] a`).textContent()
}

async function focusedAt(page: Page, name: string): Promise<void> {
  await page.getByRole('link', { name, exact: true }).and(page.locator(':focus')).waitFor()
}

// What the table asks for does not depend on the store; what is answered is tried on both (v3/listing.test.ts).
for (const engine of engines.slice(0, 1)) {
  suite(`${engine.name}: the table of many secrets`, { skip: engine.skip }, () => {
    test('has its first rows of a hundred, the middle and the end when they are come to, and goes by keys', async (t) => {
      const portal = await startPortal(t, engine)
      await makeSecrets(portal.server.vault, namesOf(many))
      const page = await portal.openAs(owner, '/portal/settings')
      const questions = watchRows(page)

      await page.goto('/portal/secrets')
      assert.equal(await rowAt(page, 1), 'secret-0000')
      assert.ok(questions.rows() <= 101, questions.asked.join('\n'))
      await page.locator(`[role=grid][aria-rowcount="${many + 1}"]`).waitFor()
      await page.getByText(`${many} secrets`).waitFor()
      await page.locator('.grid-body').evaluate((body) => body.scrollTo(0, body.scrollHeight / 2))
      assert.equal(await rowAt(page, 1505), 'secret-1504')
      assert.ok(questions.asked.some((query) => Number(query.get('offset')) > 1000))
      assert.deepEqual(await violations(page), [])

      await page.getByLabel('Search secrets').press('ArrowDown')
      await page.keyboard.press('End')
      await focusedAt(page, 'secret-2999')
      await page.keyboard.press('k')
      await focusedAt(page, 'secret-2998')
      await page.keyboard.press('Home')
      await focusedAt(page, 'secret-0000')
      await page.keyboard.press('j')
      await focusedAt(page, 'secret-0001')
      assert.ok(questions.rows() <= 1000, questions.asked.join('\n'))
    })

    test('keeps the focus in the place of a row that is on its way, and gives it to the row', async (t) => {
      const portal = await startPortal(t, engine)
      await makeSecrets(portal.server.vault, namesOf(400))
      const page = await portal.openAs(owner)
      await page.locator('[role=grid][aria-rowcount="401"]').waitFor()
      let goOn = () => {}
      const held = new Promise<void>((resolve) => {
        goOn = resolve
      })
      await page.route(/\/v3\/metadata\?.*(offset|cursor)=/, async (route) => {
        await held
        await route.continue()
      })

      await page.getByLabel('Search secrets').press('ArrowDown')
      await page.keyboard.press('End')
      await page.locator('[data-waiting="399"] :focus').waitFor()
      assert.deepEqual(await violations(page), [])
      await page.keyboard.press('k')
      await page.locator('[data-waiting="398"] :focus').waitFor()
      goOn()

      await focusedAt(page, 'secret-0398')
    })

    test('goes to the next row by a key that is pressed just as the table was drawn anew', async (t) => {
      const portal = await startPortal(t, engine)
      await makeSecrets(portal.server.vault, namesOf(10))
      const page = await portal.openAs(owner)
      await page.locator('[role=grid][aria-rowcount="11"]').waitFor()
      await page.getByLabel('Search secrets').press('ArrowDown')
      await page.keyboard.press('End')
      await focusedAt(page, 'secret-0009')
      // The columns change with the width, and the key comes before what React does once that is drawn.
      await page.getByRole('grid').evaluate((grid) => {
        const key = new KeyboardEvent('keydown', { key: 'k', bubbles: true, cancelable: true })
        const observer = new MutationObserver(() => {
          observer.disconnect()
          document.activeElement?.dispatchEvent(key)
        })
        observer.observe(grid, { subtree: true, childList: true })
      })

      await page.setViewportSize({ width: 900, height: 900 })

      await focusedAt(page, 'secret-0008')
    })

    test('finds what was never loaded, and is in order across all of them', async (t) => {
      const portal = await startPortal(t, engine)
      const { api } = portal.server
      await makeSecrets(portal.server.vault, namesOf(1200))
      const soon = `${new Date(Date.now() + 5 * 86_400_000).toISOString().slice(0, 19)}Z`
      await api.post('/v3/secrets', { name: 'zz-needle', value: 'v', expires_at: soon, description: 'of the web shop' })
      await api.put('/v3/secrets/700', { value: 'w' })
      const page = await portal.openAs(owner)
      const sort = (column: string) =>
        page.getByRole('columnheader', { name: column }).getByRole('button', { name: column }).click()
      const firstIs = (name: string) => page.locator('[data-row="0"] a', { hasText: name }).waitFor()
      await firstIs('secret-0000')

      await page.getByLabel('Search secrets').fill('web SHOP')
      await page.getByText('1 of 1201').waitFor()
      await firstIs('zz-needle')
      await page.getByLabel('Search secrets').fill('')
      await page.getByText('1201 secrets').waitFor()
      await sort('Name')
      await firstIs('zz-needle')
      await sort('Updated')
      await sort('Updated')
      await page.waitForURL(/sort=updated\.down/)
      await firstIs('secret-0699')
      await sort('Expires')
      await firstIs('zz-needle')
      await page.getByRole('button', { name: /^Expiring/ }).click()
      await page.getByText('1 of 1201').waitFor()
      await page.goto('/portal/secrets?list=no-such-list')
      await page.getByRole('heading', { name: 'No results' }).waitFor()
    })

    test('shows no answer to what was typed before over that to what was typed last', async (t) => {
      const portal = await startPortal(t, engine)
      await makeSecrets(portal.server.vault, ['apple', 'banana', 'cherry'])
      const page = await portal.openAs(owner)
      await page.getByRole('link', { name: 'cherry' }).waitFor()
      let goOn = () => {}
      const held = new Promise<void>((resolve) => {
        goOn = resolve
      })
      const isAsked = page.waitForRequest(/[?&]q=apple/)
      await page.route(/[?&]q=apple/, async (route) => {
        const answer = await route.fetch()
        await held
        // Who asked may have hung up.
        await route.fulfill({ response: answer }).catch(() => {})
      })

      await page.getByLabel('Search secrets').fill('apple')
      await isAsked
      await page.getByLabel('Search secrets').fill('banana')
      await page.getByText('1 of 3').waitFor()
      goOn()
      await settled(page)

      assert.deepEqual(await page.locator('[data-row] a').allTextContents(), ['banana'])
    })

    test('is as the secrets are after a change, in every window, and counts them anew', async (t) => {
      const portal = await startPortal(t, engine)
      await makeSecrets(portal.server.vault, namesOf(150))
      const page = await portal.openAs(owner)
      await page.getByText('150 secrets').waitFor()
      await page.locator('.grid-body').evaluate((body) => body.scrollTo(0, body.scrollHeight))
      await page.getByRole('link', { name: 'secret-0149' }).waitFor()

      await page.getByLabel('Search secrets').press('ArrowDown')
      await page.keyboard.press('Home')
      await focusedAt(page, 'secret-0000')
      await page.keyboard.press('Enter')
      await page.getByRole('button', { name: 'Delete secret' }).click()
      await page.getByLabel('Type its name to confirm').fill('secret-0000')
      await page.getByRole('button', { name: 'Delete permanently' }).click()
      await page.getByText('149 secrets').waitFor()

      await page.locator('[data-row="0"] a', { hasText: 'secret-0001' }).waitFor()
      await page.locator('.grid-body').evaluate((body) => body.scrollTo(0, body.scrollHeight))
      await page.locator('[data-row="148"] a', { hasText: 'secret-0149' }).waitFor()
      const shown = await page.locator('[data-row] a').allTextContents()
      assert.equal(new Set(shown).size, shown.length)
      await page.locator('nav.views').getByRole('button', { name: 'All secrets 149' }).waitFor()
    })

    test('says that rows could not be loaded, and tries again', async (t) => {
      const portal = await startPortal(t, engine)
      await makeSecrets(portal.server.vault, namesOf(400))
      const page = await portal.openAs(owner)
      await page.locator('[role=grid][aria-rowcount="401"]').waitFor()
      await page.route(/\/v3\/metadata\?.*offset=/, (route) =>
        route.fulfill({ status: 400, json: { code: 'invalid', detail: 'Not now.' } }),
      )

      await page.locator('.grid-body').evaluate((body) => body.scrollTo(0, body.scrollHeight))
      await page.getByText('Some rows couldn’t be loaded').waitFor()
      assert.deepEqual(await violations(page), [])
      await page.unrouteAll()
      await page.getByRole('button', { name: 'Try again' }).click()

      await page.getByRole('link', { name: 'secret-0399' }).waitFor()
      assert.equal(await page.getByText('Some rows couldn’t be loaded').count(), 0)
    })

    test('asks for no row on behalf of somebody who may see none', async (t) => {
      const portal = await startPortal(t, engine)
      const { api, url } = portal.server
      await makeSecrets(portal.server.vault, ['db-password'])
      const noor = { email: 'noor@example.com', name: 'Noor', password: 'saddle-prism-walnut-anchor' }
      const { body } = await api.post('/v3/users', { email: noor.email, role: 'auditor' })
      await new Person(url).accept(body.invitation_url, noor)

      const page = await portal.openAs(noor)

      await page.getByRole('heading', { name: 'You don’t have permission to list secrets' }).waitFor()
      assert.equal(await page.getByText('db-password').count(), 0)
      await page.keyboard.press('Control+k')
      await page.keyboard.type('db-pass')
      await page.getByText('Nothing is called that.').waitFor()
    })
  })
}
