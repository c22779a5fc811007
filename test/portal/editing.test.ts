/** Two people at one secret, and the versions that they leave. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import type { Locator, Page } from 'playwright-core'
import { engines } from '../support/engines.ts'
import { owner, type Portal, placesOf, portalEngines, startPortal, violations } from './portal.ts'

async function readsOf({ server }: Portal, action: string): Promise<number> {
  const { body } = await server.api.get(`/v3/audit?secret=1&action=${action}&outcome=ok`)
  return body.records.length
}

const pictures = process.env['STRONGROOM_PICTURES']

/** As somebody without a mouse gets there. */
async function pressUntilFocused(page: Page, key: string, wanted: Locator): Promise<void> {
  for (let presses = 0; presses < 5; presses++) {
    if (await wanted.evaluate((element) => element === document.activeElement)) return
    await page.keyboard.press(key)
  }
  assert.fail(`${key} leads nowhere near`)
}

async function choose(page: Page, label: string, choice: string): Promise<void> {
  await page.getByRole('dialog').getByRole('button', { name: label }).click()
  await page.getByRole('option', { name: choice }).click()
}

/** The choices of a dialog that have no room for their words. */
const cutOff = (page: Page) =>
  page
    .getByRole('dialog')
    .locator('.select-btn > span')
    .evaluateAll((all) =>
      all.filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth).map((one) => one.textContent),
    )

for (const engine of portalEngines) {
  suite(`${engine.name}: two editors of a secret's details`, { skip: engine.skip }, () => {
    test('who saves second sees what the first one changed, and decides', async (t) => {
      const portal = await startPortal(t, engine)
      const { api } = portal.server
      await api.post('/v3/secrets', { name: 'db-password', value: 'v', description: 'as it was', tags: ['a'] })
      const [one, two] = [
        await portal.openAs(owner, '/portal/secrets/1'),
        await portal.openAs(owner, '/portal/secrets/1'),
      ]
      const begin = async (page: Page, description: string) => {
        await page.getByRole('button', { name: 'Edit' }).click()
        await page.getByLabel('Description').fill(description)
      }
      const save = (page: Page) => page.getByRole('button', { name: 'Save', exact: true }).click()
      const known = async () => (await api.get('/v3/secrets/1/metadata')).body

      await begin(one, 'of the first')
      await begin(two, 'of the second')
      await one.getByRole('textbox', { name: 'Tags' }).fill('b')
      await one.keyboard.press('Enter')
      await save(one)
      await one.getByText('db-password updated').waitFor()
      await save(two)
      await two.getByText('Someone else changed this.').waitFor()

      assert.equal((await known()).description, 'of the first')
      assert.deepEqual(await two.getByRole('dialog').locator('dt, dd').allTextContents(), [
        ...['Description', 'as it was of the first'],
        ...['Tags', 'a a, b'],
      ])
      await two.getByText('it replaces their description. The rest of theirs stays.').waitFor()
      assert.deepEqual(await violations(two), [])
      // Before it is told of what the second one saves.
      await begin(one, 'of the first again')
      await two.getByRole('button', { name: 'Save mine' }).click()
      await two.getByText('db-password updated').waitFor()
      // What the second one left alone stays as the first one made it.
      assert.deepEqual([(await known()).description, (await known()).tags], ['of the second', ['a', 'b']])

      await save(one)
      await one.getByText('Someone else changed this.').waitFor()
      await one.getByRole('button', { name: 'Keep theirs' }).click()
      await one.getByText('of the second').first().waitFor()
      assert.equal((await known()).description, 'of the second')
    })

    test('a new value in between is no conflict, a move is one', async (t) => {
      const portal = await startPortal(t, engine)
      const { api } = portal.server
      await api.post('/v3/secrets', { name: 'db-password', value: 'v' })
      await api.post('/v3/lists', { name: 'Web' })
      await api.post('/v3/lists', { name: 'Mail' })
      const page = await portal.openAs(owner, '/portal/secrets/1')
      const known = async () => (await api.get('/v3/secrets/1/metadata')).body

      await page.getByRole('button', { name: 'Edit' }).click()
      await api.put('/v3/secrets/1', { value: 'w' })
      await page.getByLabel('Description').fill('mine')
      await page.getByRole('button', { name: 'Save', exact: true }).click()
      await page.getByText('db-password updated').waitFor()
      assert.equal((await known()).description, 'mine')

      await page.getByRole('button', { name: 'Edit' }).click()
      await api.put('/v3/lists/2/secrets/1', undefined)
      await choose(page, 'default', 'Mail')
      await page.getByRole('button', { name: 'Save', exact: true }).click()
      await page.getByText('it replaces their list.').waitFor()
      assert.equal((await known()).list.name, 'Web')
      await page.getByRole('button', { name: 'Save mine' }).click()
      await page.getByRole('dialog').waitFor({ state: 'detached' })
      assert.equal((await known()).list.name, 'Mail')
    })
  })
}

