/** Nothing that is typed is lost, and going back leads to where one was. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Page } from 'playwright-core'
import { engines } from '../support/engines.ts'
import { makeSecrets } from '../support/fill.ts'
import { owner, startPortal, violations } from './portal.ts'

/** Whether the browser would ask before the window closes. */
const asksToClose = (page: Page) => page.evaluate(() => !dispatchEvent(new Event('beforeunload', { cancelable: true })))

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
      await asked.locator(':focus').waitFor()
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
      await page.getByRole('button', { name: 'Cancel' }).click()
      await asked.waitFor()
      await page.getByRole('button', { name: 'Keep editing' }).click()
      assert.equal(await field.inputValue(), 'typed')
      await asked.waitFor({ state: 'detached' })
      // A key goes to where the focus is.
      await page.getByRole('dialog').locator(':focus').waitFor()
      await page.keyboard.press('Escape')
      await page.getByRole('button', { name: 'Discard' }).click()
      await field.waitFor({ state: 'detached' })
      await change.and(page.locator(':focus')).waitFor()

      await change.click()
      await page.getByRole('button', { name: 'Cancel' }).click()
      await field.waitFor({ state: 'detached' })
      const name = page.getByLabel('Name', { exact: true })
      await page.getByRole('button', { name: 'Rename' }).click()
      await name.fill('db-password-2')
      await name.press('Escape')
      await asked.waitFor()
      await page.getByRole('button', { name: 'Discard' }).click()
      await name.waitFor({ state: 'detached' })
    })

    test('any other page, what was typed is asked for: in dialogs, by going back and by closing the window', async (t) => {
      const portal = await startPortal(t, engine)
      const page = await portal.openAs(owner, '/portal/settings')
      const asked = page.getByRole('alertdialog', { name: 'Discard changes?' })
      // What each form is opened by, and which field of it is typed in.
      const forms = [
        ['API keys', 'New key', 'Name'],
        ['Trust rules', 'New rule', 'Name'],
        ['Machines', 'New machine', 'Name'],
        ['Users', 'Invite user', 'Email'],
        ['Environments', 'New environment', 'Name'],
        ['Lists', 'New list', 'Name'],
        ['Cloud-init', 'New seed', 'Machine'],
      ] as const
      for (const [place, opens, label] of forms) {
        await page.getByRole('link', { name: place, exact: true }).click()
        await page.getByRole('button', { name: opens }).first().click()
        const field = page.getByRole('dialog').getByLabel(label, { exact: true })
        await field.fill('half-typed')

        await page.evaluate(() => history.back())
        await asked.waitFor()
        if (place === 'Users') assert.deepEqual(await violations(page), [])
        await page.getByRole('button', { name: 'Keep editing' }).click()
        await asked.waitFor({ state: 'detached' })
        assert.equal(await field.inputValue(), 'half-typed', place)
        assert.equal(await asksToClose(page), true, place)
        await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
        await asked.waitFor()
        await page.getByRole('button', { name: 'Discard' }).click()
        await field.waitFor({ state: 'detached' })
        assert.equal(await asksToClose(page), false, place)
      }
    })

    test('the settings, networks that were typed are asked for, and no more once they are saved', async (t) => {
      const portal = await startPortal(t, engine)
      const page = await portal.openAs(owner, '/portal/settings?tab=account')
      const asked = page.getByRole('alertdialog', { name: 'Discard changes?' })
      await page.getByLabel('Allowed networks (CIDR)').fill('127.0.0.0/8')

      await page.getByRole('link', { name: 'Lists' }).click()
      await asked.waitFor()
      await page.getByRole('button', { name: 'Keep editing' }).click()
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByText('Allowed networks saved').waitFor()

      await page.getByRole('link', { name: 'Lists' }).click()
      await page.getByRole('heading', { name: 'Lists', level: 1 }).waitFor()
    })

    test('the portal, a template is asked for, which stays from page to page', async (t) => {
      const portal = await startPortal(t, engine)
      await portal.server.api.post('/v3/environments', { name: 'prod' })
      const page = await portal.openAs(owner, '/portal/cloud-init')
      const asked = page.getByRole('alertdialog', { name: 'Discard changes?' })
      const template = page.getByRole('textbox', { name: 'Template' })
      await template.waitFor()
      assert.equal(await asksToClose(page), false)
      await template.fill('#cloud-config\nhostname: typed')

      await page.getByRole('link', { name: 'Lists' }).click()
      await page.getByRole('heading', { name: 'Lists', level: 1 }).waitFor()
      assert.equal(await asksToClose(page), true)
      const toProd = async () => {
        await page.getByRole('button', { name: /Environment$/ }).click()
        await page.getByRole('option', { name: 'prod' }).click()
        await asked.waitFor()
      }
      await toProd()
      await page.getByRole('button', { name: 'Keep editing' }).click()
      await page.getByRole('link', { name: 'Cloud-init' }).click()
      await template.getByText('hostname: typed').waitFor()
      await toProd()
      await page.getByRole('button', { name: 'Discard' }).click()
      await page.waitForURL('**/portal/@prod/cloud-init')
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

    test('a long page, one comes back to where it was left, and a new one begins at its top', async (t) => {
      const portal = await startPortal(t, engine)
      for (let at = 0; at < 15; at++) {
        await portal.server.api.post('/v3/keys', { name: `key-${at}`, scopes: ['secrets:read'] })
      }
      const page = await portal.openAs(owner, '/portal/keys', { viewport: { width: 1440, height: 600 } })
      const main = page.locator('main')
      const top = () => main.evaluate((element) => element.scrollTop)
      await page.getByText('key-14', { exact: true }).waitFor()
      await main.evaluate((element) => element.scrollTo(0, 500))
      await page.getByRole('link', { name: 'Users' }).click()
      await page.getByRole('heading', { name: 'Users', level: 1 }).waitFor()
      assert.equal(await top(), 0)

      await page.goBack()
      await page.getByText('key-14', { exact: true }).waitFor()
      await page.waitForFunction(() => document.querySelector('main')?.scrollTop === 500)
    })

    test('a server that is away is said in plain words, and asked again until it is back', async (t) => {
      const portal = await startPortal(t, engine, { mayLog: /Failed to load resource/ })
      await portal.server.api.post('/v3/secrets', { name: 'db-password', value: 'v' })
      const page = await portal.openAs(owner, '/portal/lists')
      await page.getByRole('link', { name: 'default' }).waitFor()
      await page.route('**/v3/**', (route) => route.abort('connectionrefused'))

      await page.getByRole('link', { name: 'Audit' }).click()
      await page.getByRole('heading', { name: 'Can’t reach the server' }).first().waitFor({ timeout: 60_000 })
      // It is back, and waits for its root key.
      await page.unrouteAll()
      const message = '2 of the 3 shares of its root key open it.'
      await page.route('**/v3/**', (route) =>
        route.fulfill({
          ...{ status: 503, contentType: 'application/problem+json' },
          json: { type: 'urn:strongroom:problem:sealed', code: 'sealed', message, request_id: 'req-1' },
        }),
      )
      await page.getByRole('heading', { name: 'The server is sealed' }).first().waitFor({ timeout: 60_000 })
      await page.getByText(message).first().waitFor()
      await page.unrouteAll()

      await page.getByRole('region', { name: 'Table of records' }).waitFor({ timeout: 60_000 })
      await page
        .getByRole('heading', { name: 'The server is sealed' })
        .first()
        .waitFor({ state: 'detached', timeout: 60_000 })
    })
  })
}
