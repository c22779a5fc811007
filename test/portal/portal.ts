/** The portal in a real browser, on a real server: what every page must keep to is watched while a test runs. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { inviteOwner } from '../../src/vault/users.ts'
import { launchChromium } from '../support/chromium.ts'
import { atEnd } from '../support/ends.ts'
import { engines, type TestEngine } from '../support/engines.ts'
import { Person } from '../support/person.ts'
import { startServer, type TestOptions, type TestServer } from '../support/server.ts'
import { watchTraffic } from '../support/traffic.ts'

export { settled } from '../support/traffic.ts'

const root = join(import.meta.dirname, '..', '..')

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/**
 * The portal asks over HTTP, and what is answered has its tests on every store: so one store will do here. A long run takes
 * them all.
 */
export const portalEngines = process.env['STRONGROOM_TEST_LONG'] === '1' ? engines : engines.slice(0, 1)

export const owner = { email: 'ada@example.com', name: 'Ada Lovelace', password: 'orbit-lantern-cobalt-quiver' }
export const reader = { email: 'grace@example.com', name: 'Grace Hopper', password: 'marble-thicket-sonnet-ferry' }

export interface Portal {
  readonly server: TestServer
  /** The token of a one-time link that makes another owner. */
  readonly setupToken: string
  /** The server's clock, in milliseconds. */
  now(): number
  /** Nobody does anything for so long. */
  wait(minutes: number): void
  /** A page of a new browser profile, watched. */
  open(options?: BrowserContextOptions): Promise<Page>
  /** The same, with somebody signed in. */
  openAs(who: typeof owner, path?: string, options?: BrowserContextOptions): Promise<Page>
}

let browser: Promise<Browser> | undefined

function launch(): Promise<Browser> {
  if (browser === undefined) {
    browser = launchChromium()
    atEnd(async () => (await browser)?.close())
  }
  return browser
}

/** @param options of the server; what else a page may ask, by its origin; and what it may complain of */
export async function startPortal(
  t: TestContext,
  engine: TestEngine,
  { alsoAsks, mayLog, ...options }: TestOptions & { readonly alsoAsks?: string; readonly mayLog?: RegExp } = {},
): Promise<Portal> {
  assert.ok(existsSync(join(root, 'portal/dist/index.html')), 'The portal is not built. Run: npm run build:portal')
  const faults: string[] = []
  const contexts: BrowserContext[] = []
  // Before the server stops, or what is on its way fails.
  t.after(async () => {
    for (const context of contexts) await context.close()
  })
  let waited = 0
  const server = await startServer(t, engine, { now: () => Date.now() + waited, ...options })
  // Once all is closed: what comes after a hook that fails is not called, and a server that is not stopped keeps its process.
  t.after(() => {
    assert.deepEqual(
      faults.filter((fault) => mayLog?.test(fault) !== true),
      [],
    )
  })
  const host = { caller: { kind: 'host', accountId: 1, name: 'test' }, requestId: 'test', address: 'host' } as const
  const link = await inviteOwner(server.vault, host, 1)
  const ada = new Person(server.url)
  assert.equal((await ada.accept(`#${link.token}`, owner)).status, 201)
  const { name, email, password } = reader
  const { body } = await ada.post('/v3/users', { email, name, role: 'reader' })
  assert.equal((await new Person(server.url).accept(body.invitation_url, { password })).status, 201)
  const { token: setupToken = '' } = await inviteOwner(server.vault, host, 1)
  const open = async (options: BrowserContextOptions = {}) => {
    const context = await (await launch()).newContext({
      baseURL: server.url,
      viewport: { width: 1440, height: 900 },
      permissions: ['clipboard-write'],
      locale: 'en',
      ...options,
    })
    context.setDefaultTimeout(15_000)
    contexts.push(context)
    const page = await context.newPage()
    watch(page, [options.baseURL ?? server.url, ...(alsoAsks === undefined ? [] : [alsoAsks])], faults)
    return page
  }
  return {
    server,
    setupToken,
    now: () => Date.now() + waited,
    wait: (minutes) => {
      waited += minutes * 60_000
    },
    open,
    openAs: async ({ email, password }, path = '/portal/secrets', options = {}) => {
      const page = await open(options)
      // By the same request as the form of the portal, which has its own tests; the cookie is the browser's.
      const answer = await page.request.post('/v3/session', {
        data: { email, password },
        headers: { 'strongroom-portal': '1' },
      })
      assert.equal(answer.status(), 201, await answer.text())
      await page.goto(path)
      await page.locator('nav[aria-label="Pages"]').waitFor({ state: 'attached' })
      return page
    },
  }
}

/** Errors in the console, and requests to anybody but the server. That a request was refused is no error of the page. */
function watch(page: Page, origins: readonly string[], faults: string[]): void {
  page.on('console', (message) => {
    const isRefusal = /^Failed to load resource: the server responded with a status of 4\d\d/.test(message.text())
    // Typing over a selection, the browser itself tries to keep the style of what was there; the policy lets it not.
    const isEditing = /^Applying inline style violates .*sha256-70V3CMWPGxNdfyYLVJaOqMxtQzssb4hCq5U17r/.test(
      message.text(),
    )
    // Containers and machines that others start or stop give this one other interfaces: the browser breaks off what is on its way.
    const isElsewhere = message.text() === 'Failed to load resource: net::ERR_NETWORK_CHANGED'
    const isOfPage = !isRefusal && !isEditing && !isElsewhere
    if (['error', 'warning'].includes(message.type()) && isOfPage) faults.push(message.text())
  })
  page.on('pageerror', (error) => faults.push(error.stack ?? error.message))
  page.on('request', (request) => {
    const isOurs =
      origins.some((origin) => request.url().startsWith(`${origin}/`)) || /^(blob|data):/.test(request.url())
    if (!isOurs) faults.push(`a request to ${request.url()}`)
  })
  watchTraffic(page)
}

/** What axe finds wrong with the page, in lines. */
export async function violations(page: Page): Promise<readonly string[]> {
  // Colours in the middle of a fade are nobody's.
  await page.waitForTimeout(250)
  // The page's policy lets no script in; a debugger's evaluation is not the page's. It stays until another document is loaded.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe)
  const found = await page.evaluate(async () => {
    const { axe: run } = globalThis as unknown as { axe: { run(): Promise<{ violations: readonly Violation[] }> } }
    interface Violation {
      readonly id: string
      readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[]
    }
    const { violations: all } = await run.run()
    return all.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 300)} ${nodes[0]?.failureSummary}`)
  })
  return found
}

/** Where a page or its browser has this text: nowhere, for a value that is not shown. */
export async function placesOf(page: Page, value: string): Promise<readonly string[]> {
  return page.evaluate(async (text) => {
    const databases = await indexedDB.databases()
    const stored = (storage: Storage) => JSON.stringify({ ...storage })
    const texts: Record<string, string> = {
      document: document.documentElement.outerHTML,
      title: document.title,
      address: location.href,
      history: JSON.stringify(history.state),
      'local storage': stored(localStorage),
      'session storage': stored(sessionStorage),
      databases: JSON.stringify(databases),
      caches: JSON.stringify(await caches.keys()),
    }
    return Object.keys(texts).filter((place) => texts[place]?.includes(text))
  }, value)
}
