/** Who may do what, and where: the forms for API keys, users, trust rules and machines, with environments. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Page } from 'playwright-core'
import { Person } from '../support/person.ts'
import { owner, type Portal, portalEngines, startPortal, violations } from './portal.ts'

const pictures = process.env['PICTURES']

const noor = { email: 'noor@example.com', name: 'Noor', password: 'saddle-prism-walnut-anchor' }

async function startWith(t: Parameters<typeof startPortal>[0], engine: Parameters<typeof startPortal>[1]) {
  const portal = await startPortal(t, engine)
  for (const name of ['dev', 'prod']) {
    assert.equal((await portal.server.api.post('/v3/environments', { name })).status, 201)
  }
  return portal
}

async function invite({ server: { api, url } }: Portal, rights: object): Promise<void> {
  const { body } = await api.post('/v3/users', { email: noor.email, ...rights })
  assert.equal((await new Person(url).accept(body.invitation_url, noor)).status, 201)
}

async function select(page: Page, label: string, option: string): Promise<void> {
  await page.getByRole('button', { name: new RegExp(`${label}$`) }).click()
  await page.getByRole('option', { name: option }).click()
}

/** Of the environments that are offered. */
const offered = (page: Page) =>
  page.getByRole('group', { name: 'Selected environments' }).getByRole('checkbox').evaluateAll(namesOf)
const namesOf = (boxes: readonly Element[]) => boxes.map((box) => box.closest('label')?.textContent ?? '')

