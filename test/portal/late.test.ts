/** Answers that come late: when whoever asked has gone elsewhere, has pressed again, is somebody else, or when what they are about has changed. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Page } from 'playwright-core'
import { owner, portalEngines, reader, settled, startPortal } from './portal.ts'

async function signOut(page: Page, { name }: typeof owner): Promise<void> {
  await page.getByRole('button', { name, exact: true }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
}

async function signIn(page: Page, { email, password }: typeof owner): Promise<void> {
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

const isIn = (page: Page, { name }: typeof owner) => page.getByRole('button', { name, exact: true }).waitFor()
const sessionEnded = (page: Page) => page.getByRole('dialog', { name: 'Your session ended' })

for (const engine of portalEngines) {
  suite(`${engine.name}: a late answer`, { skip: engine.skip }, () => {
    test('of who is signed in replaces no page that is open since', async (t) => {
      const portal = await startPortal(t, engine, { mayLog: /Failed to load resource/ })
      const page = await portal.openAs(owner, '/portal/lists')
      const late = Promise.withResolvers<void>()
      let asked = 0
      await page.route('**/v3/session', async (route) => {
        const which = ++asked
        if (which === 2) await late.promise
        await (which === 3 ? route.continue() : route.abort('connectionrefused'))
      })
      await page.reload()
      const again = page.getByRole('button', { name: 'Try again' })
      await again.click()
      await page.waitForRequest('**/v3/session')
      await page.getByRole('heading', { name: 'Lists', level: 1 }).waitFor()
      await page.getByRole('button', { name: 'New list' }).click()
      await page.getByRole('textbox', { name: 'Name' }).fill('typed')
      late.resolve()
      await settled(page)

      assert.equal(asked, 3)
      assert.equal(await page.getByRole('textbox', { name: 'Name' }).inputValue(), 'typed')
    })
  })

  suite(`${engine.name}: two tabs of one browser`, { skip: engine.skip }, () => {
    test('ask for nothing in the name of who signed in in the other one', async (t) => {
      const portal = await startPortal(t, engine)
      await portal.server.api.post('/v3/secrets', { name: 'db-password', value: 'planted' })
      const page = await portal.openAs(owner, '/portal/secrets/1')
      await page.getByRole('button', { name: 'New value' }).click()
      await page.getByRole('textbox', { name: 'New value' }).fill('for the eyes of one')
      const other = await page.context().newPage()
      await other.goto('/portal/lists')
      await isIn(other, owner)
      assert.equal(await sessionEnded(page).count(), 0)

      await signOut(other, owner)
      await sessionEnded(page).waitFor()
      assert.equal(await page.locator('textarea').inputValue(), '')
      await signIn(other, reader)
      await isIn(other, reader)
      await sessionEnded(page).getByLabel('Password').fill(owner.password)
      await sessionEnded(page).getByRole('button', { name: 'Sign in', exact: true }).click()
      await sessionEnded(page).waitFor({ state: 'detached' })
      await sessionEnded(other).waitFor()

      // Somebody who leaves here does not end the session of who is there.
      await sessionEnded(other).getByRole('button', { name: 'Sign out' }).click()
      await isIn(other, owner)
      assert.equal(await sessionEnded(page).count(), 0)
    })

    test('look again when they come out of the cache of the browser', async (t) => {
      const portal = await startPortal(t, engine)
      const page = await portal.openAs(owner, '/portal/lists')
      await settled(page)
      const comeBack = () =>
        page.evaluate(() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })))
      await comeBack()
      await settled(page)
      assert.equal(await sessionEnded(page).count(), 0)

      await page.context().clearCookies()
      await comeBack()
      await sessionEnded(page).waitFor()
    })
  })
}
