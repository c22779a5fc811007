/** Environments in the portal: which one a page is in, going from one to another, and making, changing and deleting them. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Page } from 'playwright-core'
import { makeSecrets } from '../support/fill.ts'
import { Person } from '../support/person.ts'
import { owner, type Portal, portalEngines, reader, startPortal, violations } from './portal.ts'

const pictures = process.env['PICTURES']

/** `API_URL` in `default` and in `prod`, each with its own value, and `ONLY_PROD`. */
async function fill({ server: { api } }: Portal): Promise<void> {
  assert.equal((await api.post('/v3/environments', { name: 'prod' })).status, 201)
  const add = (body: object, query = '') => api.post(`/v3/secrets${query}`, body)
  await add({ name: 'API_URL', value: 'of-default' })
  await add({ name: 'API_URL', value: 'of-prod' }, '?environment=prod')
  await add({ name: 'ONLY_PROD', value: 'x' }, '?environment=prod')
}

const pathOf = (page: Page) => new URL(page.url()).pathname

async function choose(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: /Environment$/ }).click()
  await page.getByRole('option', { name, exact: true }).click()
}

const namesIn = (page: Page) =>
  page.locator('[data-row] a').evaluateAll((links) => links.map((link) => link.textContent))

async function invite({ server: { api, url } }: Portal, who: typeof owner, rights: object): Promise<void> {
  const { body } = await api.post('/v3/users', { email: who.email, ...rights })
  assert.equal((await new Person(url).accept(body.invitation_url, who)).status, 201)
}

const noor = { email: 'noor@example.com', name: 'Noor', password: 'saddle-prism-walnut-anchor' }