for (const engine of portalEngines) {
  suite(`${engine.name}: permissions at the portal`, { skip: engine.skip }, () => {
    test('of a key are limited to environments, and any other scope can be typed', async (t) => {
      const portal = await startWith(t, engine)
      const { api } = portal.server
      const page = await portal.openAs(owner, '/portal/keys')
      await page.getByRole('button', { name: 'New key' }).first().click()
      await page.getByRole('textbox', { name: 'Name', exact: true }).fill('deploy')
      await page.getByRole('dialog').getByText('List secrets').click()
      await page.getByRole('dialog').getByText('Manage the account').click()
      await page.getByLabel('Limit to secrets').fill('web-*')
      await select(page, 'Environments', 'Only selected environments')
      assert.deepEqual(await offered(page), ['default', 'dev', 'prod'])
      await page.getByRole('checkbox', { name: 'default' }).click({ force: true })
      await page.getByRole('checkbox', { name: 'prod' }).click({ force: true })
      await page.getByRole('checkbox', { name: 'dev' }).click({ force: true })
      await page.getByText('More scopes').click()
      const more = page.getByLabel('Scopes', { exact: true })
      await more.fill('secrets:write:web-*@')
      assert.deepEqual(await violations(page), [])
      if (pictures !== undefined) await page.screenshot({ path: `${pictures}/new-key.png` })
      await page.getByRole('button', { name: 'Create key' }).click()
      await page.getByText('An environment is').first().waitFor()
      await more.fill('secrets:write:web-*@dev')
      await page.getByRole('button', { name: 'Create key' }).click()
      await page.getByRole('button', { name: 'I’ve saved it' }).click()

      const key = (await api.get('/v3/keys')).body.keys.find(({ name }: { name: string }) => name === 'deploy')
      assert.deepEqual(key.scopes, [
        'account:manage',
        'secrets:list:web-*@dev',
        'secrets:list:web-*@prod',
        'secrets:read:web-*@dev',
        'secrets:read:web-*@prod',
        'secrets:write:web-*@dev',
      ])
      await page.getByText('Read values: web-* in prod').waitFor()
    })

    test('in no environment at all make no key', async (t) => {
      const portal = await startWith(t, engine)
      const page = await portal.openAs(owner, '/portal/@prod/keys')
      await page.getByRole('button', { name: 'New key' }).first().click()
      await page.getByRole('textbox', { name: 'Name', exact: true }).fill('deploy')
      const create = page.getByRole('button', { name: 'Create key' })
      assert.equal(await create.isDisabled(), false)

      await select(page, 'Environments', 'Only selected environments')
      assert.equal(await page.getByRole('checkbox', { name: 'prod' }).isChecked(), true)
      await page.getByRole('checkbox', { name: 'prod' }).click({ force: true })

      assert.equal(await create.isDisabled(), true)
    })

    test('of somebody with roles in environments go into keys of those alone', async (t) => {
      const portal = await startWith(t, engine)
      await invite(portal, { role: 'reader', environment_roles: { dev: 'admin', prod: 'reader' } })
      const page = await portal.openAs(noor, '/portal/@dev/keys')
      await page.getByRole('button', { name: 'New key' }).first().click()
      await page.getByRole('textbox', { name: 'Name', exact: true }).fill('noors')

      assert.deepEqual(await offered(page), ['dev', 'prod'])
      await page.getByRole('button', { name: 'Create key' }).click()
      await page.getByRole('button', { name: 'I’ve saved it' }).click()

      const { keys } = (await portal.server.api.get('/v3/keys')).body
      const key = keys.find(({ name }: { name: string }) => name === 'noors')
      assert.deepEqual(key.scopes, ['secrets:read@dev'])
    })

    test('of a trust rule and of a machine are limited to environments too', async (t) => {
      const portal = await startWith(t, engine)
      const { api } = portal.server
      const scopes = ['secrets:list@dev', 'secrets:read@dev']
      await api.post('/v3/trust-rules', {
        ...{ name: 'web', issuer: 'https://issuer.example', audience: 'a', claims: { sub: 'job' }, scopes },
      })
      const page = await portal.openAs(owner, '/portal/trust-rules')
      await page.getByRole('button', { name: 'Edit web' }).click()
      assert.equal(await page.getByRole('checkbox', { name: 'dev' }).isChecked(), true)
      await page.getByRole('checkbox', { name: 'prod' }).click({ force: true })
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByText('web saved').waitFor()
      await page.goto('/portal/machines')
      await page.getByRole('button', { name: 'New machine' }).click()
      await page.getByRole('textbox', { name: 'Name', exact: true }).fill('web-1')
      await page.getByLabel('IP addresses').fill('10.1.0.11')
      await select(page, 'Environments', 'Only selected environments')
      await page.getByRole('checkbox', { name: 'default' }).click({ force: true })
      await page.getByRole('checkbox', { name: 'prod' }).click({ force: true })
      assert.deepEqual(await violations(page), [])
      await page.getByRole('button', { name: 'Register machine' }).click()
      await page.getByText('web-1 registered').waitFor()

      const [rule] = (await api.get('/v3/trust-rules')).body.trust_rules
      assert.deepEqual(rule.scopes, [...scopes, 'secrets:list@prod', 'secrets:read@prod'].sort())
      const [machine] = (await api.get('/v3/machines')).body.machines
      assert.deepEqual(machine.scopes, ['secrets:list@prod', 'secrets:read@prod'])
    })

    test('of a user can be a role for each environment, and the same one in all of them again', async (t) => {
      const portal = await startWith(t, engine)
      const { api } = portal.server
      const noorNow = async () =>
        (await api.get('/v3/users')).body.users.find(({ email }: { email: string }) => email === noor.email)
      const page = await portal.openAs(owner, '/portal/users')
      await page.getByRole('button', { name: 'Invite user' }).click()
      await page.getByLabel('Email').fill(noor.email)
      const create = page.getByRole('button', { name: 'Create invite link' })
      await select(page, 'Access to secrets', 'A role for each environment')
      // With none, the role of the account would hold in all of them.
      assert.equal(await create.isDisabled(), true)
      await select(page, 'dev', 'editor')
      await select(page, 'prod', 'reader')
      assert.deepEqual(await violations(page), [])
      if (pictures !== undefined) await page.screenshot({ path: `${pictures}/invite.png` })
      await create.click()
      await page.getByRole('button', { name: 'Done' }).click()

      assert.deepEqual((await noorNow()).environment_roles, { dev: 'editor', prod: 'reader' })
      await page.getByRole('list', { name: 'Role in each environment' }).getByText('dev: editor').waitFor()
      const edit = async () => {
        await page.getByRole('button', { name: `Actions for ${noor.email}` }).click()
        await page.getByRole('menuitem', { name: 'Edit access' }).click()
      }
      await edit()
      await select(page, 'prod', 'No access')
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByText(`${noor.email} saved`).waitFor()
      assert.deepEqual((await noorNow()).environment_roles, { dev: 'editor' })
      await page.getByText('prod: reader').waitFor({ state: 'detached' })
      await edit()
      await select(page, 'Access to secrets', 'Same role in every environment')
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByText('dev: editor').waitFor({ state: 'detached' })
      assert.equal((await noorNow()).environment_roles, undefined)
    })
  })
}
