/** People and their secrets, in a browser: from the first set-up to deletion. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import type { Locator } from 'playwright-core'
import { owner, type Portal, placesOf, portalEngines, reader, settled, startPortal } from './portal.ts'

const value = 'hidden-Pa55-of-the-vault'

async function readsOf({ server }: Portal, id: number): Promise<number> {
  const { body } = await server.api.get(`/v3/audit?secret=${id}&action=secret.read&outcome=ok`)
  return body.records.length
}

for (const engine of portalEngines) {
  suite(`${engine.name}: the portal`, { skip: engine.skip }, () => {
    test('leads from the one-time link to the first secret, whose value is nowhere before it is revealed', async (t) => {
      const portal = await startPortal(t, engine)
      const page = await portal.open()

      await page.goto(`/portal/welcome#${portal.setupToken}`)
      await page.getByLabel('Your name').fill(owner.name)
      assert.ok(!page.url().includes(portal.setupToken))
      await page.getByLabel('Email').fill('augusta@example.com')
      await page.getByLabel('Password').fill(owner.password)
      await page.getByRole('button', { name: 'Create account' }).click()
      await page.getByRole('link', { name: 'Create a secret' }).click()
      await page.getByLabel('Name').fill('db-password')
      await page.getByRole('textbox', { name: 'Value' }).fill(value)
      assert.deepEqual(await placesOf(page, value), [])
      await page.getByRole('button', { name: 'Create secret' }).click()

      await page.getByRole('heading', { name: 'db-password' }).waitFor()
      assert.deepEqual(await placesOf(page, value), [])
      assert.equal((await portal.server.api.get('/v3/secrets/1/metadata')).body.name, 'db-password')
      assert.equal(await readsOf(portal, 1), 0)
      await page.getByRole('button', { name: 'Reveal' }).click()
      assert.equal(await page.getByRole('region', { name: 'Revealed value' }).textContent(), value)
      assert.equal(await readsOf(portal, 1), 1)
      await page.goto(`/portal/welcome#${portal.setupToken}`)
      await page.getByRole('heading', { name: 'This link can’t be used' }).waitFor()
    })

    test('hides a revealed value after 30 seconds, when the window is left, and when asked to', async (t) => {
      const portal = await startPortal(t, engine)
      await portal.server.api.post('/v3/secrets', { name: 'db-password', value })
      const page = await portal.openAs(owner, '/portal/secrets/1')
      await page.clock.install()
      const shown = page.getByRole('region', { name: 'Revealed value' })
      const ways: readonly (() => Promise<unknown>)[] = [
        () => page.clock.fastForward(31_000),
        () => page.evaluate(() => dispatchEvent(new Event('blur'))),
        () => page.getByRole('button', { name: 'Hide' }).click(),
      ]
      for (const [at, hide] of ways.entries()) {
        await page.getByRole('button', { name: 'Reveal' }).click()
        await shown.waitFor()
        await hide()
        await shown.waitFor({ state: 'detached' })
        assert.deepEqual(await placesOf(page, value), [])
        assert.equal(await readsOf(portal, 1), at + 1)
      }
    })

    test('shows no value that comes when the window was left', async (t) => {
      const portal = await startPortal(t, engine)
      await portal.server.api.post('/v3/secrets', { name: 'db-password', value })
      const page = await portal.openAs(owner, '/portal/secrets/1')
      let answer = () => {}
      const isLeft = new Promise<void>((resolve) => {
        answer = resolve
      })
      await page.route('**/v3/secrets/1', async (route) => {
        await isLeft
        await route.continue()
      })

      await page.getByRole('button', { name: 'Reveal' }).click()
      await page.getByRole('button', { name: 'Reading…' }).waitFor()
      await page.evaluate(() => {
        document.hasFocus = () => false
        dispatchEvent(new Event('blur'))
      })
      answer()
      await page.getByRole('button', { name: 'Reveal' }).waitFor()

      assert.deepEqual(await placesOf(page, value), [])
      assert.equal(await readsOf(portal, 1), 1)
    })

    test('copies a value without showing it, from the table', async (t) => {
      const portal = await startPortal(t, engine)
      await portal.server.api.post('/v3/secrets', { name: 'db-password', value })
      const page = await portal.openAs(owner)

      await page.getByRole('button', { name: 'Copy the value of db-password' }).click()
      await page.getByText('Value of db-password copied').waitFor()

      assert.deepEqual(await placesOf(page, value), [])
      assert.equal(await readsOf(portal, 1), 1)
      await page.getByLabel('Search secrets').press('Control+v')
      assert.equal(await page.getByLabel('Search secrets').inputValue(), value)
    })

    test('imports a dropped binary file, and downloads it byte for byte', async (t) => {
      const portal = await startPortal(t, engine)
      const bytes = Buffer.concat([Buffer.from([0, 255, 0xef, 0xbb, 0xbf, 13, 10]), randomBytes(70_000)])
      const page = await portal.openAs(owner)
      await page.getByRole('heading', { name: 'No secrets yet' }).waitFor()

      const dropped = await page.evaluateHandle((base64) => {
        const transfer = new DataTransfer()
        const content = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
        transfer.items.add(new File([content], 'web server.p12'))
        transfer.items.add(new File(['MODE=test\n'], 'settings.ini'))
        return transfer
      }, bytes.toString('base64'))
      await page.getByRole('region', { name: 'Secrets' }).dispatchEvent('drop', { dataTransfer: dropped })
      await page.getByRole('button', { name: 'Import 2 secrets' }).click()
      await page.getByText('2 secrets imported').waitFor()
      await page.getByRole('link', { name: 'web-server.p12' }).click()
      const downloading = page.waitForEvent('download')
      await page.getByRole('button', { name: 'Download', exact: true }).click()
      const download = await downloading

      assert.equal(download.suggestedFilename(), 'web server.p12')
      assert.deepEqual(readFileSync(await download.path()), bytes)
      const content = await fetch(`${portal.server.url}/v3/secrets/1/content`, {
        headers: { authorization: `Bearer ${portal.server.api.key}` },
      })
      assert.deepEqual(Buffer.from(await content.arrayBuffer()), bytes)
      assert.equal((await portal.server.api.get('/v3/secrets/2')).body.value, 'MODE=test\n')
    })

    test('leaves out a folder that is dropped among files, and says so', async (t) => {
      const portal = await startPortal(t, engine)
      const page = await portal.openAs(owner)
      await page.getByRole('heading', { name: 'No secrets yet' }).waitFor()
      const drop = async (...names: readonly string[]) => {
        const dropped = await page.evaluateHandle((all) => {
          const transfer = new DataTransfer()
          for (const name of all) transfer.items.add(new File(['MODE=test\n'], name))
          return transfer
        }, names)
        await page.getByRole('region', { name: 'Secrets' }).dispatchEvent('drop', { dataTransfer: dropped })
      }
      // As a browser does with a folder: it is among the files, and cannot be read.
      await page.evaluate(() => {
        const readFile = Blob.prototype.arrayBuffer
        Blob.prototype.arrayBuffer = function (this: Blob) {
          const isFolder = this instanceof File && this.name === 'certificates'
          return isFolder ? Promise.reject(new DOMException('', 'NotFoundError')) : readFile.call(this)
        }
      })

      await drop('certificates')
      await page.getByText('It can’t be read. If it is a folder, drop the files in it.').waitFor()
      assert.equal(await page.getByRole('button', { name: 'Import 0 secrets' }).isDisabled(), true)
      await page.getByRole('button', { name: 'Cancel' }).click()
      await drop('certificates', 'settings.ini')
      await page.getByText('It can’t be read. If it is a folder, drop the files in it.').waitFor()
      await page.getByRole('button', { name: 'Import 1 secret' }).click()
      await page.getByText('1 secret imported').waitFor()

      assert.equal((await portal.server.api.get('/v3/secrets/1')).body.value, 'MODE=test\n')
    })

    test('shows the conflict of two editors, and lets the second one decide', async (t) => {
      const portal = await startPortal(t, engine)
      await portal.server.api.post('/v3/secrets', { name: 'db-password', value: 'one' })
      const page = await portal.openAs(owner, '/portal/secrets/1')
      const change = async (text: string) => {
        await page.getByRole('button', { name: 'New value' }).click()
        await page.getByRole('textbox', { name: 'New value' }).fill(text)
      }

      await change('mine')
      await portal.server.api.put('/v3/secrets/1', { value: 'theirs' })
      await page.getByRole('button', { name: 'Save new value' }).click()
      await page.getByText('Someone else changed this.').waitFor()
      assert.equal((await portal.server.api.get('/v3/secrets/1')).body.value, 'theirs')
      await page.getByRole('button', { name: 'Save mine as version 3' }).click()
      await page.getByText('db-password has a new value').waitFor()
      assert.equal((await portal.server.api.get('/v3/secrets/1')).body.value, 'mine')

      await change('mine again')
      await portal.server.api.put('/v3/secrets/1', { value: 'theirs again' })
      await page.getByRole('button', { name: 'Save new value' }).click()
      await page.getByRole('button', { name: 'Keep theirs' }).click()
      await page.getByText('Version 4').first().waitFor()
      assert.equal((await portal.server.api.get('/v3/secrets/1')).body.value, 'theirs again')
    })

    test('compares versions when asked to, and restores one', async (t) => {
      const portal = await startPortal(t, engine)
      await portal.server.api.post('/v3/secrets', { name: 'config', value: 'user=app\nhost=first-host\n' })
      await portal.server.api.put('/v3/secrets/1', { value: 'user=app\nhost=second-host\n' })
      const page = await portal.openAs(owner, '/portal/secrets/1')

      await page.getByRole('button', { name: 'Compare with 1' }).click()
      await page.getByRole('button', { name: 'Show what changed' }).waitFor()
      assert.deepEqual(await placesOf(page, 'first-host'), [])
      await page.getByRole('button', { name: 'Show what changed' }).click()
      const diff = page.getByRole('region', { name: 'What changed' })
      assert.equal(await diff.locator('.del').textContent(), '−host=first-host')
      assert.equal(await diff.locator('.add').textContent(), '+host=second-host')
      await page.getByRole('button', { name: 'Close' }).click()
      await diff.waitFor({ state: 'detached' })
      assert.deepEqual(await placesOf(page, 'first-host'), [])
      await page.getByRole('button', { name: 'Restore' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Restore' }).click()
      await page.getByText('Version 1 restored').waitFor()

      assert.equal((await portal.server.api.get('/v3/secrets/1')).body.value, 'user=app\nhost=first-host\n')
      assert.equal((await portal.server.api.get('/v3/secrets/1/metadata')).body.version, 3)
    })

    test('is used by keys alone, from signing in to creating, revealing, changing and deleting', async (t) => {
      const portal = await startPortal(t, engine)
      const page = await portal.open()
      const press = async (...keys: readonly string[]) => {
        for (const key of keys) await page.keyboard.press(key)
      }
      const isFocused = (element: Locator) => element.evaluate((it) => it === document.activeElement)
      /** As a person without a mouse comes there, forwards or back. */
      const tabTo = async (element: Locator, key = 'Tab') => {
        await element.waitFor()
        for (let tabs = 0; tabs < 60 && !(await isFocused(element)); tabs++) await press(key)
        assert.ok(await isFocused(element), `${element} is not reached by ${key}`)
      }
      // A person, too, presses again when a slow machine had no ear yet.
      const pressUntil = async (key: string | readonly string[], shown: Locator) => {
        for (let tries = 0; tries < 5; tries++) {
          await press(...[key].flat())
          if (
            await shown.waitFor({ timeout: 3000 }).then(
              () => true,
              () => false,
            )
          )
            return
        }
        await shown.waitFor()
      }
      const focused = page.locator(':focus')
      const revealed = page.getByRole('region', { name: 'Revealed value' })
      const menu = page.getByRole('listbox')

      await page.goto('/portal/secrets')
      await tabTo(page.getByLabel('Email'))
      await page.keyboard.type(owner.email)
      await tabTo(page.getByLabel('Password'))
      await page.keyboard.type(owner.password)
      await press('Enter')
      await page.getByRole('heading', { name: 'No secrets yet' }).waitFor()

      await pressUntil('n', page.getByLabel('Name').and(focused))
      await page.keyboard.type('typed-by-hand')
      await tabTo(page.getByRole('textbox', { name: 'Value' }))
      await page.keyboard.type(value)
      await tabTo(page.getByRole('button', { name: 'Create secret' }))
      await press('Enter')
      await page.getByText('typed-by-hand created').waitFor()

      await pressUntil(['g', 's'], page.getByRole('grid'))
      await pressUntil('/', page.getByLabel('Search secrets').and(focused))
      await page.keyboard.type('hand')
      await pressUntil('ArrowDown', page.getByRole('grid').locator(':focus'))
      await pressUntil('v', revealed)
      assert.equal(await revealed.textContent(), value)
      await press('Escape')
      await revealed.waitFor({ state: 'detached' })
      await page.getByRole('grid').locator(':focus').waitFor()
      await tabTo(page.getByRole('button', { name: 'Any type' }), 'Shift+Tab')
      await pressUntil('Enter', menu)
      await press('ArrowDown', 'ArrowDown', 'Enter')
      await page.getByRole('heading', { name: 'No results' }).waitFor()
      await tabTo(page.getByRole('button', { name: 'Clear' }))
      await press('Enter')
      await tabTo(page.getByRole('link', { name: 'typed-by-hand' }))
      const edit = page.getByRole('button', { name: 'Edit' })
      await pressUntil('Enter', edit)

      await tabTo(edit)
      const dialog = page.getByRole('dialog')
      await pressUntil('Enter', dialog)
      await tabTo(dialog.getByLabel('Description'))
      await page.keyboard.type('by keys')
      await tabTo(dialog.getByRole('button', { name: 'Save' }))
      await press('Enter')
      await page.getByText('typed-by-hand updated').waitFor()
      await edit.and(focused).waitFor()

      await tabTo(page.getByRole('button', { name: 'Delete secret' }))
      await press('Enter')
      await page.getByRole('alertdialog').getByRole('textbox').and(focused).waitFor()
      await page.keyboard.type('typed-by-hand')
      await press('Enter')
      await page.getByText('typed-by-hand deleted').waitFor()

      assert.equal((await portal.server.api.get('/v3/secrets/1')).status, 404)
    })

    test('deletes only when the name is typed', async (t) => {
      const portal = await startPortal(t, engine)
      await portal.server.api.post('/v3/secrets', { name: 'db-password', value })
      const page = await portal.openAs(owner, '/portal/secrets/1')

      await page.getByRole('button', { name: 'Delete secret' }).click()
      const dialog = page.getByRole('alertdialog')
      await dialog.getByRole('textbox').fill('db-passwor')
      await dialog.getByRole('textbox').press('Enter')
      assert.ok(await dialog.getByRole('button', { name: 'Delete permanently' }).isDisabled())
      assert.equal((await portal.server.api.get('/v3/secrets/1')).status, 200)
      await dialog.getByRole('textbox').fill('db-password')
      await dialog.getByRole('button', { name: 'Delete permanently' }).click()
      await page.getByText('db-password deleted').waitFor()

      assert.equal((await portal.server.api.get('/v3/secrets/1')).status, 404)
    })

    test('says on the page of what was deleted why there is nothing, and where to change that', async (t) => {
      const portal = await startPortal(t, engine)
      const page = await portal.openAs(owner, '/portal/deleted')

      await page.getByText('Deletion is permanent in this account').waitFor()
      await page.getByRole('link', { name: 'Choose how long to keep what is deleted' }).click()
      await page.getByRole('button', { name: /Keep deleted items for/ }).waitFor()
      await portal.server.api.put('/v3/settings', { recovery_days: 7 })
      await page.goto('/portal/deleted')
      await page.getByText('Deleted secrets and lists appear here for 7 days.').waitFor()

      // Longer at once; shorter, which destroys what was deleted before, once that is confirmed.
      await page.goto('/portal/settings?tab=account')
      const kept = async () => (await portal.server.api.get('/v3/settings')).body.recovery_days
      const choose = async (choice: string) => {
        await page.getByRole('button', { name: /Keep deleted items for/ }).click()
        await page.getByRole('option', { name: choice }).click()
      }
      await choose('14 days')
      await page.getByText('Deletions are now kept for 14 days').waitFor()
      await choose('Don’t keep: deletion is permanent')
      await page.getByText('Items deleted earlier than that are destroyed within a minute.').waitFor()
      assert.equal(await kept(), 14)
      await page.getByRole('button', { name: 'Shorten' }).click()
      await page.getByText('Deletions are now permanent').waitFor()
      assert.equal(await kept(), 0)
    })

    test('undoes a deletion where the account keeps what is deleted, at once and from its page', async (t) => {
      const portal = await startPortal(t, engine)
      const { api } = portal.server
      await api.put('/v3/settings', { recovery_days: 7 })
      await api.post('/v3/secrets', { name: 'db-password', value })
      const page = await portal.openAs(owner, '/portal/secrets/1')

      await page.getByRole('button', { name: 'Delete secret' }).click()
      const dialog = page.getByRole('alertdialog')
      await dialog.getByRole('textbox').fill('db-password')
      await dialog.getByRole('button', { name: 'Delete', exact: true }).click()
      await page.getByRole('button', { name: 'Undo' }).click()
      await page.getByText('db-password restored').waitFor()
      assert.equal((await api.get('/v3/secrets/1')).body.value, value)

      await api.delete('/v3/secrets/1')
      await page.goto('/portal/deleted')
      await page.getByRole('button', { name: 'Restore' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Restore' }).click()
      await page.getByText('db-password restored').waitFor()
      assert.equal((await api.get('/v3/secrets/1')).status, 200)
    })

    test('lets a reader read and nothing else, by its buttons and by crafted requests', async (t) => {
      const portal = await startPortal(t, engine)
      await portal.server.api.post('/v3/secrets', { name: 'db-password', value })
      const page = await portal.openAs(reader, '/portal/secrets/1')

      await page.getByRole('button', { name: 'Reveal' }).click()
      assert.equal(await page.getByRole('region', { name: 'Revealed value' }).textContent(), value)
      for (const name of ['New value', 'Edit', 'Delete secret', 'Restore']) {
        assert.equal(await page.getByRole('button', { name }).count(), 0, name)
      }
      for (const name of ['API keys', 'Machines', 'Audit', 'Users']) {
        assert.equal(await page.getByRole('link', { name }).count(), 0, name)
      }
      const statuses = await page.evaluate(async () => {
        const headers = { 'strongroom-portal': '1' }
        const json = { ...headers, 'content-type': 'application/json' }
        // Valid, all of them: what is refused is the reader.
        const calls: readonly (readonly [string, string, unknown])[] = [
          ['POST', '/v3/secrets', { name: 'x', value: 'x' }],
          ['PUT', '/v3/secrets/1', { value: 'x' }],
          ['PATCH', '/v3/secrets/1/metadata', { description: 'x' }],
          ['DELETE', '/v3/secrets/1', undefined],
          ['POST', '/v3/lists', { name: 'x' }],
          ['DELETE', '/v3/lists/1', undefined],
          ['POST', '/v3/keys', { name: 'x', scopes: ['secrets:write'] }],
          ['POST', '/v3/users', { email: 'x@example.com', role: 'reader' }],
          ['PATCH', '/v3/users/2', { role: 'owner' }],
          ['GET', '/v3/audit', undefined],
          ['PUT', '/v3/settings', { vm_auth: true }],
        ]
        const answers = calls.map(async ([method, path, body]) => {
          const sent = body === undefined ? { headers } : { headers: json, body: JSON.stringify(body) }
          return `${method} ${path} ${(await fetch(path, { method, ...sent })).status}`
        })
        return Promise.all(answers)
      })
      assert.deepEqual(
        statuses.filter((status) => !status.endsWith(' 403')),
        [],
      )
      await page.goto('/portal/keys')
      await page.getByRole('heading', { name: 'You don’t have permission to manage API keys' }).waitFor()
      assert.equal((await portal.server.api.get('/v3/secrets/1')).body.value, value)
    })

    test('asks to sign in again in place, and keeps what was typed but the value', async (t) => {
      const portal = await startPortal(t, engine)
      const page = await portal.openAs(owner, '/portal/secrets/new')

      await page.getByLabel('Name').fill('half-done')
      await page.getByLabel('Description').fill('what it is for')
      await page.getByRole('textbox', { name: 'Value' }).fill(value)
      // What the page has still to ask would end the session first.
      await settled(page)
      portal.wait(31)
      await page.getByRole('button', { name: 'Create secret' }).click()
      const dialog = page.getByRole('dialog', { name: 'Your session ended' })
      await dialog.getByLabel('Password').fill(owner.password)
      await dialog.getByRole('button', { name: 'Sign in', exact: true }).click()
      await dialog.waitFor({ state: 'detached' })

      assert.equal(await page.getByLabel('Name').inputValue(), 'half-done')
      assert.equal(await page.getByLabel('Description').inputValue(), 'what it is for')
      assert.equal(await page.getByRole('textbox', { name: 'Value' }).inputValue(), '')
      assert.equal((await portal.server.api.get('/v3/secrets')).body.secrets.length, 0)
      await page.getByRole('textbox', { name: 'Value' }).fill(value)
      await page.getByRole('button', { name: 'Create secret' }).click()
      await page.getByText('half-done created').waitFor()
      assert.equal((await portal.server.api.get('/v3/secrets/1')).body.value, value)
    })
  })
}
