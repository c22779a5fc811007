/** What was handed out, in a browser: who holds what, what a change makes stale, seeds, the trail verified, keys rotated. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { query } from '../support/database.ts'
import { owner, type Portal, placesOf, portalEngines, reader, startPortal, violations } from './portal.ts'

const referenceTo = (name: string) => ['$', `{{secret.${name}}}`].join('')

/** Two targets hold `db-password`, of which `web-1` holds an old version. */
async function deploy({ server: { api } }: Portal): Promise<void> {
  for (const name of ['db-password', 'api-token']) await api.post('/v3/secrets', { name, value: 'one' })
  await api.post('/v3/render', { template: referenceTo('db-password'), target: 'web-1' })
  await api.put('/v3/secrets/1', { value: 'two' })
  await api.post('/v3/render', { template: referenceTo('db-password') + referenceTo('api-token'), target: 'web-2' })
}

for (const engine of portalEngines) {
  suite(`${engine.name}: the portal`, { skip: engine.skip }, () => {
    test('shows who holds what, stale ones first, finds targets by secret, and forgets one', async (t) => {
      const portal = await startPortal(t, engine)
      await deploy(portal)
      const page = await portal.openAs(owner, '/portal/deployments')

      const items = page.getByRole('region', { name: 'Targets' }).locator('.items > li')
      await items.first().waitFor()
      assert.deepEqual(await items.locator('strong').allTextContents(), ['web-1', 'web-2'])
      await items.first().getByText('1 of 1 out of date').waitFor()
      await page.getByRole('button', { name: 'Copy stale targets' }).click()
      await page.getByText('1 target copied').waitFor()
      await page.getByLabel('Search targets and secrets').fill('api-tok')
      await page.getByText('1 of 2 targets', { exact: true }).waitFor()
      assert.deepEqual(await items.locator('strong').allTextContents(), ['web-2'])
      assert.match(page.url(), /q=api-tok/)
      await page.goto('/portal/deployments?state=stale')
      await page.getByText('1 of 2 targets', { exact: true }).waitFor()
      await page.getByRole('button', { name: 'Remove web-1' }).click()
      await page.getByRole('alertdialog').getByRole('button', { name: 'Remove' }).click()
      await page.getByText('web-1 removed').waitFor()
      const { body } = await portal.server.api.get('/v3/deployments')
      assert.deepEqual(
        body.deployments.map(({ target }: { target: string }) => target),
        ['web-2'],
      )
    })

    test('shows what would be stale before a new value is saved, before a restore and before a deletion', async (t) => {
      const portal = await startPortal(t, engine)
      await deploy(portal)
      const page = await portal.openAs(owner, '/portal/secrets/1')

      const holders = page.getByRole('region', { name: 'Deployed to', exact: true })
      await holders.getByText('1 target out of date').waitFor()
      const ahead = /1 target becomes stale: web-2\. 1 is already stale\./
      await page.getByRole('button', { name: 'New value' }).click()
      await page.getByRole('dialog').getByText(ahead).waitFor()
      assert.equal((await portal.server.api.get('/v3/secrets/1')).body.value, 'two')
      await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
      await page.getByRole('button', { name: 'Restore' }).click()
      await page.getByRole('dialog').getByText(ahead).waitFor()
      await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
      await page.getByRole('button', { name: 'Delete secret' }).click()
      await page.getByRole('alertdialog').getByText(ahead).waitFor()
      await page.getByRole('alertdialog').getByRole('button', { name: 'Cancel' }).click()

      await page.getByRole('button', { name: 'New value' }).click()
      await page.getByRole('textbox', { name: 'New value' }).fill('three')
      await page.getByRole('button', { name: 'Save new value' }).click()
      await holders.getByText('2 targets out of date').waitFor()
    })

    test('shows what would be stale before a list is deleted', async (t) => {
      const portal = await startPortal(t, engine)
      const { api } = portal.server
      await deploy(portal)
      await api.post('/v3/lists', { name: 'Web' })
      await api.post('/v3/secrets', { name: 'alone', value: 'one', list: 'Web' })
      const page = await portal.openAs(owner, '/portal/lists')
      const dialog = page.getByRole('alertdialog')

      await page.getByRole('button', { name: 'Delete Web' }).click()
      await dialog.getByText('Not deployed to any known target, so nothing becomes stale.').waitFor()
      await dialog.getByRole('button', { name: 'Cancel' }).click()
      await page.getByRole('button', { name: 'Delete default' }).click()
      await dialog.getByText(/1 target becomes stale: web-2\. 1 is already stale\./).waitFor()
      await dialog.getByLabel('Type its name to confirm').fill('default')
      await dialog.getByRole('button', { name: 'Delete permanently' }).click()
      await page.getByText('default deleted').waitFor()

      const { body } = await api.get('/v3/deployments?stale=true')
      assert.equal(body.deployments.length, 2)
    })

    test('finds the secrets that a target holds in an old version, by address too', async (t) => {
      const portal = await startPortal(t, engine)
      const { api } = portal.server
      await deploy(portal)
      const page = await portal.openAs(owner)
      const names = page.getByRole('grid').locator('[data-row] a')

      await page.getByRole('button', { name: 'Outdated deployments 1' }).click()
      await page.getByText('1 of 2', { exact: true }).waitFor()
      assert.deepEqual(await names.allTextContents(), ['db-password'])
      assert.equal(new URL(page.url()).search, '?state=held-old')
      await api.put('/v3/secrets/2', { value: 'two' })
      await page.reload()
      await page.getByRole('heading', { name: 'Outdated deployments', level: 1 }).waitFor()
      await page.getByText('2 secrets', { exact: true }).waitFor()
      assert.deepEqual(await names.allTextContents(), ['api-token', 'db-password'])
      for (const target of ['web-1', 'web-2']) {
        await api.post('/v3/render', { template: referenceTo('db-password') + referenceTo('api-token'), target })
      }
      await page.reload()
      await page.getByRole('heading', { name: 'No results' }).waitFor()
    })

    test('refuses a seed that could not be rendered, until one insists', async (t) => {
      const portal = await startPortal(t, engine)
      await portal.server.api.post('/v3/secrets', { name: 'db-password', value: 'planted-value\nx: y' })
      const page = await portal.openAs(owner, '/portal/cloud-init')
      const dialog = page.getByRole('dialog', { name: 'New seed' })
      const submit = dialog.getByRole('button', { name: 'Create seed' })

      await page.getByRole('button', { name: 'New seed' }).click()
      await dialog.getByLabel('Machine').fill('web-1')
      await dialog.getByText('Other documents').click()
      await dialog.getByLabel('Vendor-data').fill(`#cloud-config\npassword: ${referenceTo('db-password')}\n`)
      await submit.click()
      await dialog.getByText('vendor_data: line 2').waitFor()
      assert.deepEqual(await violations(page), [])
      assert.ok(!(await page.content()).includes('planted-value'))
      await dialog.getByText('Check that it renders now').click()
      await submit.click()
      await page.getByRole('dialog', { name: 'Seed URL' }).waitFor()
    })

    test('makes a seed whose URL is shown once, lists it, and revokes it', async (t) => {
      const portal = await startPortal(t, engine)
      await portal.server.api.post('/v3/secrets', { name: 'db-password', value: 'planted-value' })
      const page = await portal.openAs(owner, '/portal/cloud-init')

      await page.getByRole('button', { name: 'New seed' }).click()
      await page.getByLabel('Machine').last().fill('web-1')
      await page.getByRole('button', { name: 'Create seed' }).click()
      const dialog = page.getByRole('dialog', { name: 'Seed URL' })
      const url = (await dialog.locator('code').first().textContent()) ?? ''
      assert.match(url, /\/seed\/[\w-]+\/$/)
      assert.equal(await dialog.locator('code').nth(1).textContent(), `ds=nocloud;s=${url}`)
      assert.deepEqual(await violations(page), [])
      await dialog.getByRole('button', { name: 'Done' }).click()
      await dialog.waitFor({ state: 'detached' })
      assert.deepEqual(await placesOf(page, url), [])
      await page.getByRole('link', { name: 'Seeds' }).click()
      await page.getByText('Not fetched yet').waitFor()

      assert.equal((await fetch(`${url}meta-data`)).status, 200)
      assert.match(await (await fetch(`${url}user-data`)).text(), /planted-value/)
      await page.reload()
      await page.getByText('User-data fetched 1 of 1 time').waitFor()
      await page.getByText('used', { exact: true }).waitFor()
      await page.goto('/portal/deployments')
      await page.getByText('by web-1 (seed)').waitFor()
      await page.goto('/portal/cloud-init?tab=seeds')
      assert.equal(await page.getByText('fetched again').count(), 0)
      assert.equal((await fetch(`${url}user-data`)).status, 200)
      await page.reload()
      await page.getByText('fetched again').waitFor()
      await page.getByRole('button', { name: 'Remove the seed for web-1' }).click()
      await page.getByText('would treat its next boot as its first').waitFor()
      await page.getByRole('button', { name: 'Remove', exact: true }).click()
      await page.getByRole('heading', { name: 'No seeds yet' }).waitFor()
    })

    test('verifies the trail with one click, and shows where it breaks', async (t) => {
      const portal = await startPortal(t, engine)
      await deploy(portal)
      const page = await portal.openAs(owner, '/portal/audit')

      await page.getByRole('button', { name: 'Verify' }).click()
      const dialog = page.getByRole('dialog', { name: 'Verify audit log' })
      await dialog.getByText(/^Verified \d+ records\./).waitFor()
      const kept = (await dialog.locator('code').textContent()) ?? ''
      assert.deepEqual(await violations(page), [])
      await dialog.getByText('Compare with a saved checkpoint').click()
      await dialog.getByLabel('Checkpoint').fill(kept)
      await dialog.getByRole('button', { name: 'Verify from there' }).click()
      await dialog.getByText(/matches your checkpoint/).waitFor()
      await dialog.getByText('Compare with a saved checkpoint').click()
      await dialog.getByLabel('Checkpoint').fill(kept.replace(/.$/, (char) => (char === '0' ? '1' : '0')))
      await dialog.getByRole('button', { name: 'Verify from there' }).click()
      await dialog.getByText(/not the one that was asked about/).waitFor()
      await dialog.getByRole('button', { name: 'Close' }).click()

      await query(portal.server.place, `update audit set outcome = 'forbidden' where seq = 4`)
      await page.getByRole('button', { name: 'Verify' }).click()
      await dialog.getByText('Record 4 failed verification.').waitFor()
      await dialog.getByRole('button', { name: 'Close' }).click()
      assert.equal(await page.locator('tr.broken').count(), 1)
    })

    test('shows the limits, and rotates the key of the account after asking for the password', async (t) => {
      const portal = await startPortal(t, engine)
      await deploy(portal)
      const page = await portal.openAs(owner, '/portal/settings?tab=account')
      portal.wait(16)

      const limits = page.getByRole('region', { name: 'Limits' })
      await limits.getByText('64 KiB').waitFor()
      await page.getByRole('button', { name: 'Rotate account key' }).click()
      assert.deepEqual(await violations(page), [])
      await page.getByRole('button', { name: 'Rotate', exact: true }).click()
      const confirm = page.getByRole('dialog', { name: 'Confirm it’s you' })
      await confirm.getByLabel('Password').fill(owner.password)
      await confirm.getByRole('button', { name: 'Confirm' }).click()
      await page.getByText('All secrets now use version 2.').waitFor()
      await page.getByRole('button', { name: 'Close' }).click()
      await page.getByText('Version 2', { exact: true }).waitFor()
      assert.equal((await portal.server.api.get('/v3/secrets/1')).body.value, 'two')
    })

    test('shows a reader who holds what, and lets them forget, seed or verify nothing that they may not', async (t) => {
      const portal = await startPortal(t, engine)
      await deploy(portal)
      const page = await portal.openAs(reader, '/portal/deployments')

      await page.getByText('1 of 1 out of date').waitFor()
      assert.equal(await page.getByRole('button', { name: /^Remove/ }).count(), 0)
      const statuses = await page.evaluate(async () => {
        const headers = { 'strongroom-portal': '1', 'content-type': 'application/json' }
        const calls: readonly (readonly [string, string, string | undefined])[] = [
          ['DELETE', '/v3/deployments/1', undefined],
          ['POST', '/v3/audit/verify', '{}'],
          ['GET', '/v3/account', undefined],
          ['POST', '/v3/account/rotate-key', '{"version":2}'],
        ]
        const answers = calls.map(([method, path, body]) =>
          fetch(path, { method, headers, ...(body === undefined ? {} : { body }) }),
        )
        return (await Promise.all(answers)).map(({ status }) => status)
      })
      assert.deepEqual(statuses, [403, 403, 403, 403])
      await page.goto('/portal/settings?tab=account')
      await page.getByText('Your role').or(page.getByText('reader')).first().waitFor()
      assert.equal(await page.getByRole('button', { name: 'Rotate account key' }).count(), 0)
    })
  })
}
