/** Every page of the portal: nothing for axe to find, light and dark, wide and narrow; and what each page does. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Page } from 'playwright-core'
import { isThorough } from '../support/chance.ts'
import { engines } from '../support/engines.ts'
import { makeSecrets } from '../support/fill.ts'
import { until } from '../support/receiver.ts'
import { owner, type Portal, reader, settled, startPortal, violations } from './portal.ts'

const longName = 'prod-kubernetes-eu-central-1-ingress-controller-wildcard-certificate-private-key.pem.backup-2026'

/** A store as one has it after a while, in small. */
async function fill({ server: { api } }: Portal): Promise<void> {
  await api.post('/v3/lists', { name: 'Production' })
  const soon = `${new Date(Date.now() + 5 * 86_400_000).toISOString().slice(0, 19)}Z`
  await api.post('/v3/secrets', { name: 'db-password', value: 'one', tags: ['team:db', 'prod'], expires_at: soon })
  await api.put('/v3/secrets/1', { value: 'two' })
  await api.get('/v3/secrets/1')
  await api.post('/v3/secrets', {
    name: longName,
    value: 'x',
    list: 'Production',
    description: 'About it. '.repeat(40),
  })
  const expired = '2020-01-01T00:00:00Z'
  await api.post('/v3/secrets', { name: 'keystore', type: 'file', value: 'AAH/', expires_at: expired, tags: ['prod'] })
  await api.post('/v3/secrets', { name: 'web/api/token', value: 'x' })
  await api.post('/v3/keys', { name: 'checkout service', scopes: ['secrets:read:prod-*'], networks: ['10.0.0.0/8'] })
  await api.post('/v3/machines', { name: 'web-1', addresses: ['10.1.0.11'] })
  const template = ['$', '{{secret.db-password}}'].join('')
  await api.post('/v3/render', { template, target: 'web-1' })
  await api.put('/v3/secrets/1', { value: 'three' })
  await api.post('/v3/render', { template, target: `${longName}.example.com` })
  await api.post('/v3/seeds', { user_data: template, target: 'web-2' })
  await api.put('/v3/settings', { recovery_days: 7 })
  const { body: gone } = await api.post('/v3/secrets', { name: 'gone', value: 'v' })
  await api.delete(`/v3/secrets/${gone.id}`)
  await api.post('/v3/trust-rules', {
    name: 'deploy',
    issuer: 'https://token.actions.githubusercontent.com',
    audience: 'strongroom',
    claims: { sub: `repo:acme/${longName}:ref:refs/heads/main`, repository_id: '123' },
    scopes: ['secrets:read:prod-*'],
  })
}

/** The texts on the page that end in dots, and the tags that end where their place does. */
const cutIn = (page: Page) =>
  page.getByRole('main').evaluate((main) => {
    const isCut = (it: HTMLElement) => {
      if (it.classList.contains('tag')) {
        const [tag, place] = [it.getBoundingClientRect(), it.parentElement?.getBoundingClientRect()]
        return place !== undefined && tag.top < place.bottom && tag.right > place.right
      }
      return getComputedStyle(it).textOverflow === 'ellipsis' && it.scrollWidth > it.clientWidth
    }
    return [...main.querySelectorAll<HTMLElement>('*')].filter(isCut).map((it) => it.innerText)
  })

const isSeen = (tag: Element) =>
  tag.getBoundingClientRect().top < (tag.parentElement?.getBoundingClientRect().bottom ?? 0)

const pages: readonly (readonly [path: string, heading: string])[] = [
  ['/portal/', 'Overview'],
  ['/portal/secrets', 'Secrets'],
  ['/portal/secrets/1', 'db-password'],
  ['/portal/secrets/2', longName],
  ['/portal/secrets/new', 'New secret'],
  ['/portal/lists', 'Lists'],
  ['/portal/deleted', 'Recently deleted'],
  ['/portal/cloud-init', 'Cloud-init'],
  ['/portal/cloud-init?tab=seeds', 'Cloud-init'],
  ['/portal/deployments', 'Deployments'],
  ['/portal/keys', 'API keys'],
  ['/portal/device', 'Authorize a CLI login'],
  ['/portal/trust-rules', 'Trust rules'],
  ['/portal/machines', 'Machines'],
  ['/portal/users', 'Users'],
  ['/portal/audit', 'Audit'],
  ['/portal/webhooks', 'Webhooks'],
  ['/portal/environments', 'Environments'],
  ['/portal/secrets?folder=web', 'web'],
  ['/portal/settings', 'Settings'],
  ['/portal/settings?tab=account', 'Settings'],
  ['/portal/nowhere', 'Page not found'],
  ['/portal/secrets/999', 'Secret'],
]

