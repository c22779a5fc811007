/** Webhooks, in a browser: made, with the secret shown once, tested, disabled, and deleted; their deliveries. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { owner, portalEngines, startPortal } from './portal.ts'

for (const engine of portalEngines) {
  suite(`${engine.name}: the portal`, { skip: engine.skip }, () => {
    test('makes a webhook, shows its secret once, tests it, and deletes it', async (t) => {
      const portal = await startPortal(t, engine)
      await portal.server.api.post('/v3/environments', { name: 'prod' })
      const page = await portal.openAs(owner, '/portal/webhooks')
      const webhooks = async () => (await portal.server.api.get('/v3/webhooks')).body.webhooks

      await page.getByRole('button', { name: 'New webhook' }).click()
      await page.getByRole('textbox', { name: 'URL' }).fill('https://10.0.0.7/hook')
      await page.getByRole('textbox', { name: 'Secret names' }).fill('prod-*')
      // One that is misspelt cannot be chosen.
      await page
        .getByRole('dialog')
        .getByRole('button', { name: /Environment$/ })
        .click()
      await page.getByRole('option', { name: 'prod' }).click()
      await page.getByRole('button', { name: 'Create webhook' }).click()
      await page.getByText(/^whsec_/).waitFor()
      await page.getByText('Nothing can be sent there now. 10.0.0.7 is not of the public internet').waitFor()
      await page.getByRole('button', { name: 'I’ve saved it' }).click()
      const [made] = await webhooks()
      assert.deepEqual(
        [made.actions, made.name, made.environment.name, made.enabled],
        [['secret.*'], 'prod-*', 'prod', true],
      )
      await page.locator('.tag.ok').getByText('Enabled', { exact: true }).waitFor()

      // Each says which webhook it is of, as there may be many.
      for (const verb of ['Deliveries to', 'Rotate the secret for', 'Disable', 'Delete']) {
        await page.getByRole('button', { name: `${verb} ${made.url}`, exact: true }).waitFor()
      }
      await page.getByRole('button', { name: 'Test' }).click()
      await page.getByText(/^webhook\.test #\d+$/).waitFor()
      await page.getByText('Waiting', { exact: true }).waitFor()
      // Why it does not arrive, in words, and when it is tried again.
      await page.route(/\/deliveries\?/, async (route) => {
        const response = await route.fetch()
        const body = await response.json()
        const next = new Date(Date.now() + 125_000).toISOString()
        const failing = { fault: 'unresolved', attempts: 3, attempted_at: next, next_attempt_at: next }
        body.deliveries = body.deliveries.map((delivery: object) => ({ ...delivery, ...failing }))
        await route.fulfill({ response, json: body })
      })
      await page.getByText('The host name was not found · next attempt in 2 minutes').waitFor()
      await page.unrouteAll()
      await page.getByRole('button', { name: 'Close', exact: true }).last().click()
      await page.getByRole('button', { name: 'Disable' }).click()
      await page.getByText('Disabled', { exact: true }).waitFor()
      await page.getByRole('button', { name: 'Delete https://10.0.0.7/hook' }).click()
      await page.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click()
      await page.getByText('No webhooks yet').waitFor()
      assert.deepEqual(await webhooks(), [])
    })
  })
}
