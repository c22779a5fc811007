/** The people of an account and their sessions, in browsers of their own: what one does is seen by the other. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Page } from 'playwright-core'
import { owner, placesOf, portalEngines, reader, settled, startPortal, violations } from './portal.ts'

const invited = { email: 'mary@example.com', name: 'Mary Somerville', password: 'velvet-compass-harbour-plume' }

async function choose(page: Page, entry: string): Promise<void> {
  await page.getByRole('button', { name: `Actions for ${invited.email}` }).click()
  await page.getByRole('menuitem', { name: entry }).click()
}

/** Reads the link that is shown once, and says until when it is good. */
async function takeLink(page: Page): Promise<{ readonly url: string; readonly end: string }> {
  const dialog = page.getByRole('dialog', { name: 'One-time link' })
  const url = (await dialog.locator('code').textContent()) ?? ''
  const end = /and expires (.+)\.$/.exec((await dialog.getByText('works once').textContent()) ?? '')?.[1] ?? ''
  assert.deepEqual(await violations(page), [])
  await dialog.getByRole('button', { name: 'Done' }).click()
  await dialog.waitFor({ state: 'detached' })
  assert.deepEqual(await placesOf(page, url), [])
  return { url, end }
}

function daysUntil(time: string): number {
  return Math.round((Date.parse(time) - Date.now()) / 86_400_000)
}

