/** Authorizing `strongroom login` in the portal: by the code that is typed, and by the link; what is said before, and after. */
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { suite, test } from 'node:test'
import { Person } from '../support/person.ts'
import { owner, type Portal, portalEngines, reader, startPortal, violations } from './portal.ts'

const pictures = process.env['STRONGROOM_PICTURES']

async function begin({ server }: Portal, more: object = {}, address = '127.0.0.1') {
  const headers = { 'x-forwarded-for': address }
  const { body, text } = await new Person(server.url).send(
    'POST',
    '/v3/logins',
    { host: 'ada-laptop', ...more },
    headers,
  )
  assert.ok(body.user_code, text)
  const poll = async () =>
    (await new Person(server.url).send('POST', '/v3/logins/poll', { device_code: body.device_code }, headers)).body
  return { code: String(body.user_code), link: new URL(body.verification_uri_complete), poll }
}

for (const engine of portalEngines) {
  suite(`${engine.name}: the page for logins`, { skip: engine.skip }, () => {
    test('takes a code that is typed, by the keyboard alone, and says what asks before it is authorized', async (t) => {
      const portal = await startPortal(t, engine, { trustedProxies: ['127.0.0.1'] })
      const { code, poll } = await begin(portal, { scopes: ['secrets:read:prod-*'], expires_in: 3600 }, '203.0.113.9')
      const page = await portal.openAs(owner, '/portal/device')

      await page.getByRole('textbox', { name: 'Code' }).waitFor()
      await page.keyboard.type(code.toLowerCase())
      await page.keyboard.press('Enter')
      await page.getByText('ada-laptop').waitFor()
      const shown = await page.getByRole('region', { name: 'Login' }).innerText()
      for (const told of [
        /Only continue if you just ran “strongroom login” yourself/,
        /203\.0\.113\.9, which isn’t the network you’re on now/,
        /as ada@example\.com/,
        /prod-\*/,
      ]) {
        assert.match(shown, told)
      }
      await page.getByRole('button', { name: 'Authorize' }).focus()
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'Login authorized' }).waitFor()

      const { state, scopes, person } = await poll()
      assert.deepEqual([state, scopes, person], ['granted', ['secrets:read:prod-*'], owner.email])
      await page.goto('/portal/keys')
      await page.getByText('CLI on ada-laptop').waitFor()
    })

    test('takes the code of a link out of the address, and asks whether the terminal shows it', async (t) => {
      const portal = await startPortal(t, engine, { trustedProxies: ['127.0.0.1'] })
      const { code, link, poll } = await begin(portal)
      const page = await portal.openAs(reader, `${link.pathname}${link.hash}`)

      await page.getByText('ada-laptop').waitFor()
      assert.equal(new URL(page.url()).hash, '')
      const authorize = page.getByRole('button', { name: 'Authorize' })
      assert.equal(await authorize.isDisabled(), true)
      assert.equal(await page.getByText('isn’t the network').count(), 0)
      await page.getByText(`My terminal shows the code ${code}`).click()
      await page.getByText('Only allow this key from 127.0.0.1').click()
      await authorize.click()
      await page.getByRole('heading', { name: 'Login authorized' }).waitFor()

      const { scopes, networks } = await poll()
      assert.deepEqual([scopes, networks], [['secrets:list', 'secrets:read'], ['127.0.0.1']])
      // The link is good once: who comes by it again has to type another code.
      await page.reload()
      await page.getByRole('textbox', { name: 'Code' }).waitFor()
    })

    test('denies, asks who it is after a while, and says what is wrong with a code', async (t) => {
      const portal = await startPortal(t, engine, { trustedProxies: ['127.0.0.1'] })
      const page = await portal.openAs(owner, '/portal/device')
      await page.getByRole('textbox', { name: 'Code' }).fill('BBBB-BBBB')
      await page.getByRole('button', { name: 'Continue' }).click()
      await page.getByText('No login waits for this code. It may have expired: run the command again.').waitFor()
      const denied = await begin(portal)
      await page.getByRole('textbox', { name: 'Code' }).fill(denied.code)
      await page.getByRole('button', { name: 'Continue' }).click()
      await page.getByRole('button', { name: 'Deny' }).click()
      await page.getByRole('heading', { name: 'Login denied' }).waitFor()
      assert.equal((await denied.poll()).state, 'refused')

      portal.wait(16)
      const later = await begin(portal)
      await page.goto('/portal/device')
      await page.getByRole('textbox', { name: 'Code' }).fill(later.code)
      await page.getByRole('button', { name: 'Continue' }).click()
      await page.getByRole('button', { name: 'Authorize' }).click()
      const dialog = page.getByRole('dialog', { name: 'Confirm it’s you' })
      await dialog.getByLabel('Password').fill(owner.password)
      await dialog.getByRole('button', { name: 'Confirm' }).click()
      await page.getByRole('heading', { name: 'Login authorized' }).waitFor()
      assert.equal((await later.poll()).state, 'granted')
    })

    for (const [colorScheme, width] of [
      ['light', 1440],
      ['dark', 1440],
      ['light', 390],
      ['dark', 390],
    ] as const) {
      test(`has nothing that axe finds, ${colorScheme} and ${width} wide`, async (t) => {
        const portal = await startPortal(t, engine, { trustedProxies: ['127.0.0.1'] })
        const { link } = await begin(portal, {}, '203.0.113.9')
        const viewport = { width, height: 900 }
        const page = await portal.openAs(owner, `${link.pathname}${link.hash}`, { colorScheme, viewport })
        const found: string[] = []
        const look = async (name: string) => {
          found.push(...(await violations(page)))
          const wide = await page.evaluate(() => document.documentElement.scrollWidth)
          if (wide > width) found.push(`${name} is ${wide} wide`)
          if (pictures === undefined) return
          mkdirSync(pictures, { recursive: true })
          await page.screenshot({ path: `${pictures}/device-${name}-${colorScheme}-${width}.png`, fullPage: true })
        }
        await page.getByText('ada-laptop').waitFor()
        await look('ask')
        await page.getByRole('button', { name: 'Deny' }).click()
        await page.getByRole('heading', { name: 'Login denied' }).waitFor()
        await look('denied')
        await page.goto('/portal/device')
        await page.getByRole('textbox', { name: 'Code' }).waitFor()
        await look('code')

        assert.deepEqual(found, [])
      })
    }
  })
}
