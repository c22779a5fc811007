/**
 * The pictures in docs/portal: an account with hundreds of secrets, people, deployments and months of history, in the
 * browser of the tests. `npm run pictures` makes them anew; look at each of them before they are kept.
 */
import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { inviteOwner } from '../src/vault/users.ts'
import { type Answer, Api } from '../test/support/api.ts'
import { launchChromium } from '../test/support/chromium.ts'
import { bodyOf, demoLists, demoSecret } from '../test/support/demo.ts'
import { engines } from '../test/support/engines.ts'
import { Person } from '../test/support/person.ts'
import { startServer } from '../test/support/server.ts'
import { settled, watchTraffic } from '../test/support/traffic.ts'

const folder = process.argv[2] ?? join(import.meta.dirname, '..', 'docs', 'portal')
const count = 640
const maxBytes = 150_000
const dayMs = 86_400_000
const password = 'orbit-lantern-cobalt-quiver'

const wide = { width: 1240, height: 700 }
const phone = { width: 390, height: 844 }

interface Picture {
  readonly name: string
  readonly path: string
  readonly options: BrowserContextOptions
  /** Until everything is there that is to be seen. */
  readonly ready: (page: Page) => Promise<unknown>
}

const rows = (page: Page) => page.locator('[data-row]').first().waitFor()
const pictures: readonly Picture[] = [
  { name: 'secrets', path: 'secrets?sort=updated.down', options: { viewport: wide }, ready: rows },
  {
    name: 'secrets-dark',
    path: 'secrets?state=soon&sort=expires',
    options: { viewport: wide, colorScheme: 'dark' },
    ready: rows,
  },
  {
    ...{ name: 'secrets-phone', path: 'secrets', ready: rows },
    options: { viewport: phone, deviceScaleFactor: 1.5 },
  },
  {
    ...{ name: 'secret', path: 'secrets/1', options: { viewport: wide } },
    ready: (page) => page.getByText('out of date').first().waitFor(),
  },
  {
    ...{ name: 'compare', path: 'secrets/2', options: { viewport: wide, colorScheme: 'dark' } },
    ready: async (page) => {
      await page
        .getByRole('button', { name: /^Compare/ })
        .first()
        .click()
      await page.getByRole('button', { name: 'Show what changed' }).click()
      await page.getByRole('region', { name: 'What changed' }).waitFor()
    },
  },
  {
    ...{ name: 'secret-phone', path: 'secrets/1', options: { viewport: phone, deviceScaleFactor: 1.5 } },
    ready: (page) => page.getByText('out of date').first().waitFor(),
  },
  {
    ...{ name: 'overview-dark', path: '', options: { viewport: wide, colorScheme: 'dark' } },
    ready: (page) => page.getByRole('region', { name: 'Activity' }).locator('canvas, svg').first().waitFor(),
  },
  {
    ...{ name: 'deployments', path: 'deployments', options: { viewport: wide } },
    ready: (page) => page.locator('.items > li').first().waitFor(),
  },
  {
    ...{ name: 'cloud-init', path: 'cloud-init', options: { viewport: wide } },
    ready: async (page) => {
      await page.getByRole('textbox', { name: 'Template' }).waitFor()
      await page.getByText('All references resolve.').waitFor()
    },
  },
  {
    ...{ name: 'audit', path: 'audit', options: { viewport: wide } },
    ready: (page) => page.getByRole('region', { name: 'Table of records' }).getByRole('row').first().waitFor(),
  },
]

const invited = [
  ['Grace Hopper', 'grace@example.com', 'editor'],
  ['Katherine Johnson', 'katherine@example.com', 'reader'],
  ['Radia Perlman', 'radia@example.com', 'admin'],
] as const

/** What happens, by how many days ago it does. */
const events: { readonly daysAgo: number; readonly act: () => Promise<unknown> }[] = []

