/** A secret's page: values that are generated, names that are changed, who made which version, and who reads it. */
import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { suite, test } from 'node:test'
import type { Page } from 'playwright-core'
import { engines } from '../support/engines.ts'
import { owner, placesOf, reader, settled, startPortal, violations } from './portal.ts'

const dayMs = 86_400_000

async function choose(page: Page, label: string, choice: string): Promise<void> {
  await page.getByRole('button', { name: label }).click()
  await page.getByRole('option', { name: choice, exact: true }).click()
}

// What a page does with its own state does not depend on the store.
for (const engine of engines.slice(0, 1)) {
  suite(`${engine.name}: the page of a secret`, { skip: engine.skip }, () => {
    test('generates values of every kind, and says how strong they are', async (t) => {
      const portal = await startPortal(t, engine)
      const page = await portal.openAs(owner, '/portal/secrets/new')
      const field = page.getByRole('textbox', { name: 'Value' })
      const make = async () => {
        await field.fill('')
        await page.getByRole('button', { name: 'Generate', exact: true }).click()
        await page.waitForFunction(() => [...document.querySelectorAll('textarea')].some(({ value }) => value !== ''))
        return field.inputValue()
      }

      await page.getByRole('button', { name: 'Generate a value' }).click()
      await page.getByText('Very strong, 199 bits').waitFor()
      const texts = [await make(), await make()]
      assert.ok(texts[0] !== texts[1] && texts.every((text) => /^[!-~]{32}$/.test(text)), texts.join(' '))
      assert.deepEqual(await placesOf(page, texts[1] ?? ''), [])
      assert.deepEqual(await violations(page), [])
      await page.getByLabel('Length').fill('0')
      await page.getByText('From 1 to 1,024.').waitFor()
      assert.equal(await page.getByRole('button', { name: 'Generate', exact: true }).isDisabled(), true)
      await page.getByLabel('Length').fill('6')
      await choose(page, 'Characters', 'Digits')
      await page.getByText('Weak, 19 bits').waitFor()
      assert.match(await make(), /^\d{6}$/)
      await choose(page, 'Random text Generate', 'Words')
      await page.getByText('Fair, 77 bits').waitFor()
      assert.match(await make(), /^([a-z]+-){6}[a-z]+$/)
      await choose(page, 'Words Generate', 'UUID')
      assert.match(await make(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      for (const [before, kind, type] of [
        ['UUID', 'Ed25519 key pair', 'ed25519'],
        ['Ed25519 key pair', 'RSA 4096 key pair', 'rsa'],
      ] as const) {
        await choose(page, `${before} Generate`, kind)
        await page.getByRole('button', { name: 'Generate', exact: true }).isEnabled()
        const key = createPrivateKey(await make())
        assert.equal(key.asymmetricKeyType, type)
        const shown = createPublicKey((await page.locator('.copy-once code').textContent()) ?? '')
        assert.ok(shown.equals(createPublicKey(key)))
      }
      await page.getByLabel('Name', { exact: true }).fill('deploy-key')
      const value = await field.inputValue()
      await page.getByRole('button', { name: 'Create secret' }).click()
      await page.getByRole('heading', { name: 'deploy-key' }).waitFor()

      assert.equal((await portal.server.api.get('/v3/secrets/1')).body.value, value)
    })

    test('renames it in place, by keyboard alone, and says who made which version', async (t) => {
      const portal = await startPortal(t, engine)
      const { api } = portal.server
      await api.post('/v3/secrets', { name: 'old-name', value: 'one' })
      await api.post('/v3/secrets', { name: 'taken', value: 'one' })
      const page = await portal.openAs(owner, '/portal/secrets/1')

      await page.getByRole('button', { name: 'Rename' }).focus()
      await page.keyboard.press('Enter')
      await page.getByLabel('Name', { exact: true }).and(page.locator(':focus')).waitFor()
      await page.keyboard.press('Control+a')
      await page.keyboard.type('taken')
      await page.keyboard.press('Enter')
      await page.getByText('A secret of this name exists already.').waitFor()
      assert.deepEqual(await violations(page), [])
      await page.keyboard.press('Control+a')
      await page.keyboard.type('web/new-name')
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'web/new-name' }).waitFor()
      await page.getByRole('button', { name: 'Rename' }).and(page.locator(':focus')).waitFor()

      const versions = page.locator('.versions li')
      await versions.nth(1).waitFor()
      await versions.nth(0).getByText('by ada@example.com').waitFor()
      await versions.nth(1).getByText('by first key').waitFor()
      assert.equal((await api.get('/v3/secrets/1')).body.name, 'web/new-name')
      assert.equal((await api.get('/v3/secrets/1')).body.value, 'one')
    })

    test('marks it as a decoy for who manages the account, warns before it is read, and shows nobody else', async (t) => {
      const portal = await startPortal(t, engine)
      const { api } = portal.server
      await api.post('/v3/secrets', { name: 'old-root-password', value: 'v' })
      const { users } = (await api.get('/v3/users')).body
      const { id } = users.find((one: { readonly email: string }) => one.email === reader.email)
      assert.equal((await api.send('PATCH', `/v3/users/${id}`, { role: 'editor' })).status, 200)
      const page = await portal.openAs(owner, '/portal/secrets/1')
      const warning = page.getByText('This is a decoy. Revealing or copying its value raises an alert.')

      await page.getByRole('button', { name: 'Mark as decoy' }).click()
      await choose(page, 'Off: an ordinary secret Decoy', 'On: report each read and revoke the API key')
      assert.deepEqual(await violations(page), [])
      await page.getByRole('button', { name: 'Save' }).click()
      await warning.waitFor()
      await page.getByText('Reports reads, revokes the key').waitFor()

      const other = await portal.openAs(reader, '/portal/secrets/1')
      await other.getByRole('button', { name: 'Delete secret' }).waitFor()
      assert.doesNotMatch(await other.content(), /decoy/i)
      // What the page has still to ask would end the session before the next click.
      await settled(other)
      await other.getByRole('button', { name: 'Reveal' }).click()
      await other.getByRole('region', { name: 'Revealed value' }).waitFor()
      // The read is answered as any, and is the last that the session was good for.
      await other.getByRole('link', { name: 'Lists', exact: true }).click()
      await other.getByRole('dialog', { name: 'Your session ended' }).waitFor()
      const { records } = (await api.get('/v3/audit?action=decoy.read')).body
      assert.deepEqual([records.length, records[0].principal.name], [1, reader.email])

      await page.getByRole('button', { name: 'Change decoy' }).click()
      await choose(page, 'On: report each read and revoke the API key Decoy', 'Off: an ordinary secret')
      await page.getByRole('button', { name: 'Save' }).click()
      await warning.waitFor({ state: 'detached' })
      await page.getByRole('button', { name: 'Mark as decoy' }).waitFor()
      assert.equal((await api.get('/v3/secrets/1/metadata')).body.decoy, null)
    })

    test('holds the reads of this week against those of the weeks before', async (t) => {
      const clock = { now: Date.now() - 40 * dayMs }
      const portal = await startPortal(t, engine, { now: () => clock.now })
      const { api, withScopes } = portal.server
      await api.post('/v3/secrets', { name: 'db-password', value: 'v' })
      const [old, fresh] = [await withScopes('secrets:read'), await withScopes('secrets:read')]
      for (let week = 0; week < 4; week++) {
        clock.now = Date.now() - (34 - 7 * week) * dayMs
        await old.get('/v3/secrets/1')
      }
      clock.now = Date.now() - dayMs
      for (let times = 0; times < 9; times++) await old.get('/v3/secrets/1')
      await fresh.get('/v3/secrets/1')
      clock.now = Date.now()
      const page = await portal.openAs(owner, '/portal/secrets/1')

      await page.getByText('Unusual: 10 reads in the last 7 days; 1 per week in the 4 weeks before.').waitFor()
      const rows = page.getByRole('region', { name: 'Table of readers' }).locator('tbody tr')
      assert.deepEqual(await rows.locator('td:nth-child(4)').allTextContents(), ['1 read new', '9 reads '])
      assert.deepEqual(await rows.locator('td:nth-child(5)').allTextContents(), ['0 per week', '1 per week'])
      assert.deepEqual(await violations(page), [])
    })
  })
}
