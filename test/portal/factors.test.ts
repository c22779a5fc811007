/** Signing in in a browser: a passkey of a virtual authenticator, codes, a provider, and a second factor that is required. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Page } from 'playwright-core'
import { parseAllowance } from '../../src/outbound/addresses.ts'
import { createAccount } from '../../src/vault/accounts.ts'
import { codeOf } from '../support/portal-account.ts'
import { clientId, clientSecret, Provider } from '../support/provider.ts'
import { owner, type Portal, portalEngines, reader, startPortal, violations } from './portal.ts'

/** A name: no passkey is bound to an address. */
function named(url: string): string {
  return url.replace('127.0.0.1', 'localhost')
}

/** Gives the browser an authenticator that always finds its user present and right. */
async function giveAuthenticator(page: Page): Promise<void> {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('WebAuthn.enable')
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
}

async function typePassword(page: Page, { email, password }: { readonly email: string; readonly password: string }) {
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

async function signOut(page: Page): Promise<void> {
  await page.context().clearCookies()
}

async function openSettings(portal: Portal): Promise<{ page: Page; url: string }> {
  const url = named(portal.server.url)
  const page = await portal.open({ baseURL: url })
  await page.goto('/portal/settings')
  await typePassword(page, owner)
  await page.getByRole('heading', { name: 'Two-factor authentication' }).waitFor()
  return { page, url }
}

for (const engine of portalEngines) {
  suite(`${engine.name}: signing in at the portal`, { skip: engine.skip }, () => {
    test('with a passkey that was added in the settings', async (t) => {
      const portal = await startPortal(t, engine)
      const { page } = await openSettings(portal)
      await giveAuthenticator(page)

      await page.getByRole('button', { name: 'Add passkey' }).click()
      await page.getByRole('dialog').getByLabel('Name').fill('Work laptop')
      assert.deepEqual(await violations(page), [])
      await page.getByRole('button', { name: 'Continue' }).click()
      await page.getByRole('list', { name: 'Recovery codes' }).waitFor()
      assert.equal(await page.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem').count(), 10)
      assert.deepEqual(await violations(page), [])
      await page.getByRole('button', { name: 'I’ve saved them' }).click()
      await page.getByText('Work laptop').waitFor()
      assert.deepEqual(await violations(page), [])

      await signOut(page)
      await page.goto('/portal/secrets')
      await page.getByRole('button', { name: 'Use a passkey' }).click()
      await page.getByRole('heading', { level: 1, name: 'Secrets' }).waitFor()

      // Later, a delicate action: the passkey confirms.
      portal.wait(16)
      await page.goto('/portal/settings')
      await page.getByRole('button', { name: 'Generate new codes' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Use a passkey' }).click()
      await page.getByRole('list', { name: 'Recovery codes' }).waitFor()
      await page.getByRole('button', { name: 'I’ve saved them' }).click()
      await page.getByRole('button', { name: 'Rename Work laptop' }).click()
      await page.getByRole('dialog').getByLabel('Name').fill('Old laptop')
      assert.deepEqual(await violations(page), [])
      await page.getByRole('button', { name: 'Rename', exact: true }).click()
      await page.getByText('Passkey renamed to Old laptop').waitFor()
      await page.getByText('Work laptop', { exact: true }).waitFor({ state: 'detached' })
      await page.getByRole('button', { name: 'Remove Old laptop' }).click()
      await page.getByRole('alertdialog').getByRole('button', { name: 'Remove' }).click()
      await page.getByText('Old laptop', { exact: true }).waitFor({ state: 'detached' })
    })

    test('with an authenticator app, by keyboard, and with a recovery code', async (t) => {
      const portal = await startPortal(t, engine)
      const { page } = await openSettings(portal)
      await page.getByRole('button', { name: 'Set up an authenticator app' }).click()
      await page.getByRole('img', { name: 'Code to scan with an authenticator app' }).waitFor()
      assert.deepEqual(await violations(page), [])
      await page.getByText('Can’t scan it?').click()
      const secret = await page.locator('details code').innerText()
      await page.getByLabel('Code', { exact: true }).fill('000000')
      await page.getByLabel('Code', { exact: true }).press('Enter')
      await page.getByText('Is not the code that the app should show now').waitFor()
      await page.getByLabel('Code', { exact: true }).fill(codeOf(secret, Date.now()))
      await page.getByLabel('Code', { exact: true }).press('Enter')
      const items = page.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem')
      await items.first().waitFor()
      const codes = await items.allInnerTexts()
      await page.getByRole('button', { name: 'I’ve saved them' }).press('Enter')
      await page.getByText('10 left').waitFor()

      portal.wait(1)
      await signOut(page)
      await page.goto('/portal/secrets')
      await typePassword(page, owner)
      await page.getByLabel('Code').waitFor()
      assert.deepEqual(await violations(page), [])
      await page.getByLabel('Code').fill(codeOf(secret, Date.now() + 60_000))
      await page.getByLabel('Code').press('Enter')
      await page.getByRole('heading', { level: 1, name: 'Secrets' }).waitFor()

      await signOut(page)
      await page.goto('/portal/secrets')
      await typePassword(page, owner)
      await page.getByLabel('Code').fill(codes[0] ?? '')
      await page.getByLabel('Code').press('Enter')
      await page.getByRole('heading', { level: 1, name: 'Secrets' }).waitFor()
      await page.goto('/portal/users')
      await page.getByText('2FA', { exact: true }).waitFor()
    })

    test('sets up a second factor first, where the account requires one', async (t) => {
      const portal = await startPortal(t, engine)
      const { page } = await openSettings(portal)
      await giveAuthenticator(page)
      await page.goto('/portal/settings?tab=account')
      await page.getByText('Require 2FA for all users').click()
      await page.getByText('Set up a second factor of your own first').waitFor()
      await page.goto('/portal/settings')
      await page.getByRole('button', { name: 'Add passkey' }).click()
      await page.getByRole('dialog').getByLabel('Name').fill('Laptop')
      await page.keyboard.press('Enter')
      await page.getByRole('button', { name: 'I’ve saved them' }).click()
      await page.goto('/portal/settings?tab=account')
      await page.getByText('Require 2FA for all users').click()
      await page.getByText('2FA is now required').waitFor()

      const other = await portal.open({ baseURL: named(portal.server.url), colorScheme: 'dark' })
      await giveAuthenticator(other)
      await other.goto('/portal/secrets')
      await typePassword(other, reader)
      await other.getByRole('heading', { level: 1, name: 'Set up two-factor authentication' }).waitFor()
      assert.deepEqual(await violations(other), [])
      await other.getByRole('button', { name: 'Add passkey' }).click()
      await other.getByRole('button', { name: 'I’ve saved them' }).click()
      await other.getByRole('heading', { level: 1, name: 'Secrets' }).waitFor()
    })

    test('through the account’s provider, which an owner has set up here', async (t) => {
      const provider = await Provider.start(t)
      const outboundAllowances = [parseAllowance('127.0.0.0/8') ?? assert.fail()]
      const portal = await startPortal(t, engine, { outboundAllowances, alsoAsks: provider.issuer })
      const { page, url } = await openSettings(portal)
      await page.goto('/portal/settings?tab=account')
      await page.getByRole('region', { name: 'Sign-in' }).getByRole('button', { name: 'Set up' }).click()
      await page.getByLabel('Button label').fill('Example Login')
      await page.getByLabel('Issuer').fill(provider.issuer)
      await page.getByLabel('Client ID').fill(clientId)
      await page.getByLabel('Client secret').fill(clientSecret)
      assert.deepEqual(await violations(page), [])
      // The account's networks have such a button too.
      await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
      await page.getByText('Sign-in URL').waitFor()
      assert.deepEqual(await violations(page), [])

      provider.behaviour.claims = { sub: 'lise', email: 'lise@example.com', email_verified: true }
      const stranger = await portal.open({ baseURL: url })
      await stranger.goto('/portal/secrets')
      await stranger.getByRole('button', { name: 'Sign in with Example Login' }).waitFor()
      assert.deepEqual(await violations(stranger), [])
      await stranger.getByRole('button', { name: 'Sign in with Example Login' }).click()
      await stranger.getByText('You are not expected here').waitFor()
      assert.deepEqual(await violations(stranger), [])

      await portal.server.api.post('/v3/users', { email: 'lise@example.com', role: 'editor' })
      await stranger.goto('/portal/secrets')
      await stranger.getByRole('button', { name: 'Sign in with Example Login' }).click()
      await stranger.getByRole('heading', { level: 1, name: 'Secrets' }).waitFor()
      assert.equal(new URL(stranger.url()).pathname, '/portal/secrets')
      await stranger.goto('/portal/settings')
      await stranger.getByRole('heading', { name: 'Sessions' }).waitFor()
      assert.equal(await stranger.getByRole('button', { name: 'Change password' }).count(), 0)

      // Beside another account it is the named one's.
      await createAccount(portal.server.vault, { name: 'test', requestId: 'test' }, 'acme')
      const beside = await portal.open({ baseURL: url })
      await beside.goto('/portal/secrets')
      await beside.getByLabel('Account', { exact: true }).fill('default')
      assert.equal(await beside.getByRole('button', { name: /^Sign in with/ }).count(), 0)
      await beside.getByLabel('Email').focus()
      await beside.getByRole('button', { name: 'Sign in with Example Login' }).click()
      await beside.getByRole('heading', { level: 1, name: 'Secrets' }).waitFor()
    })
  })
}
