/** The first steps in a new account: each is checked off once it is done, and the list goes when all are, or when it is dismissed. */
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { suite, test } from 'node:test'
import { Api } from '../support/api.ts'
import { Person } from '../support/person.ts'
import { enrolTotp } from '../support/portal-account.ts'
import { owner, portalEngines, reader, settled, startPortal, violations } from './portal.ts'

const pictures = process.env['STRONGROOM_PICTURES']

for (const engine of portalEngines) {
  suite(`${engine.name}: the first steps`, { skip: engine.skip }, () => {
    test('are led through one by one, with commands that name the address, and go when all are done', async (t) => {
      const portal = await startPortal(t, engine)
      const { api, url } = portal.server
      const page = await portal.openAs(owner, '/portal/')
      const list = page.getByRole('list', { name: 'First steps' })
      await list.waitFor()
      assert.ok((await list.innerText()).includes(`strongroom login --url ${url}`))
      assert.ok((await list.innerText()).includes(`curl -s ${url}/v3/secrets`))
      const done = async () => (await list.locator('.is-done').allInnerTexts()).map((text) => text.trim())
      // There is somebody else, whom the set-up of the test invited; and its own key was never used.
      assert.deepEqual(await done(), ['Invite your team'])
      const again = async () => {
        await page.reload()
        await page.getByRole('heading', { level: 1 }).waitFor()
        await settled(page)
      }

      await page.getByRole('link', { name: 'Create a secret' }).click()
      await page.getByRole('heading', { level: 1, name: 'New secret' }).waitFor()
      const ada = new Person(url)
      await ada.signIn(owner.email, owner.password)
      await ada.post('/v3/secrets', { name: 'db-password', value: 'v' })
      const { body } = await ada.post('/v3/keys', { name: 'ci', scopes: ['secrets:read'] })
      await page.goto('/portal/')
      await list.waitFor()
      assert.deepEqual(await done(), ['Add your first secrets', 'Create an API key', 'Invite your team'])
      await new Api(url, body.api_key).get('/v3/secrets/1')
      await again()
      assert.equal((await done()).length, 4)
      await enrolTotp(ada, portal.now())
      await again()
      assert.equal(await list.count(), 0)
      assert.ok(api)
    })

    test('are dismissed for good in this browser, and shown to nobody who could not take them', async (t) => {
      const portal = await startPortal(t, engine)
      const page = await portal.openAs(owner, '/portal/')
      const list = page.getByRole('list', { name: 'First steps' })
      await list.waitFor()
      await page.getByRole('button', { name: 'Dismiss' }).click()
      await list.waitFor({ state: 'detached' })
      await page.reload()
      await page.getByText('Recently changed').waitFor()
      await settled(page)
      assert.equal(await list.count(), 0)

      const other = await portal.openAs(reader, '/portal/')
      await other.getByText('Recently changed').waitFor()
      await settled(other)
      assert.equal(await other.getByText('Get started').count(), 0)
    })

    for (const [colorScheme, width] of [
      ['light', 1440],
      ['dark', 390],
    ] as const) {
      test(`have nothing that axe finds, ${colorScheme} and ${width} wide`, async (t) => {
        const portal = await startPortal(t, engine)
        const page = await portal.openAs(owner, '/portal/', { colorScheme, viewport: { width, height: 900 } })
        await page.getByRole('list', { name: 'First steps' }).waitFor()
        const found = [...(await violations(page))]
        const wide = await page.evaluate(() => document.documentElement.scrollWidth)
        if (wide > width) found.push(`${wide} wide`)
        if (pictures !== undefined) {
          mkdirSync(pictures, { recursive: true })
          await page.screenshot({ path: `${pictures}/checklist-${colorScheme}-${width}.png`, fullPage: true })
        }
        assert.deepEqual(found, [])
      })
    }
  })
}
