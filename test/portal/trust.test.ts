/** Trust rules, in a browser: made from what a platform's tokens say, changed, deleted with the keys that came of them. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { owner, portalEngines, reader, startPortal } from './portal.ts'

for (const engine of portalEngines) {
  suite(`${engine.name}: the portal`, { skip: engine.skip }, () => {
    test('makes a trust rule, changes it, and deletes it', async (t) => {
      const portal = await startPortal(t, engine)
      const page = await portal.openAs(owner, '/portal/trust-rules')
      const rules = async () => (await portal.server.api.get('/v3/trust-rules')).body.trust_rules

      await page.getByRole('button', { name: 'New rule' }).click()
      await page.getByRole('textbox', { name: 'Name', exact: true }).fill('deploy')
      await page.getByText('repository_id has no value. Fill it in').waitFor()
      assert.ok(await page.getByRole('button', { name: 'Create rule' }).isDisabled())
      const claims = page.getByLabel('Required claims')
      assert.match(await claims.inputValue(), /^sub=repo:OWNER@OWNER_ID\/REPOSITORY@REPOSITORY_ID:ref:/)
      await claims.fill('repository=acme/*')
      await page.getByLabel('Limit to secrets').fill('prod-*')
      await page.getByRole('button', { name: 'Create rule' }).click()
      await page.getByText('it must not hold "*"').first().waitFor()
      await claims.fill('sub=repo:acme/app:ref:refs/heads/main\nrepository_id=123')
      await page.getByRole('button', { name: 'Create rule' }).click()
      await page.getByText('deploy created').waitFor()
      await page.getByRole('dialog').waitFor({ state: 'detached' })
      const [made] = await rules()
      assert.deepEqual(
        [made.issuer, made.audience, made.claims, made.scopes, made.key_ttl, made.single_use],
        [
          'https://token.actions.githubusercontent.com',
          portal.server.url,
          { sub: 'repo:acme/app:ref:refs/heads/main', repository_id: '123' },
          ['secrets:read:prod-*'],
          900,
          true,
        ],
      )

      await page.getByText('GitHub Actions', { exact: true }).waitFor()
      await page.getByRole('button', { name: 'Edit deploy' }).click()
      assert.equal(await page.getByLabel('Limit to secrets').inputValue(), 'prod-*')
      await page.getByText('List secrets').click()
      await page.getByText('Networks, token reuse, issuer keys').click()
      await page.getByLabel('Allowed networks (CIDR)').fill('10.0.0.0/8')
      await page.getByLabel('Public keys (JWKS)').fill('{')
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByText('The public keys aren’t valid JSON.').waitFor()
      await page.getByLabel('Public keys (JWKS)').fill('')
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByText('deploy saved').waitFor()
      await page.getByRole('dialog').waitFor({ state: 'detached' })
      const [changed] = await rules()
      assert.deepEqual(
        [changed.scopes, changed.networks],
        [['secrets:list:prod-*', 'secrets:read:prod-*'], ['10.0.0.0/8']],
      )

      await page.getByRole('button', { name: 'Delete deploy' }).click()
      await page.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click()
      await page.getByRole('heading', { name: 'No trust rules yet' }).waitFor()
      assert.deepEqual(await rules(), [])
    })

    test('fills in what tokens of NetActuate say: its issuer, the client as the audience, and the subject to demand', async (t) => {
      const portal = await startPortal(t, engine)
      const page = await portal.openAs(owner, '/portal/trust-rules')

      await page.getByRole('button', { name: 'New rule' }).click()
      await page.getByRole('textbox', { name: 'Name', exact: true }).fill('worker')
      await page.getByRole('button', { name: 'Platform' }).click()
      await page.getByRole('option', { name: 'NetActuate' }).click()
      await page.getByText('sub has no value. Fill it in').waitFor()
      const textIn = (label: string) => page.getByRole('textbox', { name: label, exact: true }).inputValue()
      assert.deepEqual(
        [await textIn('Issuer'), await textIn('Audience')],
        ['https://portal.netactuate.com', 'CLIENT_ID'],
      )
      await page.getByRole('textbox', { name: 'Audience', exact: true }).fill('4711')
      await page.getByLabel('Required claims').fill('sub=b7c1f0')
      await page.getByRole('button', { name: 'Create rule' }).click()
      await page.getByText('worker created').waitFor()
      await page.getByRole('dialog').waitFor({ state: 'detached' })

      const [made] = (await portal.server.api.get('/v3/trust-rules')).body.trust_rules
      assert.deepEqual([made.audience, made.claims], ['4711', { sub: 'b7c1f0' }])
      await page.getByText('NetActuate', { exact: true }).waitFor()
    })

    test('shows scopes of a rule that cannot be ticked as text, and keeps them', async (t) => {
      const portal = await startPortal(t, engine)
      const scopes = ['secrets:list', 'secrets:read:prod-*']
      const claims = { sub: 'system:serviceaccount:shop:web' }
      await portal.server.api.post('/v3/trust-rules', {
        ...{ name: 'web', issuer: 'https://issuer.example', audience: 'a', claims, scopes },
      })
      const page = await portal.openAs(owner, '/portal/trust-rules')

      await page.getByRole('button', { name: 'Edit web' }).click()
      assert.equal(await page.getByLabel('Scopes', { exact: true }).inputValue(), scopes.join('\n'))
      await page.getByLabel('Audience').fill('b')
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByText('web saved').waitFor()

      const [rule] = (await portal.server.api.get('/v3/trust-rules')).body.trust_rules
      assert.deepEqual([rule.audience, rule.scopes, rule.claims], ['b', scopes, claims])
    })

    test('shows no trust rule to a reader', async (t) => {
      const portal = await startPortal(t, engine)
      const page = await portal.openAs(reader)

      assert.equal(await page.getByRole('link', { name: 'Trust rules' }).count(), 0)
      await page.goto('/portal/trust-rules')
      await page.getByRole('heading', { name: 'You don’t have permission to manage API keys' }).waitFor()
    })
  })
}
