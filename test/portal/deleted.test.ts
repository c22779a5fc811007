/** What dialogs say of what is deleted: gone for good, or kept for a while. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Page } from 'playwright-core'
import { engines } from '../support/engines.ts'
import { owner, type Portal, startPortal, violations } from './portal.ts'

const dayMs = 86_400_000

async function withThings({ server: { api } }: Portal): Promise<void> {
  for (const name of ['one', 'two', 'three']) await api.post('/v3/secrets', { name, value: 'v' })
  await api.post('/v3/lists', { name: 'web' })
  await api.post('/v3/environments', { name: 'staging' })
}

/** Opens each dialog that deletes, one after the other. */
type Opened = readonly [what: string, open: (page: Page) => Promise<void>]

const dialogs: readonly [Opened, Opened, Opened, Opened] = [
  [
    'a secret',
    async (page) => {
      await page.goto('/portal/secrets/1')
      await page.getByRole('button', { name: 'Delete secret' }).click()
    },
  ],
  [
    'many secrets',
    async (page) => {
      await page.goto('/portal/secrets')
      await page.getByRole('checkbox', { name: 'Select all' }).click()
      await page
        .getByRole('region', { name: 'Selected secrets' })
        .getByRole('button', { name: 'Delete', exact: true })
        .click()
    },
  ],
  [
    'a list',
    async (page) => {
      await page.goto('/portal/lists')
      await page.getByRole('button', { name: 'Delete web' }).click()
    },
  ],
  [
    'an environment',
    async (page) => {
      await page.goto('/portal/environments')
      await page.getByRole('button', { name: 'Delete staging' }).click()
    },
  ],
]

// What is deleted, kept and restored has its tests on every store.
for (const engine of engines.slice(0, 1)) {
  suite(`${engine.name}: what is deleted in the portal`, { skip: engine.skip }, () => {
    test('is said to be restorable, until when and where, where the account keeps it', async (t) => {
      const portal = await startPortal(t, engine)
      await withThings(portal)
      await portal.server.api.put('/v3/settings', { recovery_days: 7 })
      const page = await portal.openAs(owner)
      const until = new Intl.DateTimeFormat('en', { dateStyle: 'medium' }).format(Date.now() + 7 * dayMs)

      for (const [what, open] of dialogs) {
        await open(page)
        const dialog = page.getByRole('alertdialog')
        await dialog.getByText(`Can be restored until ${until}, under Recently deleted.`).waitFor()
        const text = await dialog.innerText()
        assert.doesNotMatch(text, /permanent|undone/i, what)
        assert.deepEqual(await violations(page), [], what)
      }
    })

    test('comes back by Undo, many secrets and a list with all that is in it', async (t) => {
      const portal = await startPortal(t, engine)
      await withThings(portal)
      const { api } = portal.server
      await api.put('/v3/settings', { recovery_days: 7 })
      const namesNow = async () =>
        (await api.get('/v3/secrets')).body.secrets.map(({ name }: { name: string }) => name).sort()
      const page = await portal.openAs(owner)
      const [, [, openMany], [, openList]] = dialogs

      await openMany(page)
      await page.getByRole('alertdialog').getByRole('button', { name: 'Delete', exact: true }).click()
      await page.getByText('3 secrets deleted').waitFor()
      assert.deepEqual(await namesNow(), [])
      await page.getByRole('button', { name: 'Undo' }).click()
      await page.getByText('3 secrets restored').waitFor()
      assert.deepEqual(await namesNow(), ['one', 'three', 'two'])

      await api.put('/v3/lists/2/secrets/1', undefined)
      await openList(page)
      const dialog = page.getByRole('alertdialog')
      await dialog.getByLabel('Type its name to confirm').fill('web')
      await dialog.getByRole('button', { name: 'Delete', exact: true }).click()
      await page.getByText('web deleted').waitFor()
      assert.deepEqual(await namesNow(), ['three', 'two'])
      await page.getByRole('button', { name: 'Undo' }).click()
      await page.getByText('web restored').waitFor()
      assert.deepEqual(await namesNow(), ['one', 'three', 'two'])
    })

    test('comes back by Undo as far as it can, and says why the rest cannot', async (t) => {
      const portal = await startPortal(t, engine)
      await withThings(portal)
      const { api } = portal.server
      await api.put('/v3/settings', { recovery_days: 7 })
      const page = await portal.openAs(owner)
      const [, [, openMany]] = dialogs

      await openMany(page)
      await page.getByRole('alertdialog').getByRole('button', { name: 'Delete', exact: true }).click()
      await page.getByText('3 secrets deleted').waitFor()
      await api.post('/v3/secrets', { name: 'two', value: 'another' })
      await page.getByRole('button', { name: 'Undo' }).click()

      await page.getByText('2 of 3 secrets restored. A secret of this name exists.').waitFor()
      assert.equal((await api.get('/v3/secrets')).body.secrets.length, 3)
    })

    test('is under Recently deleted at once, also for somebody who has just looked there', async (t) => {
      const portal = await startPortal(t, engine)
      await withThings(portal)
      await portal.server.api.put('/v3/settings', { recovery_days: 7 })
      const page = await portal.openAs(owner, '/portal/deleted')
      const goTo = (name: string) => page.getByRole('link', { name, exact: true }).click()
      await page.getByText('Deleted secrets and lists appear here for 7 days.').waitFor()

      await goTo('Lists')
      await page.getByRole('button', { name: 'Delete web' }).click()
      await page.getByLabel('Type its name to confirm').fill('web')
      await page.getByRole('alertdialog').getByRole('button', { name: 'Delete', exact: true }).click()
      await page.getByText('web deleted').waitFor()
      await goTo('Recently deleted')
      await page.getByRole('button', { name: 'Purge web' }).waitFor()

      await goTo('Environments')
      await page.getByRole('button', { name: 'Delete staging' }).click()
      await page.getByRole('alertdialog').getByRole('button', { name: 'Delete environment' }).click()
      await page.getByText('staging deleted').waitFor()
      await goTo('Recently deleted')
      await page.getByRole('button', { name: 'Purge staging' }).waitFor()

      await page.getByRole('button', { name: 'Undo' }).last().click()
      await page.getByText('staging restored').waitFor()
      await page.getByRole('button', { name: 'Purge staging' }).waitFor({ state: 'detached' })
      await goTo('API keys')
      await page.getByRole('button', { name: 'New key' }).click()
      await page.getByText('With all versions. Can be restored for 7 days.').waitFor()
    })

    test('is said to be gone for good where the account keeps nothing', async (t) => {
      const portal = await startPortal(t, engine)
      await withThings(portal)
      const page = await portal.openAs(owner)

      for (const [what, open] of dialogs) {
        const asked = page.waitForResponse((answer) => answer.url().includes('/v3/deleted?'))
        await open(page)
        await asked
        const text = await page.getByRole('alertdialog').innerText()
        assert.match(text, /Can’t be undone\./, what)
        assert.doesNotMatch(text, /restored/, what)
      }
    })
  })
}
