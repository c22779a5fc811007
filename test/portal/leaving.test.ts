/** Nothing that is typed is lost, and going back leads to where one was. */
import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { engines } from '../support/engines.ts'
import { makeSecrets } from '../support/fill.ts'
import { closeBrowser, owner, startPortal, violations } from './portal.ts'

after(closeBrowser)

// What a page does with its own state does not depend on the store.
for (const engine of engines.slice(0, 1)) {
  suite(`${engine.name}: leaving`, { skip: engine.skip }, () => {
    test('a form that something was typed in asks first, by a link and by going back', async (t) => {
      const portal = await startPortal(t, engine)
      const page = await portal.openAs(owner)
      const asked = page.getByRole('alertdialog', { name: 'Discard changes?' })
      const name = page.getByLabel('Name', { exact: true })
      await page.getByRole('link', { name: 'New secret' }).click()
      await name.fill('half-typed')

      await page.getByRole('link', { name: 'Lists' }).click()
      await asked.waitFor()
      assert.deepEqual(await violations(page), [])
      await page.getByRole('button', { name: 'Keep editing' }).click()
      await asked.waitFor({ state: 'detached' })
      assert.equal(await name.inputValue(), 'half-typed')
      await page.evaluate(() => history.back())
      await asked.waitFor()
      await page.keyboard.press('Escape')
      await asked.waitFor({ state: 'detached' })
      assert.equal(await name.inputValue(), 'half-typed')
      assert.match(page.url(), /\/secrets\/new$/)
      await page.evaluate(() => history.back())
      await asked.waitFor()
      await page.getByRole('button', { name: 'Discard' }).click()
      await page.getByRole('heading', { name: 'Secrets', level: 1 }).waitFor()

      // What was saved is not asked for.
      await page.getByRole('link', { name: 'New secret' }).click()
      await name.fill('whole')
      await page.getByRole('textbox', { name: 'Value' }).fill('v')
      await page.getByRole('button', { name: 'Create secret' }).click()
      await page.getByRole('heading', { name: 'whole' }).waitFor()
      await page.getByRole('link', { name: 'Lists' }).click()
      await page.getByRole('heading', { name: 'Lists', level: 1 }).waitFor()
    })

    test('a dialog that something was typed in asks first, and none else', async (t) => {
      const portal = await startPortal(t, engine)
      await portal.server.api.post('/v3/secrets', { name: 'db-password', value: 'v' })
      const page = await portal.openAs(owner, '/portal/secrets/1')
      const asked = page.getByRole('alertdialog', { name: 'Discard changes?' })
      const change = page.getByRole('button', { name: 'New value' })
      const field = page.getByRole('textbox', { name: 'New value' })

      await change.click()
      await field.waitFor()
      await page.keyboard.press('Escape')
      await field.waitFor({ state: 'detached' })
      await change.click()
      await field.fill('typed')
      await page.keyboard.press('Escape')
      await asked.waitFor()
      assert.deepEqual(await violations(page), [])
      await page.keyboard.press('Enter')
      await asked.waitFor({ state: 'detached' })
      assert.equal(await field.inputValue(), 'typed')
      await page.keyboard.press('Escape')
      await page.getByRole('button', { name: 'Discard' }).click()
      await field.waitFor({ state: 'detached' })
      await change.and(page.locator(':focus')).waitFor()
    })

    test('the table, one comes back to its rows, its filter and its focus; a list is a step of its own', async (t) => {
      const portal = await startPortal(t, engine)
      const { api, vault } = portal.server
      await api.post('/v3/lists', { name: 'web' })
      const names = Array.from({ length: 300 }, (_, at) => `secret-${String(at).padStart(3, '0')}`)
      await makeSecrets(vault, names, () => 'v', 'web')
      await api.post('/v3/secrets', { name: 'other', value: 'v' })
      const page = await portal.openAs(owner)
      await page.getByText('301 secrets').waitFor()

      await page.locator('nav.views').getByRole('button', { name: /^web/ }).click()
      await page.getByText('300 of 301').waitFor()
      await page.locator('.grid-body').evaluate((body) => body.scrollTo(0, 200 * 44))
      await page.getByRole('link', { name: 'secret-205' }).click()
      await page.getByRole('heading', { name: 'secret-205' }).waitFor()
      await page.goBack()

      await page.getByRole('link', { name: 'secret-205' }).and(page.locator(':focus')).waitFor()
      assert.match(page.url(), /list=web/)
      const top = await page.locator('.grid-body').evaluate((body) => body.scrollTop)
      assert.ok(Math.abs(top - 200 * 44) < 44, String(top))
      await page.goBack()
      await page.getByText('301 secrets').waitFor()
      assert.doesNotMatch(page.url(), /list=/)
    })

    test('a server that is away is said in plain words, and asked again until it is back', async (t) => {
      const portal = await startPortal(t, engine, { mayLog: /Failed to load resource/ })
      await portal.server.api.post('/v3/secrets', { name: 'db-password', value: 'v' })
      const page = await portal.openAs(owner, '/portal/lists')
      await page.getByRole('link', { name: 'default' }).waitFor()
      await page.route('**/v3/**', (route) => route.abort('connectionrefused'))

      await page.getByRole('link', { name: 'Audit' }).click()
      await page.getByRole('heading', { name: 'Can’t reach the server' }).first().waitFor({ timeout: 60_000 })
      await page.unrouteAll()

      await page.getByRole('region', { name: 'Table of records' }).waitFor({ timeout: 60_000 })
      await page
        .getByRole('heading', { name: 'Can’t reach the server' })
        .first()
        .waitFor({ state: 'detached', timeout: 60_000 })
    })
  })
}