// What a page shows does not depend on the store; what it does to secrets is tried on both (secrets.test.ts).
for (const engine of engines.slice(0, 1)) {
  suite(`${engine.name}: the pages of the portal`, { skip: engine.skip }, () => {
    for (const [colorScheme, width, height] of [
      ['light', 1440, 900],
      ['dark', 390, 844],
    ] as const) {
      test(`have nothing that axe finds, ${colorScheme} and ${width} wide, and are not wider than that`, async (t) => {
        const portal = await startPortal(t, engine)
        await fill(portal)
        const page = await portal.openAs(owner, '/portal/', { colorScheme, viewport: { width, height } })
        const found: string[] = []
        // In a run that is not thorough, each page one way: the tests of what is new look at both.
        const looked = isThorough ? pages : pages.filter((_, at) => (at % 2 === 0) === (width === 1440))
        for (const [path, heading] of looked) {
          await page.goto(path)
          await page.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor()
          await settled(page)
          found.push(...(await violations(page)).map((violation) => `${path} ${violation}`))
          const wide = await page.evaluate(() => document.documentElement.scrollWidth)
          if (wide > width) found.push(`${path} is ${wide} wide`)
        }
        assert.deepEqual(found, [])
      })
    }

    test('have nothing that axe finds before somebody is signed in, and in dialogs', async (t) => {
      const portal = await startPortal(t, engine)
      await fill(portal)
      const stranger = await portal.open({ colorScheme: 'dark' })
      await stranger.goto(`/portal/welcome#${portal.setupToken}`)
      await stranger.getByLabel('Your name').waitFor()
      const found = [...(await violations(stranger))]
      await stranger.goto('/portal/')
      await stranger.getByLabel('Email').waitFor()
      found.push(...(await violations(stranger)))
      const page = await portal.openAs(owner, '/portal/secrets/1')
      const dialogs: readonly (readonly [path: string, button: string])[] = [
        ['/portal/secrets/1', 'New value'],
        ['/portal/secrets/1', 'Edit'],
        ['/portal/secrets/1', 'Delete secret'],
        ['/portal/lists', 'New list'],
        ['/portal/keys', 'New key'],
        ['/portal/machines', 'New machine'],
        ['/portal/trust-rules', 'New rule'],
        ['/portal/trust-rules', 'Delete deploy'],
        ['/portal/cloud-init', 'New seed'],
        ['/portal/deployments', 'Remove web-1'],
        ['/portal/users', 'Invite user'],
        ['/portal/settings', 'Change password'],
        ['/portal/secrets', 'Search'],
        ['/portal/secrets', 'Reveal the value of db-password'],
      ]
      for (const [path, button] of dialogs) {
        await page.goto(path)
        await page.getByRole('button', { name: button }).first().click()
        await page
          .getByRole(/dialog/.test(button) ? 'alertdialog' : 'dialog')
          .or(page.getByRole('alertdialog'))
          .waitFor()
        found.push(...(await violations(page)).map((violation) => `${path} ${button} ${violation}`))
      }
      assert.deepEqual(found, [])
    })

    test('find, sort and filter among many secrets, with only the rows in sight', async (t) => {
      const portal = await startPortal(t, engine)
      const names = Array.from({ length: 1500 }, (_, at) => `secret-${at}`)
      await makeSecrets(portal.server.vault, names)
      await portal.server.api.post('/v3/secrets', { name: 'needle', value: 'v', tags: ['rare'] })
      const page = await portal.openAs(owner)

      const grid = page.getByRole('grid', { name: 'Secrets' })
      // Once they are counted.
      await page.locator('[role=grid][aria-rowcount="1502"]').waitFor()
      assert.ok((await grid.getByRole('row').count()) < 60)
      await page.getByRole('link', { name: 'needle' }).focus()
      await page.keyboard.press('End')
      await grid.getByRole('link', { name: 'secret-999', exact: true }).waitFor()
      assert.ok((await grid.getByRole('row').count()) < 60)
      await page.getByLabel('Search secrets').fill('sec 149')
      await page.getByText('12 of 1501').waitFor()
      await page.getByLabel('Search secrets').fill('rare')
      await page.getByText('1 of 1501').waitFor()
      assert.equal(await grid.getByRole('link', { name: 'needle' }).count(), 1)
      await page.getByRole('button', { name: 'Clear' }).click()
      await page.getByRole('button', { name: 'Name' }).click()
      await grid.getByRole('link', { name: 'secret-999', exact: true }).waitFor()
      assert.match(page.url(), /sort=name\.down/)
      await page.keyboard.press('Control+k')
      await page.keyboard.type('needle')
      await page.getByRole('menuitem', { name: 'needle' }).waitFor()
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'needle' }).waitFor()
    })

    test('leave out the columns that a table has no room for, and bring them back', async (t) => {
      const portal = await startPortal(t, engine)
      await fill(portal)
      const page = await portal.openAs(owner)
      const headsOf = () => page.getByRole('columnheader').allTextContents()
      const row = page.getByRole('row').filter({ has: page.getByRole('link', { name: 'db-password' }) })
      const shownAt = async (width: number, count: number) => {
        await page.setViewportSize({ width, height: 900 })
        await page.getByRole('columnheader').nth(count).waitFor({ state: 'detached' })
        await page
          .getByRole('columnheader')
          .nth(count - 1)
          .waitFor({ state: 'attached' })
        return headsOf()
      }

      assert.deepEqual(await shownAt(1600, 7), ['', 'Name', 'List', 'Type', 'Expires', 'Updated', 'Actions'])
      assert.deepEqual(await shownAt(1440, 6), ['', 'Name', 'List', 'Expires', 'Updated', 'Actions'])
      assert.deepEqual(await shownAt(800, 5), ['', 'Name', 'Expires', 'Updated', 'Actions'])
      assert.deepEqual(await shownAt(390, 3), ['', 'Name', 'Actions'])
      // A cell for each head, in one line with it.
      assert.equal(await row.getByRole('gridcell').count(), 3)
      const [head, cell] = await Promise.all([
        page.getByRole('columnheader', { name: 'Name' }).boundingBox(),
        row.getByRole('gridcell').nth(1).boundingBox(),
      ])
      assert.equal(head?.x, cell?.x)
      assert.equal((await shownAt(1600, 7)).length, 7)
      assert.equal(await row.getByRole('gridcell').count(), 7)

      await page.goto('/portal/lists')
      await page.getByRole('link', { name: 'Production' }).waitFor()
      assert.deepEqual(await shownAt(1440, 4), ['Name', 'Secrets', 'Created', 'Actions'])
      assert.deepEqual(await shownAt(390, 3), ['Name', 'Secrets', 'Actions'])
    })

    test('cut no name and no tag on the screen of a laptop', async (t) => {
      const portal = await startPortal(t, engine)
      const { api } = portal.server
      const [name, target] = ['dev-recommendations-5-kafka-sasl-password', 'db-primary.internal.example.com']
      await api.post('/v3/environments', { name: 'production' })
      for (const secret of [name, 'web/dev-orders-kafka-sasl-password', 'a'])
        await api.post('/v3/secrets', { name: secret, value: 'x', tags: ['database', 'team:recommendations', 'mail'] })
      await api.post('/v3/render', { template: ['$', `{{secret.${name}}}`].join(''), target })

      for (const width of [1280, 1440]) {
        const page = await portal.openAs(owner, '/portal/secrets', { viewport: { width, height: 800 } })
        await page.getByRole('link', { name, exact: true }).waitFor()
        assert.deepEqual(await cutIn(page), [], `the secrets at ${width}`)
        const row = page.getByRole('row').filter({ has: page.getByRole('link', { name: 'a', exact: true }) })
        assert.equal(await row.getByText('database').evaluate(isSeen), true)
        await page.goto('/portal/audit')
        await page.getByRole('row').filter({ hasText: target }).first().waitFor()
        assert.deepEqual(await cutIn(page), [], `the trail at ${width}`)
      }
    })

    test('make a list, put a secret into it, and delete both', async (t) => {
      const portal = await startPortal(t, engine)
      await portal.server.api.post('/v3/secrets', { name: 'db-password', value: 'v' })
      const page = await portal.openAs(owner, '/portal/lists')

      await page.getByRole('button', { name: 'New list' }).click()
      await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Web servers')
      await page.getByRole('button', { name: 'Create list' }).click()
      await page.getByText('Web servers created').waitFor()
      await page.goto('/portal/secrets/1')
      await page.getByRole('button', { name: 'Edit' }).click()
      await page.getByRole('button', { name: /List$/ }).click()
      await page.getByRole('option', { name: 'Web servers' }).click()
      await page.getByLabel('Tags').fill('team:web')
      await page.getByLabel('Tags').press('Enter')
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByText('db-password updated').waitFor()
      const { body } = await portal.server.api.get('/v3/secrets/1/metadata')
      assert.deepEqual([body.list.name, body.tags], ['Web servers', ['team:web']])
      await page.goto('/portal/lists')
      await page.getByRole('button', { name: 'Delete Web servers' }).click()
      await page.getByLabel('Type its name to confirm').fill('Web servers')
      await page.getByRole('button', { name: 'Delete permanently' }).click()
      await page.getByText('Web servers deleted').waitFor()
      assert.equal((await portal.server.api.get('/v3/secrets/1')).status, 404)
    })

    test('make an API key that is shown once, after the password is asked for again', async (t) => {
      const portal = await startPortal(t, engine)
      const page = await portal.openAs(owner, '/portal/keys')
      portal.wait(16)

      await page.getByRole('button', { name: 'New key' }).click()
      await page.getByRole('textbox', { name: 'Name', exact: true }).fill('checkout service')
      await page.getByText('With all versions. Permanent').click()
      await page.getByLabel('Limit to secrets').fill('prod-*')
      await page.getByRole('button', { name: 'Create key' }).click()
      const confirm = page.getByRole('dialog', { name: 'Confirm it’s you' })
      await confirm.waitFor()
      assert.deepEqual(await violations(page), [])
      await confirm.getByLabel('Password').fill('not this one')
      await confirm.getByRole('button', { name: 'Confirm' }).click()
      await confirm.getByText('The password is wrong.').waitFor()
      assert.deepEqual(await violations(page), [])
      await confirm.getByLabel('Password').fill(owner.password)
      await confirm.getByRole('button', { name: 'Confirm' }).click()
      const key = await page.getByRole('dialog', { name: 'Your new key' }).locator('code').textContent()
      assert.match(key ?? '', /^sr_\w{49}$/)
      await page.getByRole('button', { name: 'I’ve saved it' }).click()

      assert.ok(!(await page.content()).includes(key ?? ''))
      await page.getByText('Read values: prod-*').waitFor()
      const { body } = await portal.server.api.get('/v3/keys')
      assert.deepEqual(body.keys.at(-1).scopes, ['secrets:delete:prod-*', 'secrets:read:prod-*'])
      assert.equal((await portal.server.api.post(`/v3/keys/${body.keys.at(-1).id}/rotate`, {})).status, 201)
      await page.reload()
      await page.getByText(/^Expires in /).waitFor()
      await page.getByRole('button', { name: 'Revoke checkout service' }).first().click()
      assert.deepEqual(await violations(page), [])
      await page.getByRole('button', { name: 'Revoke', exact: true }).click()
      await page.getByText('checkout service revoked').waitFor()
    })

    test('filter the trail, follow it as it grows, and export it', async (t) => {
      const portal = await startPortal(t, engine)
      await fill(portal)
      const page = await portal.openAs(owner, '/portal/audit')

      const rows = page.getByRole('region', { name: 'Table of records' }).getByRole('row')
      await page.getByRole('textbox', { name: 'Secret', exact: true }).fill('db-password')
      await page.getByRole('textbox', { name: 'Secret', exact: true }).press('Enter')
      await page.waitForURL(/secret=db-password/)
      await page.getByRole('cell', { name: 'Updated secret' }).first().waitFor()
      assert.equal(await page.getByRole('cell', { name: 'Created API key' }).count(), 0)
      const before = await rows.count()
      // Told of what comes, in any environment, and asking for nothing else: each look at the log is recorded.
      const { api, vault } = portal.server
      await api.post('/v3/environments', { name: 'far' })
      await api.post('/v3/secrets', { name: 'db-password', value: 'v' }, { 'strongroom-environment': 'far' })
      const looks = async () => (await api.get('/v3/audit?action=audit.read&kind=user&limit=1000')).body.records.length
      await page.getByRole('button', { name: 'Older records' }).waitFor({ state: 'detached' })
      const looked = await looks()
      const looking = page.waitForResponse((answer) => /\/v3\/audit\?/.test(answer.url()))
      await page.getByText('Live', { exact: true }).click()
      await looking
      assert.equal(vault.listeners.count, 2)
      const fresh = (count: number) =>
        page.waitForFunction((wanted) => document.querySelectorAll('tr.fresh').length === wanted, count)
      await fresh(1)
      await api.get('/v3/secrets/by-name/db-password?environment=far')
      await fresh(2)
      await api.get('/v3/secrets/by-name/no-such-secret')
      await api.get('/v3/secrets/1')
      await fresh(3)
      assert.equal(await looks(), looked + 3)
      assert.equal(await rows.count(), before + 3)
      await page.getByText('Live', { exact: true }).click()
      await until(() => vault.listeners.count === 1)
      const downloading = page.waitForEvent('download')
      await page.getByRole('button', { name: 'Export' }).click()
      const chunks: Buffer[] = []
      for await (const chunk of await (await downloading).createReadStream()) chunks.push(Buffer.from(chunk))
      const exported = Buffer.concat(chunks).toString().trim().split('\n')
      assert.deepEqual(new Set(exported.map((line) => JSON.parse(line).object.name)), new Set(['db-password']))
    })

    test('complete, check and render a template, whose values come only when asked for', async (t) => {
      const portal = await startPortal(t, engine)
      await portal.server.api.post('/v3/secrets', { name: 'db-password', value: 's3cur3-p4ss' })
      const page = await portal.openAs(owner, '/portal/cloud-init')

      const editor = page.getByRole('textbox', { name: 'Template' })
      await editor.click()
      await page.keyboard.press('Control+a')
      await page.keyboard.type('A=${{db')
      await page.getByRole('option', { name: 'db-password' }).waitFor()
      // Completions that have just come up take no key, so that nobody takes one by mistake.
      await page.waitForTimeout(150)
      await page.keyboard.press('Enter')
      await page.getByText('All references resolve.').waitFor()
      await page.keyboard.type('\nB=${{secret.absent}}')
      await page.getByText('Line 2, column 3: No secret is called absent.').waitFor()
      await page.getByRole('button', { name: 'Render with values' }).click()
      await page.getByRole('alert').waitFor()
      for (let at = 0; at < 'B=${{secret.absent}}'.length; at++) await editor.press('Backspace')
      await page.keyboard.type('B=${{secret.db-password | nosuch}}')
      const fault = 'ine 2, column 27: Expected a filter: base64, json'
      await page.getByText(`L${fault}`).waitFor()
      await page.getByRole('button', { name: 'Render with values' }).click()
      await page.getByRole('alert').getByText(`l${fault}`).waitFor()
      for (let at = 0; at < 'B=${{secret.db-password | nosuch}}'.length; at++) await editor.press('Backspace')
      await page.getByRole('button', { name: 'Render with values' }).click()
      await page.getByText('Rendered. Disappears in 30 seconds').waitFor()
      assert.ok(!(await page.content()).includes('s3cur3-p4ss'))
      await page.getByRole('button', { name: 'Show' }).click()
      assert.equal(await page.getByRole('region', { name: 'Rendered document' }).textContent(), 'A=s3cur3-p4ss\n')
      await page.evaluate(() => dispatchEvent(new Event('blur')))
      await page.getByRole('region', { name: 'Rendered document' }).waitFor({ state: 'detached' })
    })

    test('keep the machine while a template is written, and what was written for its writer alone', async (t) => {
      const portal = await startPortal(t, engine)
      await portal.server.api.post('/v3/secrets', { name: 'db-password', value: 'v' })
      const page = await portal.openAs(owner, '/portal/cloud-init')
      const editor = page.getByRole('textbox', { name: 'Template' })
      const goAway = () => page.getByRole('link', { name: 'Secrets', exact: true }).click()
      const comeBack = () => page.getByRole('link', { name: 'Cloud-init', exact: true }).click()

      await page.getByLabel('Machine').fill('web-1')
      await editor.click()
      await page.keyboard.press('Control+End')
      await page.keyboard.type('# of Ada')
      await page.getByRole('region', { name: 'Preview', exact: true }).getByText('# of Ada').waitFor()
      assert.equal(await page.getByLabel('Machine').inputValue(), 'web-1')
      await goAway()
      await comeBack()
      await editor.getByText('# of Ada').waitFor()
      await page.getByRole('button', { name: owner.name }).click()
      await page.getByRole('menuitem', { name: 'Sign out' }).click()
      await page.getByLabel('Email').fill(reader.email)
      await page.getByLabel('Password').fill(reader.password)
      await page.getByRole('button', { name: 'Sign in', exact: true }).click()
      await comeBack()
      await editor.getByText('#cloud-config').waitFor()
      assert.equal(await page.getByText('# of Ada').count(), 0)
    })

    test('say that a template cannot be begun while the names cannot be loaded, and try again', async (t) => {
      const portal = await startPortal(t, engine)
      const page = await portal.openAs(owner, '/portal/settings')
      const problem = { status: 400, code: 'invalid', title: 'Invalid', detail: 'Not now.', message: 'Not now.' }
      await page.route('**/v3/metadata*', (route) =>
        route.fulfill({ status: 400, contentType: 'application/problem+json', body: JSON.stringify(problem) }),
      )
      await page.goto('/portal/cloud-init')
      await page.getByRole('heading', { name: 'Couldn’t load this' }).waitFor()
      await page.unrouteAll()
      await page.getByRole('button', { name: 'Try again' }).click()
      await page.getByRole('textbox', { name: 'Template' }).waitFor()
    })

    test('register a machine and let machines read', async (t) => {
      const portal = await startPortal(t, engine)
      const page = await portal.openAs(owner, '/portal/machines')

      await page.getByRole('button', { name: 'New machine' }).click()
      await page.getByRole('textbox', { name: 'Name', exact: true }).fill('web-1')
      await page.getByLabel('IP addresses').fill('10.1.0.11, fd00::12')
      await page.getByLabel('Limit to secrets').fill('web-*')
      await page.getByRole('button', { name: 'Register machine' }).click()
      await page.getByText('web-1 registered').waitFor()
      const [machine] = (await portal.server.api.get('/v3/machines')).body.machines
      assert.deepEqual(machine.scopes, ['secrets:list:web-*', 'secrets:read:web-*'])
      await page.getByRole('link', { name: 'Settings' }).last().click()
      await page.getByText('Let registered machines read without a key').click()
      await page.getByText('Machines can now read without a key').waitFor()
      assert.equal((await portal.server.api.get('/v3/settings')).body.vm_auth, true)
    })

    test('keep the theme that was chosen and the name of the account, and nothing else', async (t) => {
      const portal = await startPortal(t, engine)
      const page = await portal.openAs(owner)
      await page.getByRole('button', { name: /^Theme/ }).click()
      await page.getByRole('menuitem', { name: 'Dark' }).click()
      await page.reload()
      await page.getByRole('heading', { name: 'Secrets', level: 1 }).waitFor()
      const kept = await page.evaluate(() => [document.documentElement.dataset['theme'], { ...localStorage }])
      assert.deepEqual(kept, ['dark', { 'strongroom-theme': 'dark', 'strongroom-account': 'default' }])
    })
  })
}
