/** Making a template in the portal, seeing what becomes of it, and changing what is kept. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { owner, portalEngines, startPortal, violations } from './portal.ts'

for (const engine of portalEngines) {
  suite(`${engine.name}: a template in the portal`, { skip: engine.skip }, () => {
    test('is made with its folders, shown as it is read and as it is kept, and changed as it is kept', async (t) => {
      const portal = await startPortal(t, engine)
      const { api } = portal.server
      const pictures = process.env['PICTURES']
      await api.post('/v3/secrets', { name: 'db/password', value: 'p4ss' })
      await api.post('/v3/secrets', { name: 'db/host', value: '10.0.0.5' })
      const stored = `app:\${{secret.db/password}}@\${{secret.db/host}}`
      const page = await portal.openAs(owner, '/portal/secrets/new')

      await page.getByLabel('Name').fill('db/url')
      await page.getByLabel('Value', { exact: true }).fill(stored)
      await page.getByRole('button', { name: /Type$/ }).click()
      await page.getByRole('option', { name: /Template/ }).click()
      assert.deepEqual(await violations(page), [])
      if (pictures !== undefined) await page.screenshot({ path: `${pictures}/new.png` })
      await page.getByRole('button', { name: 'Create secret' }).click()
      await page.getByText('db/url created').waitFor()

      const shown = page.locator('[data-value]')
      await page.getByRole('button', { name: 'Reveal', exact: true }).click()
      await shown.getByText('app:p4ss@10.0.0.5').waitFor()
      await page.getByRole('button', { name: 'Hide', exact: true }).click()
      await page.getByRole('button', { name: 'Show template' }).click()
      await shown.getByText(stored).waitFor()
      assert.deepEqual(await violations(page), [])
      if (pictures !== undefined) await page.screenshot({ path: `${pictures}/shown.png` })
      await page.getByText('Template', { exact: true }).waitFor()

      await page.getByRole('button', { name: 'New value' }).click()
      await page.getByRole('button', { name: /Start from current value/ }).click()
      await page.waitForFunction(
        (text) => document.querySelector<HTMLTextAreaElement>('[role=dialog] textarea')?.value === text,
        stored,
      )
      await page.getByLabel('New value').last().fill(`${stored}/app`)
      await page.getByRole('button', { name: 'Save new value' }).click()
      await page.getByText('db/url has a new value').waitFor()
      assert.equal((await api.get('/v3/secrets/by-name/db%2Furl')).body.value, 'app:p4ss@10.0.0.5/app')

      await page.goto('/portal/secrets?type=template')
      await page.getByRole('link', { name: 'db/url' }).waitFor()
      assert.equal(await page.getByRole('link', { name: 'db/host' }).count(), 0)
      if (pictures !== undefined) await page.screenshot({ path: `${pictures}/list.png` })
    })
  })
}
