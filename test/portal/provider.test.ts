/** Signing in again through a provider: in a window of its own, while the page stays as it is. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Page } from 'playwright-core'
import { parseAllowance } from '../../src/outbound/addresses.ts'
import { engines, type TestEngine } from '../support/engines.ts'
import { clientId, clientSecret, Provider } from '../support/provider.ts'
import { settled, startPortal, violations } from './portal.ts'

const lise = { sub: 'lise', email: 'lise@example.com', email_verified: true }

/** Somebody without a password, who came in through the account's provider. */
async function openAsLise(t: Parameters<typeof startPortal>[0], engine: TestEngine, path: string) {
  const provider = await Provider.start(t)
  const outboundAllowances = [parseAllowance('127.0.0.0/8') ?? assert.fail()]
  const portal = await startPortal(t, engine, { outboundAllowances, alsoAsks: provider.issuer })
  const { api, url } = portal.server
  const settings = { label: 'Example Login', issuer: provider.issuer, client_id: clientId, client_secret: clientSecret }
  assert.equal((await api.put('/v3/sso', { ...settings, domains: [], role: null, only: false })).status, 200)
  assert.equal((await api.post('/v3/users', { email: lise.email, role: 'admin' })).status, 201)
  const signIn = (claims: object = {}) => {
    // Of the server's clock: just now.
    provider.behaviour.claims = { ...lise, auth_time: Math.floor(portal.now() / 1000), ...claims }
  }
  signIn()
  const page = await portal.open({ baseURL: url.replace('127.0.0.1', 'localhost'), colorScheme: 'dark' })
  await page.goto(path)
  await page.getByRole('button', { name: 'Sign in with Example Login' }).click()
  await page.locator('nav[aria-label="Pages"]').waitFor({ state: 'attached' })
  await page.goto(path)
  return { portal, page, signIn }
}

/** Presses what opens the window, and waits until that has closed. */
async function throughWindow(page: Page, press: () => Promise<void>): Promise<void> {
  const opening = page.context().waitForEvent('page')
  await press()
  const window = await opening
  if (!window.isClosed()) await window.waitForEvent('close')
}

for (const engine of engines.slice(0, 1)) {
  suite(`${engine.name}: signing in again through a provider`, { skip: engine.skip }, () => {
    test('leaves the page with what was typed on it, and says why it did not succeed', async (t) => {
      const { portal, page, signIn } = await openAsLise(t, engine, '/portal/secrets/new')
      await page.getByLabel('Name').fill('half-done')
      await page.getByLabel('Description').fill('what it is for')
      await page.getByRole('textbox', { name: 'Value' }).fill('planted-value')
      // What the page has still to ask would end the session first.
      await settled(page)
      portal.wait(31)
      await page.getByRole('button', { name: 'Create secret' }).click()
      const dialog = page.getByRole('dialog', { name: 'Your session ended' })
      const again = () => dialog.getByRole('button', { name: 'Sign in with Example Login' }).click()
      await dialog.getByRole('button', { name: 'Sign in with Example Login' }).waitFor()
      assert.deepEqual(await violations(page), [])

      signIn({ sub: 'eve', email: 'eve@example.com' })
      await throughWindow(page, again)
      await dialog.getByText('You are not expected here').waitFor()
      assert.deepEqual(await violations(page), [])
      signIn()
      await throughWindow(page, again)
      await dialog.waitFor({ state: 'detached' })

      assert.equal(new URL(page.url()).pathname, '/portal/secrets/new')
      assert.equal(await page.getByLabel('Name').inputValue(), 'half-done')
      assert.equal(await page.getByLabel('Description').inputValue(), 'what it is for')
      await page.getByRole('textbox', { name: 'Value' }).fill('planted-value')
      await page.getByRole('button', { name: 'Create secret' }).click()
      await page.getByText('half-done created').waitFor()
    })

    test('confirms an action that goes on with what was typed, in a tab where no window may open', async (t) => {
      const { portal, page, signIn } = await openAsLise(t, engine, '/portal/keys')
      const create = async (name: string) => {
        await page.getByRole('button', { name: 'New key' }).click()
        await page.getByRole('textbox', { name: 'Name', exact: true }).fill(name)
        await page.getByRole('button', { name: 'Create key' }).click()
      }
      const confirm = page.getByRole('dialog', { name: 'Confirm it’s you' })
      const go = () => confirm.getByRole('button', { name: 'Go to the provider' }).click()
      const kept = page.getByRole('button', { name: 'I’ve saved it' })
      portal.wait(16)
      signIn()

      await create('in a window')
      await confirm.waitFor()
      assert.deepEqual(await violations(page), [])
      await throughWindow(page, go)
      await kept.click()
      portal.wait(16)
      signIn()
      await create('in a tab')
      await confirm.waitFor()
      await page.evaluate(() => {
        window.open = () => null
      })
      await go()
      await confirm.getByText('Your browser blocked the window').waitFor()
      assert.deepEqual(await violations(page), [])
      const opening = page.context().waitForEvent('page')
      await confirm.getByRole('link', { name: 'Go to the provider in a new tab' }).click()
      await opening
      await kept.click()

      const { body } = await portal.server.api.get('/v3/keys')
      const names = body.keys.map(({ name }: { name: string }) => name)
      assert.deepEqual(names.slice(-2), ['in a window', 'in a tab'])
    })

    test('drops what one person began when another one comes back', async (t) => {
      const { portal, page, signIn } = await openAsLise(t, engine, '/portal/keys')
      const emmy = { sub: 'emmy', email: 'emmy@example.com' }
      assert.equal((await portal.server.api.post('/v3/users', { email: emmy.email, role: 'admin' })).status, 201)
      portal.wait(16)
      signIn(emmy)

      await page.getByRole('button', { name: 'New key' }).click()
      await page.getByRole('textbox', { name: 'Name', exact: true }).fill('of Lise')
      await page.getByRole('button', { name: 'Create key' }).click()
      const confirm = page.getByRole('dialog', { name: 'Confirm it’s you' })
      await throughWindow(page, () => confirm.getByRole('button', { name: 'Go to the provider' }).click())
      await page.waitForURL(/\/portal\/$/)
      await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()

      const { body } = await portal.server.api.get('/v3/keys')
      assert.ok(!body.keys.some(({ name }: { name: string }) => name === 'of Lise'))
    })
  })
}
