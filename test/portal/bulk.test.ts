/** Doing things to many secrets at once: what is selected, by which means, and what becomes of each. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import type { Page } from 'playwright-core'
import { engines } from '../support/engines.ts'
import { makeSecrets } from '../support/fill.ts'
import { Person } from '../support/person.ts'
import { owner, placesOf, startPortal, violations } from './portal.ts'

const namesOf = (count: number) => Array.from({ length: count }, (_, at) => `secret-${String(at).padStart(4, '0')}`)
const status = (page: Page) => page.getByRole('region', { name: 'Selected secrets' }).getByRole('status')
const selected = (page: Page, text: string) => status(page).getByText(text, { exact: true }).waitFor()
const act = (page: Page, action: string) =>
  page.getByRole('region', { name: 'Selected secrets' }).getByRole('button', { name: action, exact: true }).click()

/** Pictures at each width, light and dark, for whoever wants to see them. */
async function look(page: Page, name: string): Promise<void> {
  const pictures = process.env['STRONGROOM_PICTURES']
  if (pictures === undefined) return
  for (const [width, colorScheme] of [
    [390, 'dark'],
    [390, 'light'],
    [768, 'light'],
    [1024, 'dark'],
    [1440, 'light'],
  ] as const) {
    await page.emulateMedia({ colorScheme })
    await page.setViewportSize({ width, height: 844 })
    await page.waitForTimeout(300)
    await page.screenshot({ path: `${pictures}/${name}-${width}-${colorScheme}.png` })
  }
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize({ width: 1440, height: 900 })
}