for (const engine of portalEngines) {
  suite(`${engine.name}: environments in the portal`, { skip: engine.skip }, () => {
    test('a page is in the one that its address names, and links, Back and reload keep it', async (t) => {
      const portal = await startPortal(t, engine)
      await fill(portal)
      const page = await portal.openAs(owner, '/portal/secrets')
      await page.getByRole('link', { name: 'API_URL' }).waitFor()
      assert.deepEqual(await namesIn(page), ['API_URL'])

      await choose(page, 'prod')
      await page.getByRole('link', { name: 'ONLY_PROD' }).waitFor()
      assert.equal(pathOf(page), '/portal/@prod/secrets')
      assert.deepEqual(await violations(page), [])
      await page.getByRole('link', { name: 'API_URL' }).click()
      await page.getByRole('button', { name: 'Reveal', exact: true }).click()
      await page.locator('[data-value]').getByText('of-prod').waitFor()
      assert.match(pathOf(page), /^\/portal\/@prod\/secrets\/\d+$/)
      assert.equal(await page.title(), 'API_URL · prod · Strongroom')
      await page.reload()
      await page.getByRole('heading', { name: 'API_URL' }).waitFor()
      await page.goBack()
      await page.getByRole('link', { name: 'ONLY_PROD' }).waitFor()
      await page.goBack()
      await page.waitForURL('**/portal/secrets')
      await page.getByRole('link', { name: 'API_URL' }).waitFor()
      assert.deepEqual(await namesIn(page), ['API_URL'])
    })

    test('what is made in one is in that one alone', async (t) => {
      const portal = await startPortal(t, engine)
      await fill(portal)
      const { api } = portal.server
      const page = await portal.openAs(owner, '/portal/@prod/secrets/new')
      await page.getByLabel('Name').fill('MADE')
      await page.getByLabel('Value', { exact: true }).fill('here')
      await page.getByRole('button', { name: 'Create secret' }).click()
      await page.getByText('MADE created').waitFor()
      await page.goto('/portal/@prod/lists')
      await page.getByRole('button', { name: 'New list' }).click()
      await page.getByRole('textbox', { name: 'Name' }).fill('web')
      await page.getByRole('button', { name: 'Create list' }).click()
      await page.getByText('web created').waitFor()

      assert.equal((await api.get('/v3/secrets/by-name/MADE?environment=prod')).body.value, 'here')
      assert.equal((await api.get('/v3/secrets/by-name/MADE?environment=default')).status, 404)
      const listsIn = async (name: string) =>
        (await api.get(`/v3/lists?environment=${name}`)).body.lists.map((list: { name: string }) => list.name)
      assert.ok((await listsIn('prod')).includes('web'))
      assert.ok(!(await listsIn('default')).includes('web'))
    })

    test('the one that was chosen is opened by the next visit, and by no link to another page', async (t) => {
      const portal = await startPortal(t, engine)
      await fill(portal)
      const page = await portal.openAs(owner, '/portal/')
      await page.getByRole('heading', { name: 'Overview' }).waitFor()
      await choose(page, 'prod')
      await page.waitForURL('**/portal/@prod/')
      await page.getByText('secrets in 1 list').waitFor()

      await page.goto('/portal/')
      await page.waitForURL('**/portal/@prod/')
      await page.goto('/portal/secrets')
      await page.getByRole('link', { name: 'API_URL' }).waitFor()
      assert.deepEqual(await namesIn(page), ['API_URL'])
      await choose(page, 'prod')
      await page.getByRole('link', { name: 'ONLY_PROD' }).waitFor()
      await choose(page, 'default')
      await page.waitForURL('**/portal/secrets')
      await page.goto('/portal/')
      await page.getByRole('heading', { name: 'Overview' }).waitFor()
      await page.getByText('1 list').first().waitFor()
      assert.equal(pathOf(page), '/portal/')
      assert.equal(await page.evaluate(() => localStorage.getItem('strongroom-environments')), null)
    })

    test('one that is gone or not seen leads to one that is, with a sentence that tells no difference', async (t) => {
      const portal = await startPortal(t, engine)
      await fill(portal)
      await portal.server.api.post('/v3/environments', { name: 'staging' })
      await invite(portal, noor, { role: 'auditor', environment_roles: { prod: 'reader' } })
      const page = await portal.openAs(owner, '/portal/@never/secrets')
      await page.getByText('The environment “never” doesn’t exist, or you don’t have access to it.').waitFor()
      assert.equal(pathOf(page), '/portal/secrets')

      const theirs = await portal.openAs(noor, '/portal/secrets')
      await theirs.getByRole('link', { name: 'ONLY_PROD' }).waitFor()
      assert.equal(pathOf(theirs), '/portal/@prod/secrets')
      await theirs.goto('/portal/@staging/secrets')
      await theirs.getByText('The environment “staging” doesn’t exist, or you don’t have access to it.').waitFor()
      assert.equal(pathOf(theirs), '/portal/@prod/secrets')
      await theirs.getByRole('link', { name: 'ONLY_PROD' }).waitFor()
      assert.equal(await theirs.getByText('staging', { exact: true }).count(), 0)
    })

    test('rights are those of the environment: what one may do elsewhere is not offered', async (t) => {
      const portal = await startPortal(t, engine)
      await fill(portal)
      await invite(portal, noor, { role: 'reader', environment_roles: { prod: 'reader', default: 'editor' } })
      const page = await portal.openAs(noor, '/portal/secrets')
      await page.getByRole('link', { name: 'New secret' }).waitFor()
      await choose(page, 'prod')
      await page.getByRole('link', { name: 'ONLY_PROD' }).waitFor()
      assert.equal(await page.getByRole('link', { name: 'New secret' }).count(), 0)
      // They see two of them, and manage none.
      await page.getByRole('link', { name: 'Environments' }).click()
      await page.getByRole('region', { name: 'Table of environments' }).waitFor()
      assert.equal(await page.getByRole('button', { name: 'New environment' }).count(), 0)
    })

    test('the switch is used by keyboard and on a phone, and is not there for who has no choice', async (t) => {
      const portal = await startPortal(t, engine)
      const alone = await portal.openAs({
        ...owner,
        email: 'grace@example.com',
        password: 'marble-thicket-sonnet-ferry',
      })
      await alone.getByRole('heading', { name: 'No secrets yet' }).waitFor()
      assert.equal(await alone.getByRole('button', { name: /Environment$/ }).count(), 0)
      await fill(portal)
      const page = await portal.openAs(owner, '/portal/secrets')
      await page.getByRole('button', { name: /Environment$/ }).focus()
      await page.keyboard.press('Enter')
      // A key goes to where the focus is.
      const focused = (name: string) => page.getByRole('option', { name }).and(page.locator(':focus')).waitFor()
      await focused('default')
      await page.keyboard.press('ArrowDown')
      await focused('prod')
      await page.keyboard.press('Enter')
      await page.waitForURL('**/portal/@prod/secrets')
      if (pictures !== undefined) await page.screenshot({ path: `${pictures}/switch-1440.png` })

      for (const colorScheme of ['light', 'dark'] as const) {
        const phone = await portal.openAs(owner, '/portal/@prod/secrets', {
          viewport: { width: 390, height: 844 },
          colorScheme,
        })
        await phone.getByRole('link', { name: 'ONLY_PROD' }).waitFor()
        assert.ok(await phone.locator('.top').getByText('prod').isVisible())
        if (pictures !== undefined) await phone.screenshot({ path: `${pictures}/phone-${colorScheme}.png` })
        await phone.getByRole('button', { name: 'Open the navigation' }).click()
        if (pictures !== undefined) await phone.screenshot({ path: `${pictures}/phone-nav-${colorScheme}.png` })
        await choose(phone, 'default')
        await phone.waitForURL('**/portal/secrets')
        await phone.getByRole('link', { name: 'API_URL' }).waitFor()
      }
    })

    test('a name that ends as a file does is an environment nevertheless', async (t) => {
      const portal = await startPortal(t, engine)
      assert.equal((await portal.server.api.post('/v3/environments', { name: 'v1.2' })).status, 201)
      await portal.server.api.post('/v3/secrets?environment=v1.2', { name: 'DOTTED', value: 'x' })
      const page = await portal.openAs(owner, '/portal/@v1.2/')
      await page.getByRole('link', { name: 'DOTTED' }).waitFor()
      assert.equal((await fetch(`${portal.server.url}/portal/@v1.2/gone.js`)).status, 404)
    })

    test('what is typed is not lost by a switch unasked', async (t) => {
      const portal = await startPortal(t, engine)
      await fill(portal)
      const page = await portal.openAs(owner, '/portal/secrets/new')
      await page.getByLabel('Name').fill('HALF')
      await page.getByLabel('Value', { exact: true }).fill('typed')
      await choose(page, 'prod')
      await page.getByRole('alertdialog', { name: 'Discard changes?' }).waitFor()
      assert.equal(pathOf(page), '/portal/secrets/new')
    })

    test('one is made, given a base, renamed and deleted once nothing is in it, which it says', async (t) => {
      const portal = await startPortal(t, engine)
      await fill(portal)
      const { api } = portal.server
      const page = await portal.openAs(owner, '/portal/environments')
      await page.getByRole('button', { name: 'New environment' }).click()
      await page.getByLabel('Name').fill('dev')
      await page.getByRole('button', { name: /Inherits from$/ }).click()
      await page.getByRole('option', { name: 'prod' }).click()
      assert.deepEqual(await violations(page), [])
      if (pictures !== undefined) await page.screenshot({ path: `${pictures}/new.png` })
      await page.getByRole('button', { name: 'Create environment' }).click()
      await page.getByText('dev created').waitFor()
      await page.getByRole('button', { name: 'Edit dev' }).click()
      await page.getByLabel('Name').fill('prod')
      await page.getByRole('button', { name: 'Save' }).click()
      await page.locator('.fault').first().waitFor()
      await page.getByLabel('Name').fill('test')
      await page.getByText('Those for “dev” lose access').waitFor()
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByText('test saved').waitFor()
      assert.deepEqual(
        (await api.get('/v3/environments')).body.environments.map((one: { name: string; base: string | null }) => [
          one.name,
          one.base,
        ]),
        [
          ['default', null],
          ['prod', null],
          ['test', 'prod'],
        ],
      )
      assert.deepEqual(await violations(page), [])
      if (pictures !== undefined) await page.screenshot({ path: `${pictures}/environments.png` })

      await page.getByRole('button', { name: 'Delete prod' }).click()
      await page.getByRole('button', { name: 'Delete environment' }).click()
      await page.getByText(/The environment still has .*secrets.*\. Delete or move these first\./).waitFor()
      if (pictures !== undefined) await page.screenshot({ path: `${pictures}/not-empty.png` })
      await page.getByRole('button', { name: 'Cancel' }).click()
      await page.goto('/portal/@test/environments')
      await page.getByRole('button', { name: 'Delete test' }).click()
      await page.getByRole('button', { name: 'Delete environment' }).click()
      await page.waitForURL('**/portal/environments')
      assert.equal((await api.get('/v3/environments')).body.environments.length, 2)
    })

    test('on a phone, the table has all its buttons within its card, and says what is inherited from where', async (t) => {
      const portal = await startPortal(t, engine)
      const { api } = portal.server
      await api.post('/v3/environments', { name: 'prod' })
      await api.post('/v3/environments', { name: 'customer-acme-production-eu-central-1', base: 'prod' })
      const phone = { viewport: { width: 390, height: 844 } }
      const page = await portal.openAs(owner, '/portal/environments', phone)
      const region = page.getByRole('region', { name: 'Table of environments' })
      await region.getByText('Inherits from prod').waitFor()
      assert.equal(await region.evaluate((one) => one.scrollWidth - one.clientWidth), 0)
      const card = (await region.boundingBox()) ?? assert.fail()
      for (const button of await region.getByRole('button').all()) {
        const box = (await button.boundingBox()) ?? assert.fail()
        assert.ok(box.x + box.width + 4 <= card.x + card.width, 'a button is cut off')
      }
      assert.deepEqual(await violations(page), [])
    })

    test('what an environment inherits is shown apart, read-only, with the way to where it is from', async (t) => {
      const portal = await startPortal(t, engine)
      await fill(portal)
      const { api } = portal.server
      assert.equal((await api.post('/v3/environments', { name: 'eu', base: 'prod' })).status, 201)
      await api.post('/v3/secrets?environment=eu', { name: 'API_URL', value: 'of-eu' })
      await invite(portal, noor, { role: 'reader', environment_roles: { eu: 'reader' } })
      const page = await portal.openAs(owner, '/portal/@eu/secrets')
      await page.getByRole('button', { name: /^Inherited from prod$/ }).click()
      const table = page.getByRole('region', { name: 'Table of inherited secrets' })
      const link = table.getByRole('link', { name: 'ONLY_PROD' })
      await link.waitFor()
      assert.equal(await table.getByText('API_URL').count(), 0)
      assert.equal(await page.getByRole('button', { name: /Reveal|Delete|Edit/ }).count(), 0)
      assert.deepEqual(await violations(page), [])
      if (pictures !== undefined) await page.screenshot({ path: `${pictures}/inherited.png` })
      await link.click()
      await page.getByRole('heading', { name: 'ONLY_PROD' }).waitFor()
      assert.match(pathOf(page), /^\/portal\/@prod\/secrets\/\d+$/)

      const theirs = await portal.openAs(noor, '/portal/@eu/secrets', {
        viewport: { width: 390, height: 844 },
        colorScheme: 'dark',
      })
      await theirs.getByRole('button', { name: /State$/ }).click()
      await theirs.getByRole('option', { name: 'Inherited' }).click()
      await theirs.getByText('ONLY_PROD').waitFor()
      assert.deepEqual(await violations(theirs), [])
      assert.equal(await theirs.getByRole('link', { name: 'ONLY_PROD' }).count(), 0)
      if (pictures !== undefined) await theirs.screenshot({ path: `${pictures}/inherited-phone.png` })
    })

    test('environments are compared name by name, and a secret is copied after it is said what that does', async (t) => {
      const portal = await startPortal(t, engine)
      await fill(portal)
      const { api } = portal.server
      const page = await portal.openAs(owner, '/portal/environments')
      await page.getByRole('link', { name: 'Compare' }).click()
      const row = (name: string) => page.getByRole('row').filter({ hasText: name })
      await row('API_URL').getByText('Differs').waitFor()
      await row('ONLY_PROD').getByText('Missing').first().waitFor()
      assert.deepEqual(await violations(page), [])
      if (pictures !== undefined) await page.screenshot({ path: `${pictures}/compare.png` })

      await page.getByRole('button', { name: 'Copy API_URL from prod' }).click()
      await page.getByText('It will replace the current version there.').waitFor()
      assert.deepEqual(await violations(page), [])
      if (pictures !== undefined) await page.screenshot({ path: `${pictures}/copy.png` })
      assert.equal((await api.get('/v3/secrets/by-name/API_URL?environment=default')).body.value, 'of-default')
      await page.getByRole('button', { name: 'Copy secret' }).click()
      await page.getByText('API_URL copied to default').waitFor()
      await row('API_URL').getByText('Same').waitFor()
      assert.equal((await api.get('/v3/secrets/by-name/API_URL?environment=default')).body.value, 'of-prod')

      await api.post('/v3/environments', { name: 'eu', base: 'prod' })
      await page.reload()
      await row('API_URL').getByText('Inherited').first().waitFor()
      await row('ONLY_PROD').getByText('Inherited').waitFor()
      await row('ONLY_PROD').getByText('Missing').first().waitFor()
      assert.deepEqual(await violations(page), [])
      if (pictures !== undefined) await page.screenshot({ path: `${pictures}/compare-inherited.png` })
    })

    test('environments are compared by whoever reads two of them, and copied by whoever may write one', async (t) => {
      const portal = await startPortal(t, engine)
      await fill(portal)
      const { api } = portal.server
      await api.post('/v3/environments', { name: 'hidden' })
      await invite(portal, noor, { role: 'reader', environment_roles: { default: 'editor', prod: 'reader' } })
      const page = await portal.openAs(noor, '/portal/secrets')
      await page.getByRole('link', { name: 'Environments' }).click()
      await page.getByRole('region', { name: 'Table of environments' }).getByText('prod').waitFor()
      assert.equal(await page.getByText('hidden').count(), 0)
      assert.equal(await page.getByRole('button', { name: /^(New environment|Edit|Delete)/ }).count(), 0)
      assert.deepEqual(
        await page.getByRole('button', { name: /^Roll back/ }).evaluateAll((all) => all.map((one) => one.ariaLabel)),
        ['Roll back default'],
      )
      await page.getByRole('link', { name: 'Compare' }).click()
      const row = (name: string) => page.getByRole('row').filter({ hasText: name })
      await row('API_URL').getByText('Differs').waitFor()
      assert.deepEqual(await violations(page), [])
      assert.equal(await page.getByText('hidden').count(), 0)
      // They may not write into prod.
      assert.equal(await page.getByRole('button', { name: 'Copy API_URL from default' }).count(), 0)
      await page.getByRole('button', { name: 'Copy ONLY_PROD from prod' }).click()
      await page.getByText('It will be created there.').waitFor()
      await page.getByRole('button', { name: 'Copy secret' }).click()
      await page.getByText('ONLY_PROD copied to default').waitFor()

      assert.equal((await api.get('/v3/secrets/by-name/ONLY_PROD?environment=default')).body.value, 'x')
      assert.equal((await api.send('PATCH', '/v3/users/2', { environment_roles: { prod: 'reader' } })).status, 200)
      const one = await portal.openAs(reader, '/portal/secrets')
      await one.waitForURL('**/portal/@prod/secrets')
      await one.getByRole('link', { name: 'ONLY_PROD' }).waitFor()
      assert.equal(await one.getByRole('link', { name: 'Environments' }).count(), 0)
    })

    test('of many, those are compared that are chosen, in the address', async (t) => {
      const portal = await startPortal(t, engine)
      await fill(portal)
      for (let at = 3; at <= 12; at++) await portal.server.api.post('/v3/environments', { name: `env-${at}` })
      const page = await portal.openAs(owner, '/portal/@env-12/environments?tab=compare')
      const heads = async () => (await page.getByRole('columnheader').allTextContents()).filter((text) => text !== '')
      const choice = page.getByRole('group', { name: 'Environments to compare' })
      const box = (name: string) => choice.getByRole('checkbox', { name, exact: true })
      const press = (name: string) => choice.getByText(name, { exact: true }).click()
      // As many as the server compares, and the current one among them.
      await page.getByText('Comparing 10 of 12 environments').click()
      await page.getByRole('columnheader', { name: 'env-12' }).waitFor()
      assert.equal((await heads()).length, 2 + 10)
      assert.equal(await box('env-11').isDisabled(), true)
      assert.deepEqual(await violations(page), [])
      for (const name of ['env-3', 'env-4', 'env-5', 'env-6', 'env-7', 'env-8', 'env-9', 'default']) {
        await press(name)
      }
      await page.getByText('Comparing 2 of 12 environments').waitFor()
      assert.equal(await box('prod').isDisabled(), true)
      await press('env-11')
      await page.getByRole('columnheader', { name: 'env-11' }).waitFor()
      assert.equal(new URL(page.url()).searchParams.get('in'), 'prod,env-11,env-12')
      await page.reload()
      await page.getByRole('columnheader', { name: 'env-11' }).waitFor()
      assert.deepEqual(await heads(), ['Name', 'State', 'prod', 'env-11', 'env-12'])
      if (pictures !== undefined) await page.screenshot({ path: `${pictures}/compare-chosen.png` })
    })

    test('of many names, those that are selected are copied together, after one preview', async (t) => {
      const portal = await startPortal(t, engine)
      await fill(portal)
      const { api, vault } = portal.server
      const names = Array.from({ length: 120 }, (_, at) => `part-${String(at).padStart(3, '0')}`)
      await makeSecrets(vault, names)
      const page = await portal.openAs(owner, '/portal/environments?tab=compare')
      const copies: string[] = []
      page.on('request', (request) => {
        if (!request.url().endsWith('/v3/copy')) return
        const { names: sent, dry_run: isDry = false } = request.postDataJSON()
        copies.push(`${isDry ? 'preview' : 'copy'} ${sent.length}`)
      })
      const box = (name: string) => page.getByRole('checkbox', { name: `Select ${name}`, exact: true })
      const selected = (text: string) =>
        page.getByRole('region', { name: 'Selected secrets' }).getByText(text, { exact: true }).waitFor()
      const preview = page.getByRole('region', { name: 'Preview' })

      await box('ONLY_PROD').click()
      await box('API_URL').click()
      await box('part-001').click({ modifiers: ['Shift'] })
      await selected('4 selected')
      await box('ONLY_PROD').click()
      await box('part-000').click()
      await selected('2 selected')
      assert.deepEqual(await violations(page), [])
      if (pictures !== undefined) await page.screenshot({ path: `${pictures}/compare-selected.png` })
      await page.getByRole('button', { name: 'Copy to environment' }).click()
      await page.getByRole('dialog', { name: 'Copy 2 secrets from default' }).waitFor()
      await page.getByText('1 new, 1 replaced.').waitFor()
      await preview.getByText('part-001').waitFor()
      assert.deepEqual(await violations(page), [])
      if (pictures !== undefined) await page.screenshot({ path: `${pictures}/copy-many.png` })
      // The other way, one of them is not there.
      await page.getByRole('button', { name: /From$/ }).click()
      await page.getByRole('option', { name: 'prod' }).click()
      await page.getByText('1 replaced. 1 not in prod.').waitFor()
      await page.getByRole('button', { name: /From$/ }).click()
      await page.getByRole('option', { name: 'default' }).click()
      await page.getByRole('button', { name: 'Copy 2 secrets' }).click()
      await page.getByText('2 secrets copied to prod').waitFor()
      assert.equal((await api.get('/v3/secrets/by-name/API_URL?environment=prod')).body.value, 'of-default')
      assert.ok(copies.includes('copy 2'), copies.join())
      assert.equal(await page.getByRole('region', { name: 'Selected secrets' }).count(), 0)

      // All that a filter finds, which is more than one transaction takes.
      copies.length = 0
      await page.getByRole('button', { name: /State$/ }).click()
      await page.getByRole('option', { name: 'Missing' }).click()
      await page.getByLabel('Search names').fill('part')
      await page.getByText('119 of 122 names').waitFor()
      await page.getByRole('checkbox', { name: 'Select all' }).click()
      await selected('119 selected')
      await page.getByRole('button', { name: 'Copy to environment' }).click()
      await page.getByText('119 new.').waitFor()
      await page.getByText('Secrets are copied in groups of 100').waitFor()
      await page.getByRole('button', { name: 'Copy 119 secrets' }).click()
      await page.getByText('119 secrets copied to prod').waitFor()
      assert.deepEqual(copies.slice(0, 4), ['preview 100', 'preview 19', 'copy 100', 'copy 19'])
      await page.getByText('No names match your filter.').or(page.getByText('No names match your search.')).waitFor()
      assert.equal((await api.get('/v3/secrets/by-name/part-119?environment=prod')).status, 200)
    })

    test('the audit log is filtered by environment, in its address', async (t) => {
      const portal = await startPortal(t, engine)
      await fill(portal)
      const page = await portal.openAs(owner, '/portal/audit?action=secret.create')
      const table = page.getByRole('region', { name: 'Table of records' })
      const names = () => table.getByRole('link').allTextContents()
      await table.getByRole('link').nth(2).waitFor()
      assert.deepEqual(await names(), ['ONLY_PROD', 'API_URL', 'API_URL'])

      await page.getByRole('button', { name: /In environment$/ }).click()
      await page.getByRole('option', { name: 'prod' }).click()
      await table.getByRole('link').nth(2).waitFor({ state: 'detached' })
      await table.getByRole('link').nth(1).waitFor()
      assert.deepEqual(await names(), ['ONLY_PROD', 'API_URL'])
      assert.equal(new URL(page.url()).searchParams.get('environment'), 'prod')
      assert.deepEqual(await violations(page), [])
      await page.reload()
      await page.getByRole('button', { name: /^prod In environment$/ }).waitFor()
      await table.getByRole('link').first().waitFor()
      assert.deepEqual(await names(), ['ONLY_PROD', 'API_URL'])
      await page.getByRole('button', { name: /In environment$/ }).click()
      await page.getByRole('option', { name: 'default' }).click()
      await table.getByText('ONLY_PROD').waitFor({ state: 'detached' })
      await table.getByRole('link').first().waitFor()
      assert.deepEqual(await names(), ['API_URL'])
    })

    test('the audit log leads to things in their environment', async (t) => {
      const portal = await startPortal(t, engine)
      await fill(portal)
      const page = await portal.openAs(owner, '/portal/audit')
      const link = page.getByRole('link', { name: 'ONLY_PROD' }).first()
      await link.waitFor()
      assert.match((await link.getAttribute('href')) ?? '', /^\/portal\/@prod\/secrets\/\d+$/)
      await link.click()
      await page.getByRole('heading', { name: 'ONLY_PROD' }).waitFor()
      if (pictures !== undefined) {
        await page.goto('/portal/audit')
        await link.waitFor()
        await page.screenshot({ path: `${pictures}/audit.png` })
      }
    })
  })
}