const ends: (() => void | Promise<void>)[] = []
const [sqlite] = engines
if (sqlite === undefined) throw new Error('There is no store.')
/** How far back the server's clock is: history is made in its time, of which the trail lets none go back. */
let backMs = 710 * dayMs
const server = await startServer({ after: (end) => ends.push(end) }, sqlite, { now: () => Date.now() - backMs })
const { api } = server
const browser = await launchChromium([])
try {
  const cookie = await makeHistory()
  mkdirSync(folder, { recursive: true })
  for (const picture of pictures) await take(picture, cookie)
} finally {
  await browser.close()
  for (const end of ends.reverse()) await end()
}

async function take({ name, path, options, ready }: Picture, cookie: string): Promise<void> {
  const context = await browser.newContext({ baseURL: server.url, locale: 'en', reducedMotion: 'reduce', ...options })
  context.setDefaultTimeout(30_000)
  const [key = '', value = ''] = cookie.split('=')
  await context.addCookies([{ name: key, value, url: server.url }])
  const page = await context.newPage()
  watchTraffic(page)
  await page.goto(`/portal/${path}`)
  await ready(page)
  await settled(page)
  // Plots are drawn in steps.
  await page.waitForTimeout(800)
  const file = join(folder, `${name}.png`)
  await page.screenshot({ path: file, animations: 'disabled', caret: 'hide' })
  const { size } = statSync(file)
  console.log(`${name}.png ${Math.round(size / 1000)} kB${size > maxBytes ? ': TOO LARGE' : ''}`)
  await context.close()
}

function at(daysAgo: number, act: () => Promise<unknown>): void {
  events.push({ daysAgo, act })
}

/** @returns the cookie of the owner's session */
async function makeHistory(): Promise<string> {
  const ada = new Person(server.url)
  const people = [ada, new Person(server.url), new Person(server.url), new Person(server.url)]
  const tokens: string[] = []
  planSecrets()
  planPeople(people)
  planDeployments(tokens)
  planReads(people, tokens)
  events.sort((one, other) => other.daysAgo - one.daysAgo)
  for (const { daysAgo, act } of events) {
    backMs = Math.round(daysAgo * dayMs)
    await act()
  }
  backMs = 0
  if ((await ada.signIn('ada@example.com', password)).status !== 201) throw new Error('There is no session.')
  return ada.cookie
}

function planSecrets(): void {
  at(709, async () => {
    for (const name of demoLists) await made(api.post('/v3/lists', { name }))
    // The first two are those that are shown one by one.
    const one = { name: 'prod-billing-postgres-password', list: 'Production', tags: ['database', 'team:billing'] }
    await made(api.post('/v3/secrets', { ...one, value: 'one', description: 'Password of the database of billing.' }))
    await made(api.post('/v3/secrets', { name: 'prod-gateway.env', list: 'Platform', value: settings(20, 'a') }))
  })
  for (let number = 0; number < count; number++) {
    const secret = demoSecret(number)
    // Not all within one second, as if a program had made them.
    at(secret.ageDays + (number % 23) / 23, async () => {
      const { status, text } = await api.post('/v3/secrets', bodyOf(secret, Date.now()))
      if (status !== 201 && status !== 409) throw new Error(`A secret was not made: ${text}`)
    })
  }
}

/** What a program may be configured with, in a version of its own. */
function settings(timeout: number, host: string): string {
  const lines = ['MODE=production', `UPSTREAM_HOST=${host}.internal.example.com`, 'UPSTREAM_PORT=8443', 'RETRIES=3']
  return `${[...lines, `TIMEOUT_SECONDS=${timeout}`, 'LOG_LEVEL=info', 'METRICS=on'].join('\n')}\n`
}

