/** What the portal keeps, shows and offers where people do not go straight ahead. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { engines } from '../support/engines.ts'
import { makeSecrets } from '../support/fill.ts'
import { Person } from '../support/person.ts'
import { owner, startPortal } from './portal.ts'

// What a page does with its own state does not depend on the store.
for (const engine of engines.slice(0, 1)) {
  suite(`${engine.name}: the portal`, { skip: engine.skip }, () => {
    test('keeps the line ends of a value that a change begins with', async (t) => {
      const portal = await startPortal(t, engine)
      const { api } = portal.server
      await api.post('/v3/secrets', { name: 'windows', value: 'one\r\ntwo\r\n' })
      await api.post('/v3/secrets', { name: 'mixed', value: 'one\r\ntwo\n' })
      const page = await portal.openAs(owner, '/portal/secrets/1')
      const begin = () => page.getByRole('button', { name: 'Start from current value' }).click()

      await page.getByRole('button', { name: 'New value' }).click()
      await begin()
      await page.getByText('end in CR LF').waitFor()
      await page.getByRole('textbox', { name: 'New value' }).press('Control+End')
      await page.keyboard.type('three')
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByText('windows has a new value').waitFor()
      await page.goto('/portal/secrets/2')
      await page.getByRole('button', { name: 'New value' }).click()
      await begin()
      await page.getByText('line ends are of several kinds').waitFor()

      assert.equal((await api.get('/v3/secrets/1')).body.value, 'one\r\ntwo\r\nthree')
    })

    test('forgets the line ends of a value once nothing of it is left', async (t) => {
      const portal = await startPortal(t, engine)
      const { api } = portal.server
      await api.post('/v3/secrets', { name: 'windows', value: 'one\r\ntwo\r\n' })
      const page = await portal.openAs(owner, '/portal/secrets/1')
      const field = page.getByRole('textbox', { name: 'New value' })
      const hint = page.getByText('end in CR LF')

      await page.getByRole('button', { name: 'New value' }).click()
      await page.getByRole('button', { name: 'Start from current value' }).click()
      await hint.waitFor()
      await field.press('Control+a')
      await page.keyboard.press('Delete')
      await hint.waitFor({ state: 'detached' })
      await page.keyboard.type('three\nfour')
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByText('windows has a new value').waitFor()
      assert.equal((await api.get('/v3/secrets/1')).body.value, 'three\nfour')

      await api.put('/v3/secrets/1', { value: 'one\r\ntwo\r\n' })
      await page.reload()
      await page.getByRole('button', { name: 'New value' }).click()
      await page.getByRole('button', { name: 'Start from current value' }).click()
      await hint.waitFor()
      await page.locator('input[type=file]').setInputFiles({
        ...{ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('a\nb') },
      })
      await hint.waitFor({ state: 'detached' })
      await page.getByRole('button', { name: 'Remove file' }).click()
      await field.fill('five\nsix')
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByText('windows has a new value').waitFor()
      assert.equal((await api.get('/v3/secrets/1')).body.value, 'five\nsix')
    })

    test('keeps what was typed while the current value was on its way', async (t) => {
      const portal = await startPortal(t, engine)
      await portal.server.api.post('/v3/secrets', { name: 'slow', value: 'old' })
      const page = await portal.openAs(owner, '/portal/secrets/1')
      let goOn = () => {}
      const held = new Promise<void>((resolve) => {
        goOn = resolve
      })
      await page.route(/\/v3\/secrets\/1(\?|$)/, async (route) => {
        await held
        await route.continue()
      })
      await page.getByRole('button', { name: 'New value' }).click()
      const field = page.getByRole('textbox', { name: 'New value' })

      await page.getByRole('button', { name: 'Start from current value' }).click()
      await field.fill('mine')
      goOn()
      await page.getByText('What you typed is kept').waitFor()

      assert.equal(await field.inputValue(), 'mine')
    })

    test('asks for the name anew when a deletion was called off, and deletes what was changed meanwhile', async (t) => {
      const portal = await startPortal(t, engine)
      const { api } = portal.server
      await api.post('/v3/secrets', { name: 'doomed', value: 'one' })
      const page = await portal.openAs(owner, '/portal/secrets/1')
      const open = () => page.getByRole('button', { name: 'Delete secret' }).click()
      const name = page.getByLabel('Type its name to confirm')
      const confirm = page.getByRole('button', { name: 'Delete permanently' })

      await open()
      await name.fill('doomed')
      await page.getByRole('button', { name: 'Cancel' }).click()
      await open()
      assert.deepEqual([await name.inputValue(), await confirm.isDisabled()], ['', true])
      await api.put('/v3/secrets/1', { value: 'two' })
      await name.fill('doomed')
      await confirm.click()
      await page.getByText('Someone else changed this.').waitFor()
      await page.getByText('Version 2', { exact: false }).first().waitFor()
      await confirm.click()
      await page.getByText('doomed deleted').waitFor()

      assert.equal((await api.get('/v3/secrets/1')).status, 404)
    })

    test('shows an auditor the activity, and asks for nothing that they may not see', async (t) => {
      const portal = await startPortal(t, engine)
      const who = { email: 'noor@example.com', name: 'Noor', password: 'saddle-prism-walnut-anchor' }
      const { body } = await portal.server.api.post('/v3/users', { email: who.email, role: 'auditor' })
      assert.equal(
        (await new Person(portal.server.url).accept(body.invitation_url, { name: who.name, password: who.password }))
          .status,
        201,
      )

      const page = await portal.openAs(who, '/portal/')

      await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
      await page.getByRole('region', { name: 'Activity' }).waitFor()
      assert.equal(await page.getByText('Not allowed').count(), 0)
    })

    test('offers to load a page again whose script is gone', async (t) => {
      const portal = await startPortal(t, engine, { mayLog: /dynamically imported module/ })
      const page = await portal.openAs(owner)
      await page.route(/machines-page/, (route) => route.fulfill({ status: 404, body: '' }))

      await page.getByRole('link', { name: 'Machines' }).click()

      await page.getByRole('heading', { name: 'This page cannot be shown' }).waitFor()
      await page.unroute(/machines-page/)
      await page.getByRole('button', { name: 'Reload' }).click()
      await page.getByRole('heading', { name: 'Machines', level: 1 }).waitFor()
    })

    test('keeps the row with the focus while the table is scrolled away from it, and opens it', async (t) => {
      const portal = await startPortal(t, engine)
      const names = Array.from({ length: 300 }, (_, at) => `secret-${String(at).padStart(3, '0')}`)
      await makeSecrets(portal.server.vault, names)
      const page = await portal.openAs(owner)
      const isFocused = (name: string) =>
        page.getByRole('link', { name }).evaluate((link) => link === document.activeElement)

      // The table is as high as its rows once they are counted.
      await page.locator('[role=grid][aria-rowcount="301"]').waitFor()
      await page.getByRole('link', { name: 'secret-001' }).waitFor()
      await page.getByLabel('Search secrets').press('ArrowDown')
      await page.keyboard.press('ArrowDown')
      await page.getByRole('link', { name: 'secret-001' }).and(page.locator(':focus')).waitFor()
      await page.locator('.grid-body').evaluate((body) => body.scrollTo(0, body.scrollHeight))
      await page.getByRole('link', { name: 'secret-299' }).waitFor()
      assert.ok(await isFocused('secret-001'))
      await page.keyboard.press('ArrowDown')
      await page.getByRole('link', { name: 'secret-002' }).and(page.locator(':focus')).waitFor()
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'secret-002' }).waitFor()

      // By the mouse: the row beside its link, and a link in a tab of its own.
      await page.goBack()
      await page
        .getByRole('row', { name: /secret-003/ })
        .getByRole('gridcell', { name: 'default' })
        .click()
      await page.getByRole('heading', { name: 'secret-003' }).waitFor()
      await page.goBack()
      const opening = page.context().waitForEvent('page')
      await page.getByRole('link', { name: 'secret-004' }).click({ modifiers: ['Control'] })
      await (await opening).waitForURL(/\/portal\/secrets\/\d+$/)
      assert.equal(new URL(page.url()).pathname, '/portal/secrets')
    })

    test('keeps the place of who types in a filter of the trail', async (t) => {
      const portal = await startPortal(t, engine)
      const page = await portal.openAs(owner, '/portal/audit')

      await page.getByRole('textbox', { name: 'Secret', exact: true }).fill('db')
      await page.keyboard.press('Tab')
      await page.keyboard.type('Ada')
      await page.keyboard.press('Enter')
      await page.waitForURL(/principal=Ada/)

      assert.match(page.url(), /secret=db/)
      assert.equal(
        await page
          .getByRole('textbox', { name: 'Who', exact: true })
          .evaluate((field) => field === document.activeElement),
        true,
      )
    })
  })
}
