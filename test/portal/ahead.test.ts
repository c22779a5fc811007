/** What a change would do, said before it is made: who would be refused, and what an environment would be again. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Api } from '../support/api.ts'
import { engines } from '../support/engines.ts'
import { owner, type Portal, settled, startPortal, violations } from './portal.ts'

const pictures = process.env['STRONGROOM_PICTURES']
const phone = { width: 390, height: 844 }

async function recordsOf({ server: { api } }: Portal, action: string): Promise<number> {
  return (await api.get(`/v3/audit?action=${action}`)).body.records.length
}

// What is tried and rolled back has its tests on every store.
for (const engine of engines.slice(0, 1)) {
  suite(`${engine.name}: the portal says before a change is made`, { skip: engine.skip }, () => {
    test('which requests of a key that is revoked, of a secret and of several that are deleted, would be refused', async (t) => {
      const portal = await startPortal(t, engine)
      const { api, url } = portal.server
      await api.post('/v3/secrets', { name: 'db-password', value: 'v' })
      const { body } = await api.post('/v3/keys', { name: 'checkout service', scopes: ['secrets:read'] })
      const key = new Api(url, body.api_key)
      for (const _ of [1, 2, 3]) assert.equal((await key.get('/v3/secrets/1')).status, 200)
      const page = await portal.openAs(owner, '/portal/keys')

      await page.getByRole('button', { name: 'Revoke checkout service' }).click()
      const dialog = page.getByRole('alertdialog')
      await dialog.getByText('In the last 7 days this key made 3 requests; all would be refused:').waitFor()
      assert.deepEqual(await dialog.getByRole('listitem').allTextContents(), [
        'Read secret db-password: 3 times, just now',
      ])
      assert.deepEqual(await violations(page), [])
      if (pictures !== undefined) await page.screenshot({ path: `${pictures}/revoke.png` })
      await page.keyboard.press('Escape')

      await page.goto('/portal/secrets/1')
      await page.getByRole('button', { name: 'Delete secret' }).click()
      await dialog.getByText('Read secret db-password by checkout service: 3 times').waitFor()
      if (pictures !== undefined) {
        await page.emulateMedia({ colorScheme: 'dark' })
        await page.setViewportSize(phone)
        await page.screenshot({ path: `${pictures}/delete-phone-dark.png` })
      }
      assert.deepEqual(await violations(page), [])

      const template = ['$', '{{secret.db-password}}'].join('')
      await api.post('/v3/secrets', { name: 'other', value: 'v' })
      await api.post('/v3/lists', { name: 'Web' })
      await api.post('/v3/secrets', { name: 'dsn', type: 'template', value: template, list: 'Web' })
      await page.goto('/portal/lists')
      await page.getByRole('button', { name: 'Delete default' }).click()
      await dialog.getByText('In the last 7 days these secrets were in').waitFor()
      assert.match(await dialog.innerText(), /Read secret db-password by checkout service: 3 times/)
      await dialog.getByText('1 template will no longer resolve: dsn.').waitFor()
      if (pictures !== undefined) await page.screenshot({ path: `${pictures}/delete-list-phone-dark.png` })
      assert.deepEqual(await violations(page), [])

      await page.setViewportSize({ width: 1440, height: 900 })
      await page.goto('/portal/secrets?q=o')
      await page.getByRole('checkbox', { name: 'Select all' }).click()
      await page.getByRole('button', { name: 'Delete', exact: true }).click()
      await dialog.getByText('Read secret db-password by checkout service: 3 times').waitFor()
    })

    test('and the button that was pressed while that came moves away under the pointer, but is pressed all the same', async (t) => {
      const portal = await startPortal(t, engine)
      const { api, url } = portal.server
      await api.post('/v3/secrets', { name: 'db-password', value: 'v' })
      const { body } = await api.post('/v3/keys', { name: 'checkout service', scopes: ['secrets:read'] })
      await new Api(url, body.api_key).get('/v3/secrets/1')
      const page = await portal.openAs(owner, '/portal/lists')
      const answered = Promise.withResolvers<void>()
      await page.route('**/v3/what-if', async (route) => {
        await answered.promise
        await route.continue()
      })
      await page.getByRole('button', { name: 'Delete default' }).click()
      const dialog = page.getByRole('alertdialog')
      await dialog.getByText('Checking the audit log…').waitFor()
      await dialog.getByText('Not deployed to any known target').waitFor()
      await dialog.getByLabel('Type its name to confirm').fill('default')
      const button = dialog.getByRole('button', { name: 'Delete permanently' })
      await button.hover()
      const before = await button.boundingBox()

      await page.mouse.down()
      answered.resolve()
      await dialog.getByText('Read secret db-password by checkout service').waitFor()
      const after = await button.boundingBox()
      assert.ok(before !== null && after !== null && after.y > before.y + before.height, 'It did not move away.')
      await page.mouse.up()

      await page.getByText('default deleted').waitFor()
      assert.equal((await api.get('/v3/secrets/1')).status, 404)
    })

    test('which requests a narrower role would refuse, once it is chosen, and saves without an answer too', async (t) => {
      const portal = await startPortal(t, engine)
      const { api } = portal.server
      const { body } = await api.get('/v3/users')
      const grace = body.users.find(({ email }: { email: string | null }) => email === 'grace@example.com')
      await api.post('/v3/secrets', { name: 'db-password', value: 'v' })
      const reading = await portal.openAs(
        { ...owner, email: grace.email, password: 'marble-thicket-sonnet-ferry' },
        '/portal/secrets/1',
      )
      await reading.getByRole('button', { name: 'Reveal' }).click()
      await reading.getByRole('button', { name: 'Hide' }).waitFor()
      const page = await portal.openAs(owner, '/portal/users')
      const edit = async () => {
        await page.getByRole('button', { name: 'Actions for grace@example.com' }).click()
        await page.getByRole('menuitem', { name: 'Edit access' }).click()
      }

      await edit()
      await settled(page)
      assert.equal(await recordsOf(portal, 'audit.what_if'), 0)
      await page.getByLabel('Limit to secrets').fill('web-*')
      const dialog = page.getByRole('dialog')
      await dialog.getByText('Read secret db-password: 1 time').waitFor()
      assert.equal(await recordsOf(portal, 'audit.what_if'), 1)
      assert.deepEqual(await violations(page), [])

      await page.route('**/v3/what-if', (route) => route.fulfill({ status: 403, body: '{}' }))
      await page.getByLabel('Limit to secrets').fill('api-*')
      await dialog.getByText('Couldn’t check the audit log').waitFor()
      await dialog.getByRole('button', { name: 'Save' }).click()
      await page.getByText('grace@example.com saved').waitFor()
    })

    test('what an environment was, and makes it so again at once', async (t) => {
      let ago = 180
      const portal = await startPortal(t, engine, { now: () => Date.now() - ago * 60_000 })
      const { api } = portal.server
      const prod = { 'strongroom-environment': 'prod' }
      await api.put('/v3/settings', { recovery_days: 7 })
      await api.post('/v3/environments', { name: 'prod' })
      await api.post('/v3/secrets', { name: 'changed', value: 'one' }, prod)
      await api.post('/v3/secrets', { name: 'deleted', value: 'v' }, prod)
      ago = 60
      await api.put('/v3/secrets/1', { value: 'two' }, prod)
      await api.delete('/v3/secrets/2', prod)
      await api.post('/v3/secrets', { name: 'created', value: 'v' }, prod)
      ago = 0
      const page = await portal.openAs(owner, '/portal/environments', { timezoneId: 'America/New_York' })

      await page.getByRole('button', { name: 'Roll back prod' }).press('Enter')
      const dialog = page.getByRole('dialog', { name: 'Roll back prod' })
      const local = await page.evaluate(() => {
        const date = new Date(Date.now() - 120 * 60_000)
        return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
      })
      assert.equal(await dialog.getByRole('button', { name: 'Roll back', exact: true }).isDisabled(), true)
      await dialog.getByLabel('Roll back to').fill(local)
      await dialog.getByLabel('Limit to secrets').fill('created')
      await dialog.getByText('Nothing to roll back.').waitFor()
      await dialog.getByLabel('Limit to secrets').fill('')
      await dialog.getByText('2 secrets will be rolled back.').waitFor()
      const rows = dialog.getByRole('region', { name: 'Table of what is rolled back' }).locator('tbody tr')
      assert.deepEqual((await rows.allTextContents()).sort(), [
        'changedValue restoredv2v1',
        'createdKept: created sincev1–',
        'deletedRestored: deleted sincev1v1',
      ])
      assert.deepEqual(await violations(page), [])
      if (pictures !== undefined) await page.screenshot({ path: `${pictures}/rollback.png` })
      await page.setViewportSize(phone)
      assert.deepEqual(await violations(page), [])
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth))
      if (pictures !== undefined) {
        await page.emulateMedia({ colorScheme: 'dark' })
        await page.screenshot({ path: `${pictures}/rollback-phone-dark.png` })
      }

      await dialog.getByText('Delete secrets created since').click()
      await dialog.getByRole('button', { name: 'Roll back 3 secrets' }).click()
      await page.getByText('3 secrets rolled back in prod').waitFor()
      const { body } = await api.get('/v3/secrets', prod)
      assert.deepEqual(body.secrets.map(({ name }: { name: string }) => name).sort(), ['changed', 'deleted'])
      assert.equal((await api.get('/v3/secrets/1', prod)).body.value, 'one')
      assert.equal(await recordsOf(portal, 'rollback'), 1)
    })
  })
}