function planPeople([ada, ...others]: readonly Person[]): void {
  at(700, async () => {
    const host = { caller: { kind: 'host', accountId: 1, name: 'setup' }, requestId: 'setup', address: 'host' } as const
    const link = await inviteOwner(server.vault, host, 1)
    await made(ada?.accept(`#${link.token}`, { name: 'Ada Lovelace', email: 'ada@example.com', password }))
    for (const [number, [name, email, role]] of invited.entries()) {
      const { body } = await made(api.post('/v3/users', { name, email, role }))
      await made(others[number]?.accept(body.invitation_url, { password }))
    }
  })
}

/** Machines that hold secrets, some of them what was current a while ago; and the keys of programs. */
function planDeployments(tokens: string[]): void {
  at(690, async () => {
    for (const name of ['ci deploy', 'terraform', 'billing worker']) {
      const { body } = await made(api.post('/v3/keys', { name, scopes: ['secrets:read', 'secrets:list'] }))
      tokens.push(String(body.api_key))
    }
  })
  let known: readonly string[] = []
  const render = (target: string, held: readonly string[]) => {
    const template = held.map((name) => `\${{secret.${name}}}`).join('\n')
    return made(new Api(server.url, tokens[0] ?? '').post('/v3/render', { target, template }))
  }
  at(35, async () => {
    known = await textNames()
  })
  const targets = [
    'web-eu-1',
    'web-eu-2',
    'web-us-1',
    'worker-billing-1',
    'worker-billing-2',
    'db-primary',
    'gateway-1',
  ]
  for (const [number, target] of targets.entries()) {
    at(34 - 3 * number, () => {
      const some = known.slice(number * 4, number * 4 + 5)
      return render(target, number < 5 ? [known[0] ?? '', ...some] : some)
    })
  }
  at(9, async () => {
    await made(api.put('/v3/secrets/1', { value: 'two' }))
    await made(api.put('/v3/secrets/2', { value: settings(30, 'a') }))
    const newer = { value: Buffer.from('new').toString('base64'), encoding: 'base64' }
    for (const id of [12, 17, 40]) await made(api.put(`/v3/secrets/${id}`, newer))
  })
  at(2, async () => {
    await made(api.put('/v3/secrets/2', { value: settings(30, 'b') }))
    await made(api.put('/v3/secrets/1', { value: 'three' }))
  })
  at(1, async () => {
    await render('web-eu-1', known.slice(0, 6))
    await render('web-eu-2', known.slice(0, 5))
  })
}

/** Of secrets that are texts, oldest first. */
async function textNames(): Promise<readonly string[]> {
  const { body } = await api.get('/v3/metadata?limit=400')
  const secrets: readonly { readonly name: string; readonly type: string }[] = body.secrets
  return secrets.filter(({ type }) => type === 'text').map(({ name }) => name)
}

/** Programs and people, who read by day more than by night. */
function planReads(people: readonly Person[], tokens: readonly string[]): void {
  for (let hour = 29 * 24; hour > 0; hour -= 2) {
    const isDay = new Date(Date.now() - hour * 3_600_000).getUTCHours() > 6
    at(hour / 24, async () => {
      for (let read = 0; read < (isDay ? 1 + ((hour * 7) % 5) : 1); read++) {
        const token = tokens[(hour * 3 + read * read) % tokens.length] ?? ''
        await made(new Api(server.url, token).get(`/v3/secrets/${1 + ((hour * 31 + read * 17) % 60)}`))
      }
    })
  }
  at(1 / 20, async () => {
    for (const [number, who] of ['ada', 'grace', 'katherine', 'radia'].entries()) {
      const person = people[number]
      await made(person?.signIn(`${who}@example.com`, password))
      for (const id of [1, 3 + number]) await made(person?.get(`/v3/secrets/${id}`))
    }
    // One who may not.
    await people[2]?.send('PUT', '/v3/secrets/1', { value: 'x' })
  })
}

async function made(asked: Promise<Answer> | undefined): Promise<Answer> {
  const answer = await asked
  if (answer === undefined || answer.status >= 300) throw new Error(answer?.text)
  return answer
}
