/** What a reader and an auditor see of each page: what they may not do is not offered, or says who can let them. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Page } from 'playwright-core'
import { Person } from '../support/person.ts'
import { owner, type Portal, portalEngines, reader, settled, startPortal, violations } from './portal.ts'

const auditor = { email: 'audit@example.com', name: 'Barbara Liskov', password: 'velvet-anchor-prism-otter' }
/** What changes something, wherever it stands. */
const changes =
  /^(New |Import|Edit|Delete|Destroy|Rename|Move|Rotate|Revoke|Invite|Remove|Make|Create|Restore|Generate|Tag|Replace|Turn|Let )/

/** The pages that nobody is kept from. */
const ofAll = ['', 'settings', 'settings?tab=account', 'device', 'nowhere']
const pages = {
  reader: {
    seen: [
      ...ofAll,
      'secrets',
      'secrets/1',
      'lists',
      'cloud-init',
      'cloud-init?tab=seeds',
      'deployments',
      'environments',
    ],
    barred: {
      'secrets/new': 'create secrets',
      keys: 'manage API keys',
      'trust-rules': 'manage API keys',
      machines: 'manage the account',
      users: 'manage the account',
      audit: 'read the audit log',
    },
  },
  auditor: {
    seen: [...ofAll, 'audit'],
    barred: {
      secrets: 'list secrets',
      'secrets/1': 'list secrets',
      'secrets/new': 'create secrets',
      lists: 'list secrets',
      'cloud-init': 'list secrets',
      deployments: 'list secrets',
      keys: 'manage API keys',
      'trust-rules': 'manage API keys',
      machines: 'manage the account',
      users: 'manage the account',
      environments: 'see environments',
    },
  },
} as const

/** Of one's own, whatever the role. */
const own = new Set(['Change password', 'New seed', 'Create seed'])

async function openTo(page: Page, path: string): Promise<{ text: string; buttons: readonly string[] }> {
  await page.goto(`/portal/${path}`)
  await page.getByRole('heading', { level: 1 }).waitFor()
  await settled(page)
  const main = page.locator('main')
  const buttons = await main
    .locator('button, a.btn')
    .evaluateAll((all) => all.map((one) => `${one.getAttribute('aria-label') ?? ''} ${one.textContent ?? ''}`.trim()))
  return { text: await main.innerText(), buttons }
}

async function fill({ server }: Portal): Promise<void> {
  const { api } = server
  await api.post('/v3/secrets', { name: 'db-password', value: 'one' })
  await api.put('/v3/secrets/1', { value: 'two' })
  await api.post('/v3/render', { template: ['$', '{{secret.db-password}}'].join(''), target: 'web-1' })
  const { body } = await api.post('/v3/users', { email: auditor.email, name: auditor.name, role: 'auditor' })
  await new Person(server.url).accept(body.invitation_url, { password: auditor.password })
}

for (const engine of portalEngines) {
  suite(`${engine.name}: somebody who may not do everything`, { skip: engine.skip }, () => {
    for (const [role, who] of [
      ['reader', reader],
      ['auditor', auditor],
    ] as const) {
      test(`is offered nothing that is not theirs, and told who can, on every page: ${role}`, async (t) => {
        const portal = await startPortal(t, engine)
        await fill(portal)
        const page = await portal.openAs(who, '/portal/')
        const found: string[] = []
        for (const path of pages[role].seen) {
          const { text, buttons } = await openTo(page, path)
          if (/API key lacks|this API key|Not allowed|permission to/i.test(text)) found.push(`${path}: ${text}`)
          const offered = buttons.filter((one) => changes.test(one) && !own.has(one))
          if (offered.length > 0) found.push(`${path}: ${offered.join(', ')}`)
        }
        for (const [path, deed] of Object.entries(pages[role].barred)) {
          const { text, buttons } = await openTo(page, path)
          const isTold =
            text.includes(`You don’t have permission to ${deed}`) && text.includes('Ask an owner or admin.')
          if (!isTold || buttons.length > 0) found.push(`${path}: ${text} ${buttons.join(', ')}`)
        }
        found.push(...(await violations(page)))
        assert.deepEqual(found, [])
      })
    }

    test('is an owner nowhere: they see every page', async (t) => {
      const portal = await startPortal(t, engine)
      await fill(portal)
      const page = await portal.openAs(owner, '/portal/')
      for (const path of Object.keys({ ...pages.reader.barred, ...pages.auditor.barred })) {
        assert.doesNotMatch((await openTo(page, path)).text, /permission to/, path)
      }
    })
  })
}
