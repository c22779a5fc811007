/** Who can read a secret, who has, and what a key uses of its permissions: asked for once somebody wants to know. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Api } from '../support/api.ts'
import { owner, type Portal, portalEngines, reader, startPortal, violations } from './portal.ts'

const pictures = process.env['STRONGROOM_PICTURES']
const phone = { viewport: { width: 390, height: 844 } }
const referenceTo = (name: string) => ['$', `{{secret.${name}}}`].join('')

async function recordsOf({ server: { api } }: Portal, action: string): Promise<number> {
  return (await api.get(`/v3/audit?action=${action}`)).body.records.length
}

/** `db-password` in two versions: one key read it, one did and is revoked, and a target holds the old one. */
async function prepare({ server: { api, url } }: Portal): Promise<void> {
  await api.post('/v3/secrets', { name: 'db-password', value: 'one' })
  await api.post('/v3/render', { template: referenceTo('db-password'), target: 'web-1' })
  await api.put('/v3/secrets/1', { value: 'two' })
  const make = async (name: string) => {
    const { body } = await api.post('/v3/keys', {
      ...{ name, scopes: ['secrets:read:db-*', 'secrets:list'], networks: ['127.0.0.0/8'] },
    })
    assert.equal((await new Api(url, body.api_key).get('/v3/secrets/1')).status, 200)
    return body.id
  }
  await make('web servers')
  assert.equal((await api.delete(`/v3/keys/${await make('old job')}`)).status, 200)
}

for (const engine of portalEngines) {
  suite(`${engine.name}: the portal tells access`, { skip: engine.skip }, () => {
    test('of a secret: who can read it and why, who did, who no longer can, and what holds it, once it is opened', async (t) => {
      const portal = await startPortal(t, engine)
      await prepare(portal)
      const page = await portal.openAs(owner, '/portal/secrets/1')
      const card = page.getByRole('region', { name: 'Access', exact: true })
      await page.getByRole('region', { name: 'Table of readers' }).waitFor()
      await card.getByRole('button', { name: 'Show access' }).waitFor()
      assert.equal(await recordsOf(portal, 'secret.access'), 0)

      await card.getByRole('button', { name: 'Show access' }).click()
      const rows = (name: string) => card.getByRole('region', { name }).locator('tbody tr')
      await rows('Table of who can read').first().waitFor()

      const able = await rows('Table of who can read').allTextContents()
      assert.deepEqual(
        able.filter((text) => text.startsWith('web servers')),
        ['web servers API keyRead values: db-* in defaultonly from 127.0.0.0/8'],
      )
      assert.ok(
        able.some((text) => /^grace@example.com user.*in default.*Role: reader$/.test(text)),
        able.join('\n'),
      )
      assert.ok(!able.some((text) => text.includes('old job')))
      assert.match(
        (await rows('Table of who has read').allTextContents()).join(),
        /^web servers API key.*current1default,first key API key.*version 11default$/,
      )
      assert.match(
        (await rows('Table of who no longer').allTextContents()).join(),
        /^old job API key.*current1default$/,
      )
      await card.getByText('To lock them out, set a new value.').waitFor()
      assert.match((await rows('Table of targets').allTextContents()).join(), /^web-1version 1default/)
      assert.equal(await recordsOf(portal, 'secret.access'), 1)
      assert.deepEqual(await violations(page), [])
      if (pictures !== undefined) await card.screenshot({ path: `${pictures}/access.png` })
      await page.setViewportSize(phone.viewport)
      assert.deepEqual(await violations(page), [])
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth))
      if (pictures !== undefined) await card.screenshot({ path: `${pictures}/access-phone.png` })
    })

    test('of a secret page by page, each asked for', async (t) => {
      const portal = await startPortal(t, engine)
      await prepare(portal)
      for (let at = 0; at < 200; at++) {
        await portal.server.api.post('/v3/keys', { name: `job ${at}`, scopes: ['secrets:read'] })
      }
      const page = await portal.openAs(owner, '/portal/secrets/1')
      const card = page.getByRole('region', { name: 'Access', exact: true })
      await card.getByRole('button', { name: 'Show access' }).click()
      const rows = card.getByRole('region', { name: 'Table of who can read' }).locator('tbody tr')
      await rows.first().waitFor()
      assert.equal(await rows.count(), 200)

      await card.getByRole('button', { name: 'Show more' }).click()
      await rows.nth(200).waitFor()

      const whole = (await portal.server.api.get('/v3/secrets/1/access')).body.can.length
      assert.equal(await rows.count(), whole)
      assert.equal(await card.getByRole('button', { name: 'Show more' }).count(), 0)
    })

    test('of a secret to nobody who may not read the audit log', async (t) => {
      const portal = await startPortal(t, engine)
      await prepare(portal)
      const page = await portal.openAs(reader, '/portal/secrets/1')

      await page.getByRole('region', { name: 'History' }).waitFor()

      assert.equal(await page.getByRole('region', { name: 'Access', exact: true }).count(), 0)
      assert.equal(await page.getByRole('button', { name: 'Show access' }).count(), 0)
    })

    test('of a key: what it used of its permissions, and narrower ones to copy, once that is opened', async (t) => {
      const portal = await startPortal(t, engine)
      await prepare(portal)
      const page = await portal.openAs(owner, '/portal/keys')
      const button = page.getByRole('button', { name: 'Usage of web servers' })
      await button.waitFor()
      assert.equal(await recordsOf(portal, 'key.usage'), 0)

      await button.click()
      const dialog = page.getByRole('dialog')
      const rows = (name: string) => dialog.getByRole('region', { name }).locator('tbody tr')
      await rows('Table of permissions').first().waitFor()

      assert.deepEqual(await rows('Table of permissions').allTextContents(), [
        'List secretsnot used–',
        'Read values: db-*1just now',
      ])
      assert.deepEqual(await rows('Table of what it was used for').allTextContents(), [
        'Read values: db-password in default1just now',
      ])
      assert.deepEqual(await rows('Table of addresses').allTextContents(), ['127.0.0.11just now'])
      const suggested = dialog.getByRole('region', { name: 'Suggested permissions' })
      await suggested.getByText('Read values: db-password in default').waitFor()
      await suggested.getByRole('button', { name: 'Copy scopes' }).click()
      await page.getByText('The scopes copied').waitFor()
      assert.equal(await recordsOf(portal, 'key.usage'), 1)
      assert.deepEqual(await violations(page), [])
      if (pictures !== undefined) await page.screenshot({ path: `${pictures}/usage.png` })
      await page.setViewportSize(phone.viewport)
      assert.deepEqual(await violations(page), [])
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth))
      if (pictures !== undefined) await page.screenshot({ path: `${pictures}/usage-phone.png` })

      // The page's policy lets nobody read the clipboard but by pasting.
      await dialog.getByRole('button', { name: 'Close', exact: true }).last().click()
      await page.getByRole('button', { name: 'New key' }).click()
      await page.getByText('More scopes').click()
      const typed = page.getByLabel('Scopes', { exact: true })
      await typed.press('Control+v')
      assert.equal(await typed.inputValue(), 'secrets:read:db-password@default')
    })
  })
}
