/** What a page in a browser asks for, and when it has all of it: a page that listens to events is never idle. */
import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import type { Page, Request } from 'playwright-core'

interface Traffic {
  /** What is not answered yet. */
  readonly open: Set<Request>
  /** When there last was anything. */
  at: number
}

const traffics = new WeakMap<Page, Traffic>()
/** As long as a browser calls idle. */
const restMs = 500

/** Before the page asks for anything. */
export function watchTraffic(page: Page): void {
  const traffic: Traffic = { open: new Set(), at: Date.now() }
  const note = (change: (request: Request) => void) => (request: Request) => {
    // It has no end.
    if (new URL(request.url()).pathname === '/v3/events') return
    change(request)
    traffic.at = Date.now()
  }
  const close = note((request) => traffic.open.delete(request))
  page.on(
    'request',
    note((request) => traffic.open.add(request)),
  )
  page.on('requestfinished', close)
  page.on('requestfailed', close)
  traffics.set(page, traffic)
}

/** Once it has asked for nothing for a while, but for events. */
export async function settled(page: Page): Promise<void> {
  const traffic = traffics.get(page) ?? assert.fail('The page is not watched.')
  await page.waitForLoadState('load')
  while (traffic.open.size > 0 || Date.now() - traffic.at < restMs) await setTimeout(50)
}
