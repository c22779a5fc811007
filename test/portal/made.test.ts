/** Who made what, at the portal: shown beside a key, and ended with its maker or not, as one chooses. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Api } from '../support/api.ts'
import { owner, portalEngines, startPortal, violations } from './portal.ts'

const all = ['secrets:list', 'secrets:read', 'keys:manage', 'account:manage']

for (const engine of portalEngines) {
  suite(`${engine.name}: what somebody made, at the portal`, { skip: engine.skip }, () => {
    test('is shown with its maker, and goes on or ends with them', async (t) => {
      const portal = await startPortal(t, engine)
      const { api, url } = portal.server
      const make = async (by: Api, name: string) =>
        new Api(url, (await by.post('/v3/keys', { name, scopes: all })).body.api_key)
      for (const name of ['kept', 'ended']) {
        const maker = await make(api, `deploy-${name}`)
        await make(maker, `child-${name}`)
        await maker.post('/v3/machines', { name: `web-${name}`, addresses: [`10.0.0.${name.length}`] })
      }
      const page = await portal.openAs(owner, '/portal/keys')
      await page.getByText('with the key deploy-kept').waitFor()

      for (const [name, ends] of [
        ['kept', false],
        ['ended', true],
      ] as const) {
        await page.getByRole('button', { name: `Revoke deploy-${name}` }).click()
        const dialog = page.getByRole('alertdialog')
        await dialog.getByText(`1 API key: child-${name}`).waitFor()
        await dialog.getByText(`1 machine: web-${name}`).waitFor()
        assert.deepEqual(await violations(page), [])
        if (process.env['PICTURES'] !== undefined)
          await page.screenshot({ path: `${process.env['PICTURES']}/revoke-${name}.png` })
        if (ends) await dialog.getByText('Revoke and delete these too').click()
        await dialog.getByRole('button', { name: 'Revoke', exact: true }).click()
        await page.getByText(`deploy-${name} revoked`).waitFor()
      }

      await page.getByText(/with the key deploy-kept \(id \d+, revoked\)/).waitFor()
      await page.getByText('child-ended', { exact: true }).waitFor({ state: 'detached' })
      const machines = (await api.get('/v3/machines')).body.machines.map(({ name }: { name: string }) => name)
      assert.deepEqual(machines, ['web-kept'])
    })

    test('ends with a user who is deleted, when that is chosen', async (t) => {
      const portal = await startPortal(t, engine)
      const { api } = portal.server
      const page = await portal.openAs(owner, '/portal/users')
      const link = (await api.post('/v3/users', { email: 'mary@example.com', role: 'admin' })).body.invitation_url
      const other = await portal.open()
      await other.goto(link.replace(/^https?:\/\/[^/]+/, portal.server.url))
      await other.getByLabel('Your name').fill('Mary')
      await other.getByLabel('Password').fill('velvet-compass-harbour-plume')
      await other.getByRole('button', { name: 'Create account' }).click()
      await other.locator('nav[aria-label="Pages"]').waitFor()
      await other.goto(`${portal.server.url}/portal/keys`)
      await other.getByRole('button', { name: 'New key' }).first().click()
      await other.getByRole('textbox', { name: 'Name', exact: true }).fill('marys-job')
      await other.getByRole('button', { name: 'Create key' }).click()
      await other.getByRole('button', { name: 'I’ve saved it' }).click()

      await page.reload()
      await page.getByRole('button', { name: 'Actions for mary@example.com' }).click()
      await page.getByRole('menuitem', { name: 'Delete' }).click()
      await page.getByRole('alertdialog').getByText('1 API key: marys-job').waitFor()
      assert.deepEqual(await violations(page), [])
      await page.getByText('Revoke and delete these too').click()
      await page.getByRole('button', { name: 'Delete', exact: true }).click()
      await page.getByText('mary@example.com deleted, with what they created').waitFor()
      const { keys } = (await api.get('/v3/keys')).body
      const job = keys.find(({ name }: { name: string }) => name === 'marys-job')
      assert.deepEqual([job.created_by.kind, job.created_by.name], ['user', 'mary@example.com'])
      assert.notEqual(job.revoked_at, null)
    })
  })
}