async function typePassword(page: Page, password: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Password' }).fill(password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

/** What the window's cookie is good for. */
const statusOfSecrets = async () => (await fetch('/v3/secrets', { headers: { 'strongroom-portal': '1' } })).status

/** What a server answers in a session that has ended. */
const ended = {
  status: 401,
  contentType: 'application/problem+json',
  body: JSON.stringify({
    type: 'urn:strongroom:problem:unauthenticated',
    title: 'Unauthorized',
    status: 401,
    code: 'unauthenticated',
    detail: 'The session has ended.',
    message: 'The session has ended.',
    request_id: 'test',
  }),
}

for (const engine of portalEngines) {
  suite(`${engine.name}: people at the portal`, { skip: engine.skip }, () => {
    test('end a session in another window, which asks to sign in again', async (t) => {
      const portal = await startPortal(t, engine)
      await portal.server.api.post('/v3/secrets', { name: 'db-password', value: 'planted-value' })
      const first = await portal.openAs(owner, '/portal/secrets/1')
      await first.getByRole('button', { name: 'Reveal' }).click()
      await first.getByRole('region', { name: 'Revealed value' }).waitFor()
      const second = await portal.openAs(owner, '/portal/settings')

      const sessions = second.getByRole('region', { name: 'Sessions' })
      const ends = sessions.getByRole('button', { name: /^Sign out / })
      await sessions.getByText('This device').waitFor()
      // The one of the set-up and the one of the first window, the newest first.
      assert.equal(await ends.count(), 2)
      await ends.first().click()
      await second.getByText('Session signed out').waitFor()
      await ends.nth(1).waitFor({ state: 'detached' })

      await first.getByRole('button', { name: 'Hide' }).click()
      await first.getByRole('button', { name: 'Reveal' }).click()
      const dialog = first.getByRole('dialog', { name: 'Your session ended' })
      await dialog.waitFor()
      assert.deepEqual(await violations(first), [])
      assert.deepEqual(await placesOf(first, 'planted-value'), [])
      assert.equal(await first.evaluate(statusOfSecrets), 401)
      assert.equal(await second.evaluate(statusOfSecrets), 200)
      await dialog.getByLabel('Password').fill(owner.password)
      await dialog.getByRole('button', { name: 'Sign in', exact: true }).click()
      await dialog.waitFor({ state: 'detached' })
      await first.getByRole('button', { name: 'Reveal' }).click()
      assert.equal(await first.getByRole('region', { name: 'Revealed value' }).textContent(), 'planted-value')
    })

    test('do not do what another one began and did not confirm, who has signed out since', async (t) => {
      const portal = await startPortal(t, engine)
      const page = await portal.openAs(owner, '/portal/lists')
      const refuse = Promise.withResolvers<void>()
      const asked: string[] = []
      page.on('request', (request) => {
        if (new URL(request.url()).pathname === '/v3/keys') asked.push(request.method())
      })
      await page.route(/\/v3\/keys\?/, async (route) => {
        await refuse.promise
        await route.fulfill(ended)
      })
      await page.getByRole('link', { name: 'API keys' }).click()
      portal.wait(16)
      await page.getByRole('button', { name: 'New key' }).click()
      await page.getByRole('textbox', { name: 'Name', exact: true }).fill('delicate')
      await page.getByRole('button', { name: 'Create key' }).click()
      await page.getByRole('dialog', { name: 'Confirm it’s you' }).waitFor()
      refuse.resolve()
      const again = page.getByRole('dialog', { name: 'Your session ended' })
      await again.waitFor()

      await again.getByRole('button', { name: 'Sign out' }).click()
      await page.getByLabel('Email').fill(reader.email)
      await page.getByLabel('Password').fill(reader.password)
      await page.getByRole('button', { name: 'Sign in', exact: true }).click()
      await page.getByRole('button', { name: reader.name, exact: true }).waitFor()
      await settled(page)

      assert.deepEqual(asked, ['GET', 'POST'])
      const { body } = await portal.server.api.get('/v3/audit?action=key.create')
      assert.deepEqual(
        body.records.map(({ principal }: { principal: { name: string } }) => principal.name),
        [owner.email],
      )
    })

    test('are not asked to sign in again by what was refused before they did', async (t) => {
      const portal = await startPortal(t, engine)
      const page = await portal.openAs(owner, '/portal/lists')
      const refuse = Promise.withResolvers<void>()
      const again = Promise.withResolvers<void>()
      let asked = 0
      await page.route('**/v3/sessions', async (route) => {
        asked++
        if (asked > 1) again.resolve()
        else await refuse.promise
        await (asked > 1 ? route.continue() : route.fulfill(ended))
      })
      // What the page has still to ask would end the session first.
      await settled(page)
      portal.wait(31)
      await page.getByRole('link', { name: 'Settings' }).last().click()
      const dialog = page.getByRole('dialog', { name: 'Your session ended' })
      await dialog.getByLabel('Password').fill(owner.password)
      await dialog.getByRole('button', { name: 'Sign in', exact: true }).click()
      await dialog.waitFor({ state: 'detached' })

      refuse.resolve()
      await Promise.race([again.promise, dialog.waitFor()])

      assert.equal(await dialog.count(), 0)
      await page.getByRole('region', { name: 'Sessions' }).getByText('This device').waitFor()
    })

    test('see the page Users only when they may manage users, whatever their role is called', async (t) => {
      const portal = await startPortal(t, engine)
      const { email } = invited
      const narrow = { email, role: 'admin', name_patterns: ['web-*'] }
      const { body } = await portal.server.api.post('/v3/users', narrow)
      const page = await portal.open()

      await page.goto(body.invitation_url)
      // As short as the server allows.
      await page.getByLabel('Password').fill('qz7#Lw9!xK')
      await page.getByRole('button', { name: 'Create account' }).click()
      await page.getByRole('link', { name: 'API keys' }).waitFor()

      assert.equal(await page.getByRole('link', { name: 'Users' }).count(), 0)
      const whole = await portal.openAs(owner)
      assert.equal(await whole.getByRole('link', { name: 'Users' }).count(), 1)
    })

    test('who guess a password are told how long to wait, in words', async (t) => {
      const portal = await startPortal(t, engine)
      const page = await portal.open()
      await page.goto('/portal/')
      await page.getByLabel('Email').fill(owner.email)
      for (let tries = 0; tries < 5; tries++) {
        await typePassword(page, `${owner.password} ${tries}`)
        await page.getByText('The address or the password is wrong.').waitFor()
        await page.getByRole('button', { name: 'Sign in', exact: true }).and(page.locator(':enabled')).waitFor()
      }
      await typePassword(page, owner.password)
      await page.getByText('Too many failed attempts. Try again in 15 minutes.').waitFor()
    })

    test('are invited, disabled, let in again and given a new password on the page Users', async (t) => {
      const portal = await startPortal(t, engine)
      const page = await portal.openAs(owner, '/portal/users')
      const item = page.getByRole('listitem').filter({ hasText: invited.email })
      // Who is to set up the account has no address yet.
      await page.getByRole('listitem').filter({ hasText: 'invited' }).getByText('never signed in').waitFor()
      assert.equal(await page.getByText('null').count(), 0)

      await page.getByRole('button', { name: 'Invite user' }).click()
      await page.getByLabel('Email').fill(invited.email)
      await page.getByRole('button', { name: 'Create invite link' }).click()
      const invitation = await takeLink(page)
      assert.equal(daysUntil(invitation.end), 7)
      await item.getByText('invited').waitFor()
      const other = await portal.open()
      await other.goto(invitation.url)
      await other.getByLabel('Your name').fill(invited.name)
      await other.getByLabel('Password').fill(invited.password)
      await other.getByRole('button', { name: 'Create account' }).click()
      await other.locator('nav[aria-label="Pages"]').waitFor()
      assert.equal(await other.getByRole('link', { name: 'Users' }).count(), 0)

      await page.reload()
      await choose(page, 'Disable')
      await page.getByRole('button', { name: 'Disable', exact: true }).click()
      await item.getByText('disabled').waitFor()
      await other.getByRole('link', { name: 'Settings' }).click()
      await other.getByRole('dialog', { name: 'Your session ended' }).waitFor()
      await typePassword(other, invited.password)
      await other.getByText('The address or the password is wrong.').waitFor()

      await choose(page, 'Enable')
      await item.getByText('disabled').waitFor({ state: 'detached' })
      await choose(page, 'Reset password')
      const reset = await takeLink(page)
      assert.equal(daysUntil(reset.end), 1)
      const fresh = await portal.open()
      await fresh.goto(reset.url)
      await fresh.getByRole('heading', { name: 'Choose a new password' }).waitFor()
      await fresh.getByLabel('Password').fill(`${invited.password}-anew`)
      await fresh.getByRole('button', { name: 'Set password' }).click()
      await fresh.locator('nav[aria-label="Pages"]').waitFor()
      await typePassword(other, invited.password)
      await other.getByText('The address or the password is wrong.').waitFor()
      await typePassword(other, `${invited.password}-anew`)
      await other.getByRole('dialog', { name: 'Your session ended' }).waitFor({ state: 'detached' })
      const { body } = await portal.server.api.get('/v3/audit?action=user.update')
      assert.ok(body.records.length >= 2)
    })
  })
}
