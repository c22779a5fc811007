/** The reference at `/docs` in a real browser: what it sends works, and what it says is whole. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Page } from 'playwright-core'
import { engines } from '../support/engines.ts'
import { startPortal } from './portal.ts'

const [sqlite] = engines

/** The page draws what is seen. */
const tall = { viewport: { width: 1440, height: 5000 } }

/** What the server answers when the page sends an operation's sample as it stands. */
async function send(page: Page, name: RegExp) {
  await page.getByRole('button', { name }).click()
  const dialog = page.getByRole('dialog')
  const answered = page.waitForResponse((one) => new URL(one.url()).pathname.startsWith('/v3/'))
  await dialog.getByRole('button', { name: /^Send \w+ request to/i }).click()
  const response = await answered
  const answer = { status: response.status(), url: response.url(), body: await response.json() }
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'hidden' })
  return answer
}

suite('The reference at /docs', () => {
  test('sends samples that work with the key that is given once, and shows what is there', async (t) => {
    assert.ok(sqlite)
    const { open, server } = await startPortal(t, sqlite)
    const page = await open(tall)
    await page.goto('/docs/')
    await page.getByText('An API key: sr_…').first().waitFor()
    await page.getByLabel('Bearer Token').first().fill(server.api.key)

    const made = await send(page, /Test Request.*post \/v3\/secrets\)/)
    const listed = await send(page, /Test Request.*get \/v3\/secrets\)/)

    assert.equal(made.status, 201, JSON.stringify(made.body))
    assert.equal(listed.url, `${server.url}/v3/secrets`)
    assert.deepEqual([listed.status, listed.body.secrets.length], [200, 1])
  })

  test('shows underscores and asterisks as they are', async (t) => {
    assert.ok(sqlite)
    const { open } = await startPortal(t, sqlite)
    const page = await open(tall)
    await page.goto('/docs/')

    await page
      .getByText(
        '1 to 255 letters, digits, "_", "." or "-", with "/" behind each folder; every part begins with a letter, a digit or "_"',
      )
      .first()
      .waitFor()
    await page.getByText('a name, or a pattern with * for any characters').first().waitFor()
    assert.equal(await page.locator('p em').count(), 0)
  })
})