// What is selected is of the page; what happens to each secret has its tests on every store.
for (const engine of engines.slice(0, 1)) {
  suite(`${engine.name}: many secrets at once`, { skip: engine.skip }, () => {
    test('are selected by box and by range, moved, and left selected where that failed', async (t) => {
      const portal = await startPortal(t, engine)
      const { api } = portal.server
      await makeSecrets(portal.server.vault, namesOf(400))
      await api.post('/v3/lists', { name: 'web' })
      const page = await portal.openAs(owner)
      const box = (name: string) => page.getByRole('checkbox', { name: `Select ${name}`, exact: true })

      await box('secret-0002').click()
      await box('secret-0005').click({ modifiers: ['Shift'] })
      await selected(page, '4 selected')
      await box('secret-0003').click()
      await selected(page, '3 selected')
      assert.equal(await page.getByRole('row', { selected: true }).count(), 3)
      assert.deepEqual(await violations(page), [])
      // One of them is gone before it is its turn.
      await api.delete('/v3/secrets/5')
      await act(page, 'Move to list')
      await page.getByRole('button', { name: /Select a list/ }).click()
      await page.getByRole('option', { name: 'web' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Move', exact: true }).click()

      await page.getByText('2 secrets moved to web.').waitFor()
      await page.getByRole('region', { name: 'Failed' }).getByText('No secret with this id.').waitFor()
      assert.deepEqual(await violations(page), [])
      await page.getByRole('button', { name: 'Close' }).click()
      await selected(page, '1 selected')
      const { secrets } = (await api.get('/v3/metadata?list=web')).body
      assert.deepEqual(
        secrets.map(({ name }: { name: string }) => name),
        ['secret-0002', 'secret-0005'],
      )
    })

    test('are copied to another environment, all that are found in a folder, after a preview', async (t) => {
      const portal = await startPortal(t, engine)
      const { api } = portal.server
      await api.post('/v3/environments', { name: 'prod' })
      await makeSecrets(portal.server.vault, ['web/db/password', 'web/db/user', 'web/port', 'webhook', 'top'])
      await api.post('/v3/secrets?environment=prod', { name: 'web/db/user', value: 'other' })
      const page = await portal.openAs(owner)
      const names = () => page.locator('[data-row] a').evaluateAll((links) => links.map((link) => link.ariaLabel))

      await page.getByRole('button', { name: 'web/, show this folder' }).click()
      await page.getByRole('heading', { name: 'web', exact: true }).waitFor()
      await page.getByText('1 folder, 1 secret').waitFor()
      assert.deepEqual(await names(), ['web/port'])
      assert.deepEqual(await violations(page), [])
      await look(page, 'folder')
      await page.getByLabel('Search secrets').fill('user')
      await page.getByText('1 of 5').waitFor()
      assert.deepEqual(await names(), ['web/db/user'])
      await page.getByRole('button', { name: 'Clear' }).click()
      await page.getByText('Include subfolders').click()
      await page.getByText('3 of 5').waitFor()
      assert.deepEqual(await names(), ['web/db/password', 'web/db/user', 'web/port'])
      await page.getByText('Include subfolders').click()
      await page.getByRole('navigation', { name: 'Folders in this folder' }).getByRole('link', { name: 'db' }).click()
      await page.getByText('2 secrets', { exact: true }).waitFor()
      await page.getByRole('navigation', { name: 'Where this is' }).getByRole('link', { name: 'web' }).waitFor()
      assert.equal(new URL(page.url()).searchParams.get('folder'), 'web/db')
      assert.match((await page.getByRole('link', { name: 'New secret' }).getAttribute('href')) ?? '', /folder=web%2Fdb/)

      await page.getByRole('checkbox', { name: 'Select all' }).click()
      await act(page, 'Copy to environment')
      await page.getByRole('dialog', { name: 'Copy 2 secrets from default' }).waitFor()
      await page.getByText('1 new, 1 replaced.').waitFor()
      assert.deepEqual(await violations(page), [])
      await page.getByRole('button', { name: 'Copy 2 secrets' }).click()
      await page.getByText('2 secrets copied to prod').waitFor()
      const { secrets } = (await api.get('/v3/metadata?environment=prod')).body
      assert.deepEqual(
        secrets.map(({ name, version }: { name: string; version: number }) => [name, version]),
        [
          ['web/db/user', 2],
          ['web/db/password', 1],
        ],
      )
      await page.getByRole('link', { name: 'web/db/password' }).click()
      await page.getByRole('heading', { name: 'web/db/password' }).waitFor()
      await page.getByRole('navigation', { name: 'Where this is' }).getByRole('link', { name: 'db' }).click()
      await page.getByText('2 secrets', { exact: true }).waitFor()
    })

    test('are moved to another folder: renamed by their ids, after a preview that says which templates name them', async (t) => {
      const portal = await startPortal(t, engine)
      const { api } = portal.server
      await makeSecrets(portal.server.vault, ['web/db/password', 'web/db/user', 'web/port', 'api/port'])
      const template = ['$', '{{secret.web/db/user}}'].join('')
      await api.post('/v3/secrets', { name: 'dsn', type: 'template', value: template })
      const page = await portal.openAs(owner, '/portal/secrets?folder=/')

      await page.getByText('2 folders, 1 secret').waitFor()
      await page.getByRole('link', { name: 'web', exact: true }).click()
      await page.getByText('Include subfolders').click()
      await page.getByRole('checkbox', { name: 'Select all' }).click()
      await act(page, 'Move to folder')
      const dialog = page.getByRole('dialog', { name: 'Move 3 secrets to a folder' })
      await dialog.getByLabel('Folder').fill('api')
      const rows = dialog.getByRole('region', { name: 'Preview' }).getByRole('listitem')
      await rows.getByText('→ api/db/user').waitFor()
      assert.deepEqual(await rows.allTextContents(), [
        'Movedweb/db/password→ api/db/password',
        'Movedweb/db/user→ api/db/user',
        'Name takenweb/port→ api/port',
      ])
      await dialog.getByText('1 template will no longer resolve: dsn.').waitFor()
      assert.deepEqual(await violations(page), [])
      await look(page, 'move-to-folder')
      await dialog.getByRole('button', { name: 'Move', exact: true }).click()

      await page.getByText('2 secrets moved to api/.').waitFor()
      await page.getByText('There is a secret named api/port already.').waitFor()
      await page.getByRole('button', { name: 'Close' }).click()
      const { secrets } = (await api.get('/v3/secrets')).body
      assert.deepEqual(
        secrets.map(({ id, name }: { id: number; name: string }) => [id, name]),
        [
          [1, 'api/db/password'],
          [2, 'api/db/user'],
          [3, 'web/port'],
          [4, 'api/port'],
          [5, 'dsn'],
        ],
      )
    })

    test('are selected across rows that were never loaded', async (t) => {
      const portal = await startPortal(t, engine)
      await makeSecrets(portal.server.vault, namesOf(900))
      const page = await portal.openAs(owner)
      const box = (name: string) => page.getByRole('checkbox', { name: `Select ${name}`, exact: true })

      // The table is as high as its rows once they are counted.
      await page.locator('[role=grid][aria-rowcount="901"]').waitFor()
      await box('secret-0001').click()
      await page.locator('.grid-body').evaluate((body) => body.scrollTo(0, body.scrollHeight))
      await box('secret-0899').click({ modifiers: ['Shift'] })

      await selected(page, '899 selected')
    })

    test('are all that match a filter, whose rows stay where they are', async (t) => {
      const portal = await startPortal(t, engine)
      const { api } = portal.server
      await makeSecrets(portal.server.vault, [...namesOf(1200), 'other-1', 'other-2'])
      const page = await portal.openAs(owner)
      await page.getByLabel('Search secrets').fill('secret')
      await page.getByText('1200 of 1202').waitFor()
      const asked: string[] = []
      page.on('request', (request) => {
        const { pathname, search } = new URL(request.url())
        if (request.method() === 'GET' && pathname.startsWith('/v3/')) asked.push(pathname + search)
      })

      await page.getByRole('checkbox', { name: 'Select all' }).click()
      await selected(page, 'All 1,200 matching selected')
      assert.equal(asked.length, 0, asked.join('\n'))
      await page.getByRole('checkbox', { name: 'Select secret-0001', exact: true }).click()
      await selected(page, '1,199 selected')
      await act(page, 'Tag')
      await page.getByLabel('Add tags').fill('legacy, team:web')
      await page.getByRole('button', { name: 'Apply' }).click()
      await page.getByText('1,199 secrets tagged').waitFor()

      assert.equal(
        (await api.get('/v3/metadata?tag=legacy&limit=1&count=true')).headers.get('strongroom-total-count'),
        '1199',
      )
      assert.deepEqual((await api.get('/v3/secrets/2/metadata')).body.tags, [])
      // Nothing asked for rows of the table on behalf of those that were selected.
      assert.ok(
        !asked.some((path) => path.startsWith('/v3/metadata?') && !/limit=(100|1)\b/.test(path)),
        asked.join('\n'),
      )
    })

    test('are selected by the keyboard alone, get an expiry, and are deleted once their number is typed', async (t) => {
      const portal = await startPortal(t, engine)
      const { api } = portal.server
      await makeSecrets(portal.server.vault, namesOf(20))
      await api.post('/v3/render', { template: '${{secret.secret-0000}}', target: 'web-1' })
      const page = await portal.openAs(owner)
      await page.getByRole('link', { name: 'secret-0019' }).waitFor()

      await page.getByLabel('Search secrets').press('ArrowDown')
      await page.keyboard.press('Space')
      await selected(page, '1 selected')
      await page.keyboard.press('Shift+ArrowDown')
      await page.keyboard.press('Shift+ArrowDown')
      await selected(page, '3 selected')
      await page.keyboard.press('Shift+ArrowUp')
      await selected(page, '2 selected')
      await page.keyboard.press('Escape')
      await page.getByRole('region', { name: 'Selected secrets' }).waitFor({ state: 'detached' })
      await page.keyboard.press('Home')
      await page.keyboard.press('Space')
      for (let times = 0; times < 5; times++) await page.keyboard.press('ArrowDown')
      await page.keyboard.press('Shift+Space')
      await selected(page, '6 selected')
      await act(page, 'Set expiry')
      await page.getByRole('dialog').locator(':focus').waitFor()
      await page.keyboard.type('12312030')
      await page.keyboard.press('Enter')
      await page.getByText('6 secrets updated').waitFor()
      assert.match((await api.get('/v3/secrets/6/metadata')).body.expires_at, /^2030-12-31T|^2031-01-01T/)

      // What had the focus before the dialog is gone: it is at the row again.
      await page.locator('[data-row="5"] a:focus').waitFor()
      await page.keyboard.press('Control+a')
      await selected(page, 'All 20 matching selected')
      await act(page, 'Delete')
      await page.getByText('1 target becomes stale:').waitFor()
      const confirm = page.getByRole('button', { name: 'Delete permanently' })
      assert.equal(await confirm.isDisabled(), true)
      assert.deepEqual(await violations(page), [])
      await page.getByRole('alertdialog').locator(':focus').waitFor()
      await page.keyboard.type('20')
      await page.keyboard.press('Enter')
      await page.getByText('20 secrets deleted').waitFor()
      await page.getByRole('heading', { name: 'No secrets yet' }).waitFor()

      assert.deepEqual((await api.get('/v3/secrets')).body.secrets, [])
    })

    test('are left as they are once it is stopped', async (t) => {
      const portal = await startPortal(t, engine)
      const { api } = portal.server
      await makeSecrets(portal.server.vault, namesOf(250))
      const page = await portal.openAs(owner)
      await page.getByRole('link', { name: 'secret-0001' }).waitFor()
      let goOn = () => {}
      const held = new Promise<void>((resolve) => {
        goOn = resolve
      })
      let isSent = () => {}
      const sent = new Promise<void>((resolve) => {
        isSent = resolve
      })
      await page.route('**/v3/secrets/batch/delete', async (route) => {
        isSent()
        await held
        await route.continue()
      })

      await page.getByRole('checkbox', { name: 'Select all' }).click()
      await act(page, 'Delete')
      await page.getByLabel('Type the number of secrets to confirm').fill('250')
      await page.getByRole('button', { name: 'Delete permanently' }).click()
      // Stopped before, it would delete none.
      await sent
      await page.getByRole('button', { name: 'Stop', exact: true }).click()
      await page.getByRole('button', { name: 'Stopping…' }).waitFor()
      goOn()
      await page.getByText('100 secrets deleted.').waitFor()
      await page.getByText('150 left as they were.').waitFor()

      assert.equal((await api.get('/v3/secrets')).body.secrets.length, 150)
    })

    test('are exported as .env, JSON and YAML, with a recorded read of each', async (t) => {
      const portal = await startPortal(t, engine)
      const { api } = portal.server
      await api.post('/v3/secrets', { name: 'db-url', value: 'postgres://a b' })
      await api.post('/v3/secrets', { name: 'web/port', value: '8080' })
      await api.post('/v3/secrets', { name: 'cert', value: 'AP8=', type: 'file' })
      const page = await portal.openAs(owner)
      const dialog = page.getByRole('dialog')
      const exportAs = async (label: string) => {
        await act(page, 'Export')
        if (label !== '.env') {
          await dialog.getByRole('button', { name: /Format$/ }).click()
          await page.getByRole('option', { name: label }).click()
        }
        const downloading = page.waitForEvent('download')
        await dialog.getByRole('button', { name: 'Download' }).click()
        const file = await downloading
        await dialog.waitFor({ state: 'detached' })
        return [file.suggestedFilename(), readFileSync(await file.path(), 'utf8')]
      }

      await page.getByRole('checkbox', { name: 'Select db-url' }).click()
      await page.getByRole('checkbox', { name: 'Select web/port' }).click()
      assert.deepEqual(await exportAs('.env'), ['secrets.env', "DB_URL='postgres://a b'\nWEB_PORT=8080\n"])
      assert.deepEqual(await exportAs('JSON'), [
        'secrets.json',
        '{\n  "db-url": "postgres://a b",\n  "web/port": "8080"\n}\n',
      ])
      await page.getByRole('checkbox', { name: 'Select cert' }).click()
      assert.deepEqual(await exportAs('YAML'), [
        'secrets.yaml',
        '"db-url": "postgres://a b"\n"web/port": "8080"\n"cert": !!binary "AP8="\n',
      ])
      await act(page, 'Export')
      assert.deepEqual(await violations(page), [])
      await dialog.getByRole('button', { name: 'Download' }).click()
      // Not a byte of it is changed to make it fit.
      await dialog.getByText('cert: Is not a text. Leave it out, or export as yaml.').waitFor()
      assert.deepEqual(await placesOf(page, 'postgres://'), [])

      const { records } = (await api.get('/v3/audit?action=secret.read&kind=user&limit=1000')).body
      assert.equal(records.length, 2 + 2 + 3 + 3)
    })

    test('are named on the clipboard, or it is said why not', async (t) => {
      const portal = await startPortal(t, engine)
      await makeSecrets(portal.server.vault, namesOf(3))
      const refused = await portal.openAs(owner)
      const forbidden = await portal.openAs(owner, '/portal/secrets', { permissions: [] })
      for (const page of [refused, forbidden]) {
        await page.getByRole('checkbox', { name: 'Select all' }).click()
        await selected(page, 'All 3 matching selected')
      }
      // The server is asked for something that it does not know.
      await refused.route(/\/v3\/secrets\?/, (route) => route.continue({ url: `${route.request().url()}&unknown=1` }))

      for (const page of [refused, forbidden]) await act(page, 'Copy names')

      await refused.getByText(/Copy failed: .*unknown/i).waitFor()
      await forbidden.getByText(/Copy failed: .*permission/i).waitFor()
    })

    test('offer a reader nothing that would be refused, and their names', async (t) => {
      const portal = await startPortal(t, engine)
      const { api, url } = portal.server
      await makeSecrets(portal.server.vault, namesOf(3))
      const noor = { email: 'noor@example.com', name: 'Noor', password: 'saddle-prism-walnut-anchor' }
      const { body } = await api.post('/v3/users', { email: noor.email, role: 'reader' })
      await new Person(url).accept(body.invitation_url, noor)
      const page = await portal.openAs(noor)

      await page.getByRole('checkbox', { name: 'Select all' }).click()
      await selected(page, 'All 3 matching selected')
      for (const action of ['Move to list', 'Move to folder', 'Tag', 'Set expiry', 'Delete']) {
        assert.equal(await page.getByRole('button', { name: action, exact: true }).count(), 0, action)
      }
      await act(page, 'Copy names')
      await page.getByText('3 names copied').waitFor()
      await page.getByLabel('Search secrets').press('Control+v')
      assert.equal(await page.getByLabel('Search secrets').inputValue(), 'secret-0000 secret-0001 secret-0002')
    })
  })
}
