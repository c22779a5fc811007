/** Pages that are told of what others change, and what they ask for then. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import { isPageView, kindOf } from '../../portal/src/audit/actions.ts'
import { changeActions, makesOld } from '../../portal/src/frame/changes.ts'
import { actions, changeActions as toldToReaders } from '../../src/audit/record.ts'
import { engines } from '../support/engines.ts'
import { Person } from '../support/person.ts'
import { owner, type Portal, reader, settled, startPortal, violations } from './portal.ts'

async function recordsOf({ server: { api } }: Portal, action: string): Promise<number> {
  return (await api.get(`/v3/audit?action=${action}&limit=1000`)).body.records.length
}

async function until(is: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await is()); tries++) {
    assert.ok(tries < 300)
    await setTimeout(20)
  }
}

/** A tab that is out of sight, or in sight again. */
function show(page: Page, state: 'hidden' | 'visible'): Promise<void> {
  return page.evaluate((now) => {
    Object.defineProperty(document, 'visibilityState', { value: now, configurable: true })
    document.dispatchEvent(new Event('visibilitychange'))
  }, state)
}

suite('What the portal takes for a change', () => {
  test('is known to the audit log, fits the question, and is never that somebody looked', () => {
    assert.deepEqual(
      changeActions.filter((action) => !actions.some((known) => known === action)),
      [],
    )
    assert.ok(changeActions.join(',').length <= 1024)
    assert.deepEqual(
      changeActions.filter(
        (action) => isPageView(action) || ['Listings', 'Reads of values'].includes(kindOf(action, 'ok')),
      ),
      ['seed.fetch'],
    )
  })

  test('is all that changes something, and all that whoever reads secrets is told of', () => {
    const changed = actions.filter((action) => kindOf(action, 'ok') === 'Changes')
    assert.deepEqual(
      [...changed, ...toldToReaders].filter((action) => !changeActions.includes(action)),
      [],
    )
  })

  test('makes only that old which it is about', () => {
    const told = { action: 'secret.update', outcome: 'ok', object: { kind: 'secret', id: 1 } }
    const old = (key: readonly unknown[], change = {}) => makesOld({ ...told, ...change }, key)
    assert.ok(old(['secrets', 1]) && old(['secrets', 1, 'versions']) && old(['secrets', 'rows', {}, 0]))
    assert.ok(old(['deployments', 'stale']))
    assert.ok(!old(['secrets', 2]) && !old(['secrets', 1, 'access']) && !old(['keys']) && !old(['key usage', 1]))
    assert.ok(!old(['secrets', 1], { outcome: 'forbidden' }))
    // Each secret says the list that it is in.
    assert.ok(old(['secrets', 2], { action: 'list.rename', object: { kind: 'list', id: 1 } }))
  })
})

// The events themselves have their tests on every store.
for (const engine of engines.slice(0, 1)) {
  suite(`${engine.name}: live pages`, { skip: engine.skip }, () => {
    test('show what others change, each change with one look, and never what is typed otherwise', async (t) => {
      const portal = await startPortal(t, engine)
      const { server } = portal
      const { api } = server
      await api.post('/v3/secrets', { name: 'db-password', value: 'one' })
      const page = await portal.openAs(owner, '/portal/keys')
      await page.getByText('first key').first().waitFor()
      await until(() => server.vault.listeners.count === 1)
      await settled(page)
      const listings = await recordsOf(portal, 'key.list')

      await api.post('/v3/keys', { name: 'checkout service', scopes: ['secrets:read'] })
      await page.getByText('checkout service').waitFor()
      await settled(page)
      assert.equal(await recordsOf(portal, 'key.list'), listings + 1)
      assert.deepEqual(await violations(page), [])

      await page.getByRole('link', { name: 'Secrets', exact: true }).click()
      await page.getByRole('link', { name: 'db-password' }).click()
      await page.getByText('Version 1', { exact: true }).first().waitFor()
      await page.getByRole('button', { name: 'Rename' }).click()
      await page.getByRole('textbox', { name: 'Name' }).fill('db-primary')
      await api.put('/v3/secrets/1', { value: 'two' })
      await page.getByText('Version 2', { exact: true }).first().waitFor()
      assert.equal(await page.getByRole('textbox', { name: 'Name' }).inputValue(), 'db-primary')
      // What was begun before the change is saved upon what was seen then.
      await page.getByRole('button', { name: 'Rename', exact: true }).click()
      await page.getByText('Someone else changed this.').waitFor()
      assert.equal((await api.get('/v3/secrets/1/metadata')).body.name, 'db-password')
      await page.getByRole('button', { name: 'Cancel' }).click()

      await api.delete('/v3/secrets/1')
      await page.getByText('This secret was deleted.').waitFor()
      assert.equal(server.vault.listeners.count, 1)
    })

    test('listen while they are in sight, are told then what they missed, and stop at sign-out', async (t) => {
      const portal = await startPortal(t, engine)
      const { server } = portal
      const { api } = server
      const page = await portal.openAs(reader)
      const count = () => server.vault.listeners.count
      await until(() => count() === 1)

      await show(page, 'hidden')
      await until(() => count() === 0)
      await api.post('/v3/secrets', { name: 'made-meanwhile', value: 'v' })
      await show(page, 'visible')
      await page.getByRole('link', { name: 'made-meanwhile' }).waitFor()
      assert.equal(count(), 1)

      await page.getByRole('button', { name: 'Your user' }).or(page.getByText(reader.name)).first().click()
      await page.getByRole('menuitem', { name: 'Sign out' }).click()
      await page.getByLabel('Email').waitFor()
      await until(() => count() === 0)
      assert.equal(await recordsOf(portal, 'event.listen'), 0)
    })

    test('stop listening with their session, and go on after signing in again', async (t) => {
      const portal = await startPortal(t, engine)
      const { server } = portal
      const ada = new Person(server.url)
      await ada.signIn(owner.email, owner.password)
      const page = await portal.openAs(owner)
      await until(() => server.vault.listeners.count === 1)
      const { body } = await ada.get('/v3/sessions')
      for (const { id, current } of body.sessions) if (!current) await ada.send('DELETE', `/v3/sessions/${id}`)
      await until(() => server.vault.listeners.count === 0)

      await page.getByRole('link', { name: 'API keys', exact: true }).click()
      const dialog = page.getByRole('dialog', { name: 'Your session ended' })
      await dialog.getByLabel('Password').fill(owner.password)
      await dialog.getByRole('button', { name: 'Sign in' }).click()
      await until(() => server.vault.listeners.count === 1)
    })
  })
}