// What a page does with what it has read does not depend on the store.
for (const engine of engines.slice(0, 1)) {
  suite(`${engine.name}: the history of a secret`, { skip: engine.skip }, () => {
    test('compares any two versions, each pair hidden until asked for, and each reading recorded', async (t) => {
      const portal = await startPortal(t, engine)
      const { api } = portal.server
      const long = Array.from({ length: 40 }, (_, at) => `line ${at}\n`).join('')
      await api.post('/v3/secrets', { name: 'config', value: `first-host\n${long}` })
      for (const host of ['second-host', 'third-host', 'fourth-host']) {
        await api.put('/v3/secrets/1', { value: `${host}\n${long}` })
      }
      const page = await portal.openAs(owner, '/portal/secrets/1')
      const diff = page.getByRole('region', { name: 'What changed' })

      await page.getByRole('button', { name: 'Compare with 3' }).click()
      await page.setViewportSize({ width: 390, height: 844 })
      assert.deepEqual(await cutOff(page), [])
      await page.setViewportSize({ width: 1440, height: 900 })
      await choose(page, 'Version 3', 'Version 1')
      await page.getByRole('button', { name: 'Show what changed' }).waitFor()
      assert.equal(await readsOf(portal, 'version.read'), 0)
      assert.deepEqual(await violations(page), [])
      await page.getByRole('button', { name: 'Show what changed' }).click()
      await diff.locator('> div').first().waitFor()
      assert.deepEqual(await diff.locator('> div').allTextContents(), [
        '−first-host',
        '+fourth-host',
        ' line 0',
        ' line 1',
        ' line 2',
        '⋯37 lines as before',
      ])
      assert.equal(await readsOf(portal, 'version.read'), 2)

      await choose(page, 'Version 4', 'Version 2')
      await diff.waitFor({ state: 'detached' })
      assert.deepEqual(await placesOf(page, '-host'), [])
      assert.equal(await readsOf(portal, 'version.read'), 2)
      await page.getByRole('button', { name: 'Show what changed' }).click()
      assert.equal(await diff.locator('.add').textContent(), '+second-host')
      assert.equal(await readsOf(portal, 'version.read'), 4)
      await choose(page, 'Version 1', 'Version 2')
      await page.getByText('Both sides are the same version').waitFor()
    })

    test('gives back an old version of a file byte for byte, and says how two differ', async (t) => {
      const portal = await startPortal(t, engine)
      const { api } = portal.server
      const old = Buffer.concat([Buffer.from([0, 255, 0xef, 0xbb, 0xbf, 13, 10]), randomBytes(70_000)])
      await api.post('/v3/secrets', {
        ...{ name: 'keystore', type: 'file', filename: 'web server.p12' },
        value: old.toString('base64'),
      })
      await api.send('PUT', '/v3/secrets/1/content', 'user=app\nhost=one\n', { 'content-type': 'text/plain' })
      await api.send('PUT', '/v3/secrets/1/content', 'user=app\nhost=two\n', { 'content-type': 'text/plain' })
      const page = await portal.openAs(owner, '/portal/secrets/1')

      const downloading = page.waitForEvent('download')
      await page.getByRole('button', { name: 'Download version 1' }).click()
      const download = await downloading

      assert.equal(download.suggestedFilename(), 'web server.p12')
      assert.deepEqual(readFileSync(await download.path()), old)
      assert.equal(await readsOf(portal, 'version.read'), 1)
      await page.getByRole('button', { name: 'Compare with 2' }).click()
      await page.getByRole('button', { name: 'Show what changed' }).click()
      assert.equal(await page.locator('.diff .del').textContent(), '−host=one')
      await choose(page, 'Version 2', 'Version 1')
      await page.getByRole('button', { name: 'Show what changed' }).click()
      await page.getByText('The two files differ: 68.4 KiB before, 18 B after.').waitFor()
    })

    test('destroys one version for good, by keyboard alone, and says what becomes of the others', async (t) => {
      const portal = await startPortal(t, engine)
      const { api } = portal.server
      await api.post('/v3/secrets', { name: 'shop/db-password', value: 'one' })
      for (const value of ['two', 'three']) await api.put('/v3/secrets/1', { value })
      const page = await portal.openAs(owner, '/portal/secrets/1', { viewport: { width: 390, height: 844 } })
      const versions = page.locator('.versions li')
      const asked = page.getByRole('alertdialog')
      const button = (version: number) => page.getByRole('button', { name: `Destroy version ${version}`, exact: true })
      const open = async (version: number) => {
        await button(version).focus()
        await page.keyboard.press('Enter')
        await page.getByRole('alertdialog', { name: `Destroy version ${version} of shop/db-password?` }).waitFor()
      }
      const isShown = async (name: string) => {
        assert.deepEqual(await violations(page), [])
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth))
        if (pictures !== undefined) await page.screenshot({ path: `${pictures}/${name}.png` })
      }
      const submit = async (version: number) => {
        await pressUntilFocused(page, 'Tab', asked.getByRole('button', { name: 'Destroy', exact: true }))
        await page.keyboard.press('Enter')
        await page.getByText(`Version ${version} destroyed`, { exact: true }).waitFor()
        await asked.waitFor({ state: 'detached' })
        await button(version).waitFor({ state: 'detached' })
      }

      await open(2)
      const kept = 'Its value is deleted permanently. The other versions stay. '
      const forGood = 'This can’t be undone. Backups made before still hold the value.'
      assert.equal(await asked.locator('p').textContent(), `${kept}${forGood}`)
      await isShown('destroy-middle')
      await page.keyboard.press('Escape')
      await asked.waitFor({ state: 'detached' })
      await button(2).and(page.locator(':focus')).waitFor()
      assert.equal(await readsOf(portal, 'version.destroy'), 0)
      await open(2)
      await submit(2)
      assert.equal((await api.get('/v3/secrets/1/versions/2')).status, 404)
      await versions.nth(1).getByText('destroyed', { exact: true }).waitFor()
      assert.deepEqual(await versions.nth(1).getByRole('button').allTextContents(), [])
      // What is compared with is what is still there.
      assert.match((await versions.nth(0).textContent()) ?? '', /Compare with 1/)
      await isShown('destroyed-middle')

      await open(3)
      const none = 'The current value is deleted permanently: reading the secret fails until a new value is stored. '
      assert.equal(await asked.locator('p').textContent(), `${none}${forGood}`)
      await isShown('destroy-current')
      await submit(3)
      assert.equal((await api.get('/v3/secrets/1')).status, 404)
      assert.equal((await api.get('/v3/secrets/1/versions/1')).body.value, 'one')
      await versions.nth(0).getByText('current', { exact: true }).waitFor()
      await versions.nth(0).getByText('destroyed', { exact: true }).waitFor()
      await isShown('destroyed-current')
      await page.getByRole('button', { name: 'Reveal' }).click()
      await page.getByText('was destroyed').waitFor()
      await isShown('reveal-destroyed')
      await page.getByRole('button', { name: 'Restore', exact: true }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Restore', exact: true }).click()
      await versions.nth(3).waitFor()
      assert.equal((await api.get('/v3/secrets/1')).body.value, 'one')
      assert.equal(await readsOf(portal, 'version.destroy'), 2)
    })
  })
}
