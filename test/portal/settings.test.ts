/** The settings: replacing the account's key as it goes on, and leaving where a second factor must be set up first. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parseAllowance } from '../../src/outbound/addresses.ts'
import { engines } from '../support/engines.ts'
import { makeSecrets } from '../support/fill.ts'
import { startTransit } from '../support/transit-server.ts'
import { owner, reader, startPortal, violations } from './portal.ts'

const pictures = process.env['STRONGROOM_PICTURES']

/** An answer that refuses. */
function problem(detail: string) {
  // As the server has it: what is otherwise comes from something before it, and is not repeated to people.
  const type = 'urn:strongroom:problem:invalid'
  const body = { type, code: 'invalid', title: 'Refused', detail, message: detail, request_id: 'test' }
  return { contentType: 'application/problem+json', body: JSON.stringify(body) }
}

for (const engine of engines.slice(0, 1)) {
  suite(`${engine.name}: the settings of the portal`, { skip: engine.skip }, () => {
    test('show how far the rotation of the account’s key is, and go on with one that was broken off', async (t) => {
      const portal = await startPortal(t, engine)
      const { api } = portal.server
      // One part of a rotation is 5000 secrets.
      await makeSecrets(
        portal.server.vault,
        Array.from({ length: 5200 }, (_, at) => `secret-${at}`),
      )
      const page = await portal.openAs(owner, '/portal/settings?tab=account')
      let parts = 0
      const { promise: held, resolve: goOn } = Promise.withResolvers<void>()
      t.after(() => goOn())
      await page.route('**/v3/account/rotate-key', async (route) => {
        if (++parts === 2) return route.fulfill({ status: 400, ...problem('Not now.') })
        if (parts === 3) await held
        return route.continue()
      })
      const progress = page.getByRole('progressbar', { name: 'Secrets using the new key' })

      await page.getByRole('button', { name: 'Rotate account key' }).click()
      await page.getByRole('button', { name: 'Rotate', exact: true }).click()
      await page.getByText('What’s done stays done. Rotate again to continue.').waitFor()
      assert.equal(await progress.getAttribute('aria-valuetext'), '5,000 of 5,200')
      assert.deepEqual(await violations(page), [])
      await page.getByRole('button', { name: 'Cancel' }).click()
      await page.getByText('200 secrets still use an older key.').waitFor()
      await page.getByRole('button', { name: 'Finish rotation' }).click()
      await page.getByText('Finishes replacing version 2').waitFor()
      await page.getByRole('button', { name: 'Continue' }).click()
      await progress.waitFor()
      assert.equal(await page.getByRole('button', { name: 'Rotating…' }).isDisabled(), true)
      goOn()
      await page.getByText('All secrets now use version 2.').waitFor()

      const { body } = await api.get('/v3/account')
      assert.deepEqual(body.key, { version: 2, rotating: false, outdated: 0 })
      assert.equal((await api.get('/v3/secrets/5200')).body.value, 'v')
    })

    test('keep the account’s key with a provider of its own, say that it refuses, and take it back', async (t) => {
      const transit = await startTransit(t)
      transit.tokens.set('planted-token', 3600)
      const outboundAllowances = [parseAllowance('127.0.0.0/8') ?? assert.fail()]
      const portal = await startPortal(t, engine, { outboundAllowances, mayLog: /status of (400|404)/ })
      const page = await portal.openAs(owner, '/portal/settings?tab=account')
      const provider = `transit:${transit.origin}/transit/strongroom`
      const card = page.getByRole('region', { name: 'Customer-managed key' })

      await card.getByRole('button', { name: 'Set up' }).click()
      await page.getByLabel('Provider').fill(provider)
      await page.getByLabel('Token', { exact: true }).fill('mistyped')
      assert.deepEqual(await violations(page), [])
      await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
      await page.getByText('The server refuses (403)').waitFor()
      await page.getByLabel('Token', { exact: true }).fill('planted-token')
      await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
      await card.getByText('Available', { exact: true }).waitFor()
      transit.tokens.clear()
      await portal.server.vault.customerKeys.look(0)
      await card.getByText('The provider denies access').waitFor()
      assert.deepEqual(await violations(page), [])
      if (pictures !== undefined) await card.screenshot({ path: `${pictures}/customer-key.png` })
      transit.tokens.set('planted-token', 3600)
      await portal.server.vault.customerKeys.look(0)
      await card.getByText('Available', { exact: true }).waitFor()
      await card.getByRole('button', { name: 'Remove' }).click()
      await page.getByRole('alertdialog').getByRole('button', { name: 'Remove' }).click()
      await card.getByRole('button', { name: 'Set up' }).waitFor()
    })

    test('say that somebody is still signed in whose signing out failed', async (t) => {
      const portal = await startPortal(t, engine, { mayLog: /status of 503/ })
      assert.equal((await portal.server.api.put('/v3/sign-in', { second_factor_required: true })).status, 200)
      const page = await portal.open()
      await page.goto('/portal/')
      await page.getByLabel('Email').fill(reader.email)
      await page.getByLabel('Password').fill(reader.password)
      await page.getByRole('button', { name: 'Sign in', exact: true }).click()
      await page.getByRole('heading', { name: 'Set up two-factor authentication' }).waitFor()
      const signOut = page.getByRole('button', { name: 'Sign out' })
      await page.route('**/v3/session', (route) =>
        route.request().method() === 'DELETE'
          ? route.fulfill({ status: 503, ...problem('Not now.') })
          : route.continue(),
      )

      await signOut.click()
      await page.getByText('You are still signed in. Not now.').waitFor()
      assert.deepEqual(await violations(page), [])
      await page.unrouteAll()
      await signOut.click()
      await page.getByLabel('Email').waitFor()
    })
  })
}
