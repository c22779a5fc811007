/** Listings of thousands: the first page is there at once, and the others come when they are wanted. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Page } from 'playwright-core'
import { createKey } from '../../src/vault/keys.ts'
import { createMachine } from '../../src/vault/machines.ts'
import { createTrustRule } from '../../src/vault/trust-rules.ts'
import { inviteUser } from '../../src/vault/users.ts'
import type { Vault } from '../../src/vault/vault.ts'
import { makeMany } from '../support/fill.ts'
import { owner, portalEngines, startPortal, violations } from './portal.ts'

const numbers = (count: number) => Array.from({ length: count }, (_, at) => at)

const makeKeys = (vault: Vault, count: number) =>
  makeMany(vault, numbers(count), (asker, identity, at) =>
    createKey(vault, asker, identity, {
      ...{ name: `key-${at}`, scopes: ['secrets:read'], networks: [], expiresAt: null },
    }),
  )

/** What the page asks for of a listing, by the limits. */
function limitsOf(page: Page, path: string): readonly (string | null)[] {
  const limits: (string | null)[] = []
  page.on('request', (request) => {
    const url = new URL(request.url())
    if (request.method() === 'GET' && url.pathname === path) limits.push(url.searchParams.get('limit'))
  })
  return limits
}

const status = (page: Page) => page.getByRole('main').getByRole('status')

for (const engine of portalEngines) {
  suite(`${engine.name}: long listings of the portal`, { skip: engine.skip }, () => {
    test('of keys come page by page, and are searched to their end', async (t) => {
      const portal = await startPortal(t, engine)
      const { vault, api } = portal.server
      await makeKeys(vault, 2500)
      const { keys } = (await api.get('/v3/keys')).body
      const last = keys.at(-1)
      const page = await portal.openAs(owner, '/portal/settings')
      const limits = limitsOf(page, '/v3/keys')

      await page.getByRole('link', { name: 'API keys' }).click()
      await status(page).getByText('200 found in the first 200 keys').waitFor()
      assert.equal(await page.getByRole('main').getByRole('listitem').filter({ hasText: 'created' }).count(), 100)
      assert.deepEqual(limits, ['200'])
      assert.deepEqual(await violations(page), [])
      await page.getByRole('button', { name: 'Show more' }).click()
      await page.getByRole('button', { name: `Revoke ${keys[150].name}`, exact: true }).waitFor()
      await page.getByRole('button', { name: 'Show more' }).click()
      await status(page).getByText('1,200 found in the first 1,200 keys').waitFor()
      assert.deepEqual(limits, ['200', '1000'])

      await page.getByLabel('Search keys').fill(`${last.name} `)
      await page.getByRole('button', { name: `Revoke ${last.name}`, exact: true }).waitFor()
      await status(page).getByText('of 2,501 keys').waitFor()
      assert.deepEqual(limits, ['200', '1000', '1000', '1000'])
      assert.match(page.url(), /[?&]q=/)
      await page.getByLabel('Search keys').fill('nothing-like-it')
      await page.getByText('No keys match your search.').waitFor()
      assert.deepEqual(await violations(page), [])
    })

    test('of keys show one that was just made, far as it is from the first', async (t) => {
      const portal = await startPortal(t, engine)
      await makeKeys(portal.server.vault, 300)
      const page = await portal.openAs(owner, '/portal/keys')
      await page.getByRole('button', { name: 'Show more' }).waitFor()

      await page.getByRole('button', { name: 'New key' }).click()
      await page.getByRole('textbox', { name: 'Name', exact: true }).fill('fresh')
      await page.getByRole('button', { name: 'Create key' }).click()
      await page.getByRole('button', { name: 'I’ve saved it' }).click()

      await page.getByRole('button', { name: 'Revoke fresh' }).waitFor()
    })

    test('of seeds come page by page with the newest first, and trust rules are searched', async (t) => {
      const portal = await startPortal(t, engine)
      const { vault } = portal.server
      // An account has a hundred rules at most.
      await makeMany(vault, numbers(100), (asker, identity, at) =>
        createTrustRule(vault, asker, identity, {
          ...{ name: `rule-${at}`, issuer: 'https://ci.example', audience: 'here', claims: { sub: `job-${at}` } },
          scopes: ['secrets:read'],
        }),
      )
      // By a key: whoever makes a seed is whom it reads as.
      const seed = (at: number) => portal.server.api.post('/v3/seeds', { user_data: 'A', target: `vm-${at}` })
      assert.ok((await Promise.all(numbers(210).map(seed))).every((made) => made.status === 201))
      const seeds = (await portal.server.api.get('/v3/seeds')).body.seeds
      const page = await portal.openAs(owner, '/portal/settings')
      const rules = limitsOf(page, '/v3/trust-rules')
      const items = page.getByRole('main').getByRole('listitem')

      await page.getByRole('link', { name: 'Trust rules' }).click()
      await status(page).getByText('100 rules').waitFor()
      await page.getByLabel('Search rules').fill('job-99')
      await status(page).getByText('1 of 100 rules').waitFor()
      await items.filter({ hasText: 'rule-99' }).waitFor()
      assert.deepEqual(rules, ['200'])
      assert.deepEqual(await violations(page), [])

      const limits = limitsOf(page, '/v3/seeds')
      await page.goto('/portal/cloud-init?tab=seeds')
      await status(page).getByText('200 found in the first 200 seeds').waitFor()
      assert.deepEqual(limits, ['200'])
      assert.ok((await items.first().textContent())?.includes(seeds.at(-1).target))
      await page.getByLabel('Search seeds').fill(`${seeds[0].target} ${seeds[0].id}`)
      await items.filter({ hasText: seeds[0].target }).waitFor()
      assert.deepEqual(limits, ['200', '1000'])
      assert.deepEqual(await violations(page), [])
    })

    test('of machines and users come page by page too', async (t) => {
      const portal = await startPortal(t, engine)
      const { vault } = portal.server
      const address = (at: number) => `10.${Math.floor(at / 250)}.${at % 250}.1`
      await makeMany(vault, numbers(300), async (asker, identity, at) => {
        await createMachine(vault, asker, identity, {
          ...{ name: `web-${at}`, addresses: [address(at)], scopes: undefined },
        })
        const person = {
          email: `user-${at}@example.com`,
          name: undefined,
          role: 'reader',
          patterns: undefined,
        } as const
        await inviteUser(vault, asker, 1, { ...person, placedRoles: undefined })
      })
      const page = await portal.openAs(owner, '/portal/settings')
      for (const [place, noun, path, name] of [
        ['Machines', 'machine', '/v3/machines', 'web-299'],
        ['Users', 'user', '/v3/users', 'user-299@example.com'],
      ] as const) {
        const limits = limitsOf(page, path)
        await page.getByRole('link', { name: place }).click()
        await status(page).getByText(`200 found in the first 200 ${noun}s`).waitFor()
        assert.deepEqual(limits, ['200'])
        await page.getByLabel(`Search ${noun}s`).fill(name)
        await page.getByRole('main').getByRole('listitem').filter({ hasText: name }).waitFor()
        assert.ok(limits.length > 1, place)
      }
    })
  })
}
