/** Answers that come late: when whoever asked has gone elsewhere, has pressed again, is somebody else, or when what they are about has changed. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Page, Request } from 'playwright-core'
import { owner, portalEngines, reader, settled, startPortal, violations } from './portal.ts'

/** Holds what a page asks for once it is answered: until then the page does not know. */
async function hold(page: Page, method: string, path: RegExp) {
  const held = Promise.withResolvers<void>()
  const isIt = (request: Request) => request.method() === method && path.test(request.url())
  let asked = 0
  await page.route(path, async (route) => {
    if (!isIt(route.request())) return route.fallback()
    asked++
    const response = await route.fetch()
    await held.promise
    await route.fulfill({ response })
  })
  return { came: page.waitForRequest(isIt), letGo: held.resolve, asked: () => asked }
}

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
    test('leads nobody away from where they have gone, and tells nobody who came after them', async (t) => {
      const portal = await startPortal(t, engine)
      await portal.server.api.put('/v3/settings', { recovery_days: 7 })
      const page = await portal.openAs(owner, '/portal/secrets/new')
      const create = async (name: string) => {
        const held = await hold(page, 'POST', /\/v3\/secrets$/)
        await page.getByRole('textbox', { name: 'Name' }).fill(name)
        await page.getByRole('textbox', { name: 'Value' }).fill('v')
        await page.getByRole('button', { name: 'Create secret' }).click()
        await held.came
        return held.letGo
      }
      const letFirst = await create('first')
      await page.getByRole('link', { name: 'Lists', exact: true }).click()
      await page.getByRole('button', { name: 'Discard' }).click()
      await page.getByRole('heading', { name: 'Lists', level: 1 }).waitFor()
      letFirst()
      await page.getByText('first created').waitFor()
      await settled(page)
      assert.equal(new URL(page.url()).pathname, '/portal/lists')

      // Whoever deletes something may undo it, and nobody else.
      await page.unrouteAll()
      await page.goto('/portal/secrets/1')
      await page.getByRole('button', { name: 'Delete secret' }).click()
      await page.getByLabel('Type its name to confirm').fill('first')
      await page.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click()
      await page.getByRole('button', { name: 'Undo' }).waitFor()
      await page.getByRole('link', { name: 'New secret' }).first().click()
      const letSecond = await create('second')
      await signOut(page, owner)
      await page.getByRole('button', { name: 'Discard' }).click()
      await page.getByLabel('Email').waitFor()
      assert.equal(await page.getByRole('button', { name: 'Undo' }).count(), 0)
      await signIn(page, reader)
      await isIn(page, reader)
      letSecond()
      await settled(page)
      assert.equal(await page.getByText('second created').count(), 0)
      assert.notEqual(new URL(page.url()).pathname, '/portal/secrets/2')
    })

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

    test('keeps its dialog, which says what became of it', async (t) => {
      const portal = await startPortal(t, engine, { mayLog: /Failed to load resource/ })
      await portal.server.api.post('/v3/keys', { name: 'leaked', scopes: ['secrets:read'] })
      const page = await portal.openAs(owner, '/portal/keys')
      const fail = Promise.withResolvers<void>()
      await page.route(/\/v3\/keys\/\d+(\?|$)/, async (route) => {
        await fail.promise
        await route.fulfill({
          ...{ status: 422, contentType: 'application/problem+json' },
          json: { type: 'urn:strongroom:problem:test', code: 'test', message: 'It did not work.', request_id: 'r' },
        })
      })
      await page.getByRole('button', { name: 'Revoke leaked' }).click()
      const dialog = page.getByRole('alertdialog', { name: 'Revoke leaked?' })
      const revoke = dialog.getByRole('button', { name: 'Revoke', exact: true })
      const coming = page.waitForRequest(/\/v3\/keys\/\d+(\?|$)/)
      await revoke.click()
      await coming
      await page.keyboard.press('Escape')
      await page.mouse.click(5, 5)
      assert.equal(await dialog.getByRole('button', { name: 'Cancel' }).isDisabled(), true)
      fail.resolve()
      await dialog.getByText('It did not work.').waitFor()
      // Who pressed it can press it again, with the same key of the keyboard.
      assert.equal(await revoke.evaluate((button) => button === document.activeElement), true)
      await page.keyboard.press('Escape')
      await dialog.waitFor({ state: 'detached' })
    })

    test('stands above what somebody has opened meanwhile, and is asked for once by whoever presses twice', async (t) => {
      const portal = await startPortal(t, engine)
      await portal.server.api.post('/v3/webhooks', { url: 'https://10.0.0.7/hook', actions: ['secret.*'] })
      const page = await portal.openAs(owner, '/portal/webhooks')
      const held = await hold(page, 'POST', /\/v3\/webhooks\/1\/rotate$/)
      const rotate = page.getByRole('button', { name: 'Rotate the secret for' })
      await rotate.dblclick()
      await held.came
      await page.getByRole('button', { name: 'New webhook' }).click()
      const url = page.getByRole('textbox', { name: 'URL' })
      await url.fill('https://example.com/typed')
      held.letGo()
      await page.getByText(/^whsec_/).waitFor()
      assert.deepEqual(await violations(page), [])
      await page.getByRole('button', { name: 'I’ve saved it' }).click()

      assert.equal(await url.inputValue(), 'https://example.com/typed')
      assert.equal(held.asked(), 1)
    })

    test('is no value of a version that is not current any more', async (t) => {
      const portal = await startPortal(t, engine)
      const { api } = portal.server
      await api.post('/v3/secrets', { name: 'db-password', value: 'one' })
      await api.put('/v3/secrets/1', { value: 'two' })
      const page = await portal.openAs(owner, '/portal/secrets/1')
      await page.getByRole('button', { name: 'Reveal' }).click()
      await page.getByRole('region', { name: 'Revealed value' }).waitFor()
      await page.getByRole('button', { name: 'Restore' }).click()
      const dialog = page.getByRole('dialog', { name: 'Restore version 1' })
      await dialog.getByText('as version 3').waitFor()

      await api.put('/v3/secrets/1', { value: 'three' })
      await page.getByText('Version 3', { exact: true }).first().waitFor({ state: 'attached' })
      await page.getByText('two', { exact: true }).waitFor({ state: 'detached' })
      // What somebody saw when they opened the dialog is what they restore over.
      await dialog.getByRole('button', { name: 'Restore', exact: true }).click()
      await dialog.getByText('Someone else changed this.').waitFor()
      assert.equal((await api.get('/v3/secrets/1')).body.value, 'three')
      await dialog.getByText('as version 4').waitFor()
      await dialog.getByRole('button', { name: 'Restore', exact: true }).click()
      await page.getByText('Version 1 restored').waitFor()
      assert.equal((await api.get('/v3/secrets/1')).body.value, 'one')
    })

    test('is not copied over what was copied since', async (t) => {
      const portal = await startPortal(t, engine)
      for (const name of ['slow', 'quick']) await portal.server.api.post('/v3/secrets', { name, value: `v-${name}` })
      const page = await portal.openAs(owner)
      const held = await hold(page, 'GET', /\/v3\/secrets\/1(\?|$)/)
      await page.getByRole('button', { name: 'Copy the value of slow' }).click()
      await held.came
      await page.getByRole('button', { name: 'Copy the value of quick' }).click()
      await page.getByText('Value of quick copied').waitFor()
      held.letGo()
      await settled(page)

      assert.equal(await page.getByText('Value of slow copied').count(), 0)
      await page.getByLabel('Search secrets').press('Control+v')
      assert.equal(await page.getByLabel('Search secrets').inputValue(), 'v-quick')
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

    test('show what the other one changes, though the same person is changing something here', async (t) => {
      const portal = await startPortal(t, engine)
      const page = await portal.openAs(owner, '/portal/lists')
      await settled(page)
      const other = await page.context().newPage()
      await other.goto('/portal/lists')
      await other.getByRole('button', { name: 'New list' }).click()
      const held = await hold(page, 'POST', /\/v3\/lists$/)
      await page.getByRole('button', { name: 'New list' }).click()
      await page.getByRole('textbox', { name: 'Name' }).fill('mine')
      await page.getByRole('button', { name: 'Create list' }).click()
      await held.came

      await other.getByRole('textbox', { name: 'Name' }).fill('theirs')
      await other.getByRole('button', { name: 'Create list' }).click()
      await other.getByText('theirs created').waitFor()
      await page.getByText('theirs', { exact: true }).waitFor({ state: 'attached' })
      held.letGo()
    })
  })
}
