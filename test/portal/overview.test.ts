/** What the overview says: what changed, expires, is old, is to be deployed again, and who reads. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Api } from '../support/api.ts'
import { engines } from '../support/engines.ts'
import { owner, startPortal } from './portal.ts'

const dayMs = 86_400_000

// What a page says does not depend on the store; the counts of the trail are tried on both (v3/activity.test.ts).
for (const engine of engines.slice(0, 1)) {
  suite(`${engine.name}: the overview`, { skip: engine.skip }, () => {
    test('says what changed, expires, is old and is to be deployed again, and who read most of late', async (t) => {
      const clock = { ago: 400 }
      const portal = await startPortal(t, engine, { now: () => Date.now() - clock.ago * dayMs })
      const { api, url } = portal.server
      const keyOf = async (name: string) =>
        new Api(url, (await api.post('/v3/keys', { name, scopes: ['secrets:read'] })).body.api_key)
      const [checkout, backup] = [await keyOf('checkout'), await keyOf('nightly backup')]
      await api.post('/v3/secrets', { name: 'ancient-token', value: 'v' })
      clock.ago = 40
      const soon = `${new Date(Date.now() + 3.2 * dayMs).toISOString().slice(0, 19)}Z`
      await api.post('/v3/secrets', { name: 'certificate', value: 'v', expires_at: soon })
      for (let at = 0; at < 9; at++) await backup.get('/v3/secrets/2')
      clock.ago = 2
      await api.post('/v3/secrets', { name: 'db-password', value: 'one' })
      await api.post('/v3/render', { template: ['$', '{{secret.db-password}}'].join(''), target: 'web-1' })
      for (let at = 0; at < 4; at++) await checkout.get('/v3/secrets/3')
      await checkout.get('/v3/secrets/99')
      await backup.get('/v3/secrets/3')
      clock.ago = 0
      await api.put('/v3/secrets/3', { value: 'two' })

      const page = await portal.openAs(owner, '/portal/')
      const linesOf = (name: string) => page.getByRole('region', { name }).getByRole('listitem').allInnerTexts()
      const tiles = page.locator('.tile')

      await page.getByRole('region', { name: 'Top readers' }).getByText('checkout').waitFor()
      await page.getByRole('region', { name: 'Needs redeploy' }).getByText('web-1').waitFor()
      assert.deepEqual((await tiles.allInnerTexts()).map(flat), [
        '3 secrets in 1 list',
        '1 expired or expiring soon',
        '1 not rotated in 1 year',
        '1 target out of date',
      ])
      assert.deepEqual((await linesOf('Recently changed')).map(flat), [
        'db-password version 2, just now',
        'certificate version 1, last month',
        'ancient-token version 1, last year',
      ])
      assert.deepEqual((await linesOf('Expiring soon')).map(flat), ['certificate in 3 days'])
      assert.deepEqual((await linesOf('Needs redeploy')).map(flat), ['web-1 1 old, deployed 2 days ago'])
      // What was read 40 days ago counts no more, nor what was refused; the template was one read of the first key.
      assert.deepEqual((await linesOf('Top readers')).map(flat), [
        'checkout key 4',
        'first key key 1',
        'nightly backup key 1',
      ])
      const activity = page.getByRole('region', { name: 'Activity' }).locator('table')
      // And what the template was made for.
      assert.deepEqual(await cellsOf(activity, 'Reads of values'), ['7', '0'])
      assert.deepEqual(await cellsOf(activity, 'Changes'), ['1', '1'])
      assert.deepEqual(await cellsOf(activity, 'Refused'), ['1', '0'])
      const ages = page.getByRole('region', { name: 'Time since the last change' })
      assert.deepEqual((await ages.locator('.end').allTextContents()).slice(0, 2), ['1', '1'])
      assert.equal(await page.getByText('too many to count at once').count(), 0)

      await page.getByRole('link', { name: 'checkout key' }).click()
      await page.waitForURL(/\/portal\/audit\?principal=checkout/)
    })

    test('says since when it is counted, where more happened than is counted at once', async (t) => {
      const portal = await startPortal(t, engine)
      await portal.server.api.post('/v3/secrets', { name: 'db-password', value: 'v' })
      const page = await portal.openAs(owner, '/portal/settings')
      await page.route('**/v3/audit/activity*', async (route) => {
        const answer = await route.fetch()
        await route.fulfill({ response: answer, json: { ...(await answer.json()), complete: false } })
      })

      await page.goto('/portal/')

      for (const name of ['Activity', 'Top readers']) {
        await page.getByRole('region', { name }).getByText('too many to count at once').waitFor()
      }
    })
  })
}

/** A text in one line. */
function flat(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}

type Table = ReturnType<import('playwright-core').Page['locator']>

/** What a column of a table has, from the top. */
async function cellsOf(table: Table, heading: string): Promise<readonly string[]> {
  const headings = await table.locator('th[scope=col]').allTextContents()
  const at = headings.indexOf(heading)
  assert.ok(at > 0, `${heading} is not among ${headings.join(', ')}`)
  return table.locator(`tbody tr td:nth-child(${at + 1})`).allTextContents()
}
