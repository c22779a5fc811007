/** Signing in where a server has several accounts: which one is asked for once, and kept. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import type { Page } from 'playwright-core'
import { createAccount } from '../../src/vault/accounts.ts'
import { inviteOwner } from '../../src/vault/users.ts'
import { Api } from '../support/api.ts'
import type { TestEngine } from '../support/engines.ts'
import { Person } from '../support/person.ts'
import { enrolTotp } from '../support/portal-account.ts'
import { owner, portalEngines, settled, startPortal, violations } from './portal.ts'

/** The same person, at the same address, in another account. */
const inAcme = { ...owner, name: 'Ada of Acme', password: 'timber-anchor-violet-sparrow' }

type Server = Awaited<ReturnType<typeof startPortal>>['server']

async function addAcme({ url, vault }: Server) {
  const { account, token } = await createAccount(vault, { name: 'test', requestId: 'test' }, 'acme')
  const caller = { kind: 'host', accountId: account.id, name: 'test' } as const
  const link = await inviteOwner(vault, { caller, requestId: 'test', address: 'host' }, account.id)
  const person = new Person(url)
  assert.equal((await person.accept(`#${link.token}`, inAcme)).status, 201)
  return { person, api: new Api(url, token) }
}

async function startWithTwo(t: TestContext, engine: TestEngine) {
  const portal = await startPortal(t, engine)
  return { portal, acme: await addAcme(portal.server) }
}

const accountField = (page: Page) => page.getByLabel('Account', { exact: true })

async function signIn(page: Page, { email, password }: typeof owner): Promise<void> {
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

async function isIn(page: Page, { name }: typeof owner): Promise<void> {
  await page.getByRole('button', { name, exact: true }).waitFor()
}

async function signOut(page: Page, { name }: typeof owner): Promise<void> {
  await page.getByRole('button', { name, exact: true }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await page.getByLabel('Password').waitFor()
}

for (const engine of portalEngines) {
  suite(`${engine.name}: signing in to one of several accounts`, { skip: engine.skip }, () => {
    test('asks for the account when there are several, keeps it, and takes it from the address', async (t) => {
      const portal = await startPortal(t, engine)
      const page = await portal.open()
      await page.goto('/portal/')
      await page.getByLabel('Email').waitFor()
      // It has been told that there is one.
      await settled(page)
      assert.equal(await accountField(page).count(), 0)

      // Made while the page was open.
      await addAcme(portal.server)
      await signIn(page, inAcme)
      await page.getByText('Name the account: this server has several.').waitFor()
      await accountField(page).fill('acme')
      assert.deepEqual(await violations(page), [])
      await page.getByRole('button', { name: 'Sign in', exact: true }).click()
      await isIn(page, inAcme)
      assert.equal(await page.evaluate(() => JSON.stringify(localStorage)), '{"strongroom-account":"acme"}')

      await signOut(page, inAcme)
      await page.reload()
      await accountField(page).waitFor()
      assert.equal(await accountField(page).inputValue(), 'acme')
      await signIn(page, owner)
      await page.getByText('The address or the password is wrong.').waitFor()
      await page.goto('/portal/?account=default')
      await accountField(page).waitFor()
      assert.equal(await accountField(page).inputValue(), 'default')
      await signIn(page, owner)
      await isIn(page, owner)
      await signOut(page, owner)
      await page.goto('/portal/')
      await accountField(page).waitFor()
      assert.equal(await accountField(page).inputValue(), 'default')
    })

    test('asks for no account to go on after a session ended: it is the same one', async (t) => {
      const { portal } = await startWithTwo(t, engine)
      const page = await portal.open()
      await page.goto('/portal/lists?account=acme')
      await signIn(page, inAcme)
      await isIn(page, inAcme)

      // What the page has still to ask would end the session first.
      await settled(page)
      portal.wait(31)
      await page.getByRole('link', { name: 'Settings' }).last().click()
      const dialog = page.getByRole('dialog', { name: 'Your session ended' })
      await dialog.getByLabel('Password').fill(inAcme.password)
      assert.equal(await dialog.getByLabel('Account', { exact: true }).count(), 0)
      await dialog.getByRole('button', { name: 'Sign in', exact: true }).click()
      await dialog.waitFor({ state: 'detached' })
      await isIn(page, inAcme)
    })

    test('is with the account of a link, whose page knows it', async (t) => {
      const { portal, acme } = await startWithTwo(t, engine)
      await enrolTotp(acme.person, portal.now())
      const { body } = await acme.api.post('/v3/users/1/reset', undefined)
      const page = await portal.open()
      await page.goto(body.invitation_url)

      await page.getByLabel('Password').fill('copper-meadow-lantern-drift')
      await page.getByRole('button', { name: 'Set password' }).click()

      await accountField(page).waitFor()
      assert.equal(await accountField(page).inputValue(), 'acme')
      await signIn(page, { ...inAcme, password: 'copper-meadow-lantern-drift' })
      await page.getByLabel('Code').waitFor()
    })

    test('shows nothing of one account to the user of another who has the same id', async (t) => {
      const { portal } = await startWithTwo(t, engine)
      await portal.server.api.post('/v3/secrets', { name: 'of-default', value: 'v' })
      const page = await portal.open()
      await page.goto('/portal/secrets?account=default')
      await signIn(page, owner)
      await page.getByText('of-default').first().waitFor()
      // In the same browser somebody else signs in, of which no other page tells this one.
      const { email, password } = inAcme
      const answer = await page.request.post('/v3/session', {
        data: { account: 'acme', email, password },
        headers: { 'strongroom-portal': '1' },
      })
      assert.equal(answer.status(), 201)

      portal.wait(16)
      await page.getByRole('link', { name: 'API keys' }).click()
      await page.getByRole('button', { name: 'New key' }).click()
      await page.getByRole('textbox', { name: 'Name', exact: true }).fill('delicate')
      await page.getByRole('button', { name: 'Create key' }).click()
      const dialog = page.getByRole('dialog', { name: 'Confirm it’s you' })
      await dialog.getByLabel('Password').fill(inAcme.password)
      await dialog.getByRole('button', { name: 'Confirm' }).click()

      await isIn(page, inAcme)
      await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
      assert.equal(await page.getByText('of-default').count(), 0)
    })
  })
}
