/**
 * How the portal feels with many secrets, in a real browser on a real server: the first paint, the time until the table
 * has rows, and the frames while somebody scrolls through all of it and types into the search.
 *
 * BENCH_SECRETS: how many secrets (100000; demo names while there are some, then numbered). STRONGROOM_TEST_CHROMIUM: which browser.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import { Api } from '../test/support/api.ts'
import { launchChromium } from '../test/support/chromium.ts'
import { bodyOf, demoLists, demoSecret, maxDemoSecrets } from '../test/support/demo.ts'
import { Person } from '../test/support/person.ts'
import { settled, watchTraffic } from '../test/support/traffic.ts'
import { startStrongroom } from './servers.ts'

const count = Number(process.env['BENCH_SECRETS'] ?? 100_000)
/** Made in one transaction, and so many of those on their way. */
const batchSize = 100
const batchesAtOnce = 4
/** How often a page is loaded; what is reported is the median. */
const loads = 5
/** A screen at 60 Hz. */
const frameMs = 1000 / 60
/** From where on a frame is felt. */
const smoothMs = 50
/** What one turn of a wheel scrolls, in a hurry. */
const wheelStep = 400
const wheelRows = 9
/** Rows that are scrolled through by it. */
const wheeled = 10_000
const words = ['prod-billing', 'postgres', 'stripe key', 'zzz']

/** What the script in the page keeps. */
interface Watched {
  rowsAt: number | undefined
  readonly longTasks: number[]
  readonly inputs: number[]
  frames: number[]
  blank: number
  waiting: number
  isOn: boolean
}

interface Loading {
  readonly firstPaintMs: number
  readonly firstContentfulPaintMs: number
  readonly rowsMs: number | undefined
  readonly longTasks: readonly number[]
  readonly scriptBytes: number
  readonly bytes: number
}

interface Moving {
  readonly what: string
  readonly frames: readonly number[]
  readonly longTasks: readonly number[]
  /** From a key or a turn of the wheel to the next paint; those of 16 ms or more. */
  readonly inputs: readonly number[]
  /** Frames in which a part of the table in sight had no rows. */
  readonly blank: number
  /** Frames in which the place of a row in sight was still empty. */
  readonly waiting: number
}

// Ends with this process, should the server not start.
const browser = await launchChromium([])
const target = await startStrongroom('SQLite')
const url = `http://127.0.0.1:${target.port}`
try {
  await fill()
  const cookie = await signUp()
  const signIn = await load('/portal/', undefined, (page) => page.getByLabel('Email').waitFor())
  const secrets = await load('/portal/secrets', cookie, (page) => page.locator('[data-row]').first().waitFor())
  const moved = await move(cookie)
  const path = write(signIn, secrets, moved)
  console.log(`written: ${path}`)
  const rough = moved.filter(({ frames }) => Math.max(...frames) > smoothMs)
  for (const { what, frames } of rough) console.log(`NOT SMOOTH ${what}: a frame of ${ms(Math.max(...frames))}`)
} finally {
  await browser.close()
  await target.stop()
}

async function fill(): Promise<void> {
  const api = new Api(url, target.key)
  for (const name of demoLists) await api.post('/v3/lists', { name })
  const now = Date.now()
  const starts = Array.from({ length: Math.ceil(count / batchSize) }, (_, at) => at * batchSize).values()
  const worker = async () => {
    for (const start of starts) {
      const some = Array.from({ length: Math.min(batchSize, count - start) }, (_, step) => oneOf(start + step, now))
      const { status, text } = await api.post('/v3/secrets/batch/create', { secrets: some })
      if (status !== 201) throw new Error(`Secrets were not made: ${text}`)
    }
  }
  await Promise.all(Array.from({ length: batchesAtOnce }, worker))
}

function oneOf(at: number, now: number): object {
  const body = bodyOf(demoSecret(at), now)
  const round = Math.floor(at / maxDemoSecrets)
  return round === 0 ? body : { ...body, name: `${demoSecret(at).name}-${round + 1}` }
}

/** @returns the cookie of an owner's session */
async function signUp() {
  const api = new Api(url, target.key)
  const { body, text } = await api.post('/v3/users', { email: 'ada@example.com', name: 'Ada', role: 'owner' })
  const ada = new Person(url)
  const accepted = await ada.accept(body.invitation_url ?? '', { password: 'orbit-lantern-cobalt-quiver' })
  if (accepted.status !== 201) throw new Error(`Nobody is signed in: ${text} ${accepted.text}`)
  const [name = '', value = ''] = ada.cookie.split('=')
  return { name, value, url }
}

type Cookie = Awaited<ReturnType<typeof signUp>>

async function open(cookie: Cookie | undefined): Promise<{ readonly context: BrowserContext; readonly page: Page }> {
  const context = await browser.newContext({ baseURL: url, viewport: { width: 1440, height: 900 }, locale: 'en' })
  context.setDefaultTimeout(60_000)
  if (cookie !== undefined) await context.addCookies([cookie])
  await context.addInitScript(watch)
  const page = await context.newPage()
  watchTraffic(page)
  return { context, page }
}

/** In the page, before its own scripts. */
function watch(): void {
  const watched: Watched = {
    rowsAt: undefined,
    longTasks: [],
    inputs: [],
    frames: [],
    blank: 0,
    waiting: 0,
    isOn: false,
  }
  Object.assign(globalThis, { watched })
  const observe = (type: string, into: number[], durationThreshold = 16) =>
    new PerformanceObserver((list) => into.push(...list.getEntries().map(({ duration }) => duration))).observe({
      ...{ type, buffered: true, durationThreshold },
    })
  observe('longtask', watched.longTasks)
  observe('event', watched.inputs)
  new MutationObserver((_, observer) => {
    if (document.querySelector('[data-row] a') === null) return
    observer.disconnect()
    // Once they are painted.
    requestAnimationFrame(() =>
      setTimeout(() => {
        watched.rowsAt = performance.now()
      }),
    )
  }).observe(document, { childList: true, subtree: true })
  let last: number | undefined
  const isBlank = () => {
    const body = document.querySelector('.grid-body')
    if (body === null) return false
    const { top, bottom } = body.getBoundingClientRect()
    const rows = [...document.querySelectorAll('[data-row],[data-waiting]')]
      .map((row) => row.getBoundingClientRect())
      .filter((row) => row.bottom > top && row.top < bottom)
    const end = body.scrollHeight - body.scrollTop + top
    return (
      Math.min(...rows.map((row) => row.top)) > top + 1 ||
      Math.max(...rows.map((row) => row.bottom)) < Math.min(bottom, end) - 1
    )
  }
  const isWaiting = () => {
    const body = document.querySelector('.grid-body')?.getBoundingClientRect()
    const places = [...document.querySelectorAll('[data-waiting]')].map((row) => row.getBoundingClientRect())
    return body !== undefined && places.some((row) => row.bottom > body.top && row.top < body.bottom)
  }
  const frame = (now: number) => {
    if (watched.isOn && last !== undefined) {
      watched.frames.push(now - last)
      if (isWaiting()) watched.waiting++
      if (isBlank()) watched.blank++
    }
    last = now
    requestAnimationFrame(frame)
  }
  requestAnimationFrame(frame)
}

/** Loads a page with nothing in the cache, several times. */
async function load(path: string, cookie: Cookie | undefined, ready: (page: Page) => Promise<void>) {
  const found: Loading[] = []
  for (let round = 0; round < loads; round++) {
    const { context, page } = await open(cookie)
    await page.goto(path)
    await ready(page)
    await settled(page)
    found.push(await page.evaluate(readLoading))
    await context.close()
  }
  return found
}

function readLoading(): Loading {
  const { watched } = globalThis as unknown as { readonly watched: Watched }
  const paints = new Map(performance.getEntriesByType('paint').map(({ name, startTime }) => [name, startTime]))
  const files = performance
    .getEntriesByType('resource')
    .concat(performance.getEntriesByType('navigation'))
    .filter((entry) => entry instanceof PerformanceResourceTiming)
  const sum = (some: readonly PerformanceResourceTiming[]) => some.reduce((all, one) => all + one.encodedBodySize, 0)
  return {
    firstPaintMs: paints.get('first-paint') ?? Number.NaN,
    firstContentfulPaintMs: paints.get('first-contentful-paint') ?? Number.NaN,
    rowsMs: watched.rowsAt,
    longTasks: watched.longTasks,
    scriptBytes: sum(files.filter(({ name }) => name.endsWith('.js'))),
    bytes: sum(files),
  }
}

/** Scrolls through the table and types into the search. */
async function move(cookie: Cookie): Promise<readonly Moving[]> {
  const { context, page } = await open(cookie)
  await page.goto('/portal/secrets')
  await page.locator('[data-row]').first().waitFor()
  await settled(page)
  const body = page.locator('.grid-body')
  const search = page.getByLabel('Search secrets')
  await body.hover()
  const moved = [
    // How many frames such a machine drops by itself.
    await during(page, 'doing nothing', () => page.waitForTimeout(5000)),
    await during(page, `scrolling through ${wheeled.toLocaleString('en')} with the wheel`, async () => {
      for (let row = 0; row < wheeled; row += wheelRows) await page.mouse.wheel(0, wheelStep)
    }),
    await during(page, 'dragging the scroll bar to five places', async () => {
      for (const part of [0.5, 0.1, 0.9, 0.3, 0]) {
        await body.evaluate((it, to) => it.scrollTo(0, it.scrollHeight * to), part)
        await page.waitForTimeout(150)
      }
    }),
    await during(page, 'typing into the search, and deleting', async () => {
      for (const word of words) {
        await search.pressSequentially(word, { delay: 60 })
        for (const _ of word) await search.press('Backspace', { delay: 20 })
      }
    }),
    await during(page, 'sorting by each column', async () => {
      for (const column of ['List', 'Type', 'Expires', 'Updated', 'Name']) {
        await page.getByRole('columnheader', { name: column }).getByRole('button').click()
        await page.waitForTimeout(150)
      }
    }),
  ]
  await context.close()
  return moved
}

async function during(page: Page, what: string, act: () => Promise<void>): Promise<Moving> {
  await page.evaluate(() => {
    const { watched } = globalThis as unknown as { readonly watched: Watched }
    Object.assign(watched, { frames: [], blank: 0, waiting: 0, isOn: true })
    watched.longTasks.length = 0
    watched.inputs.length = 0
  })
  await act()
  // What came last is painted, and told.
  await page.waitForTimeout(300)
  const { frames, blank, waiting, longTasks, inputs } = await page.evaluate(() => {
    const { watched } = globalThis as unknown as { readonly watched: Watched }
    watched.isOn = false
    return watched
  })
  const moving = { what, frames, blank, waiting, longTasks, inputs }
  console.log(rowOf(moving))
  return moving
}

function write(signIn: readonly Loading[], secrets: readonly Loading[], moved: readonly Moving[]): string {
  const folder = join(import.meta.dirname, 'results')
  mkdirSync(folder, { recursive: true })
  const [cpu] = cpus()
  const machine = `${cpus().length} x ${cpu?.model ?? 'unknown CPU'}; Chromium ${browser.version()}, without a GPU, beside the server; ${new Date().toISOString().slice(0, 10)}`
  const path = join(folder, 'portal.md')
  writeFileSync(
    path,
    `# What the portal costs a browser

Written by \`npm run bench:portal\`. ${machine}. ${count.toLocaleString('en')} secrets. [docs/performance.md](../../docs/performance.md)
says what is behind the numbers.

Pages with nothing in the cache, the median of ${loads} loads:

| page | first paint | first contentful paint | rows in the table | longest task | scripts | all files and data |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
${loadingRow('sign in', signIn)}
${loadingRow('secrets', secrets)}

Frames, of which a screen at 60 Hz has one each ${frameMs.toFixed(1)} ms; an input is a key or a turn of the wheel, until
the next paint, where that took 16 ms or more:

| what | frames | p50 | p95 | longest | over ${smoothMs} ms | dropped | with a blank part | with rows on their way | long tasks | longest task | longest input |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
${moved.map(rowOf).join('\n')}
`,
  )
  return path
}

function loadingRow(what: string, found: readonly Loading[]): string {
  const median = (of: (one: Loading) => number | undefined) =>
    quantile(
      found.map((one) => of(one) ?? Number.NaN),
      0.5,
    )
  const rows = median(({ rowsMs }) => rowsMs)
  const cells = [
    what,
    ms(median(({ firstPaintMs }) => firstPaintMs)),
    ms(median(({ firstContentfulPaintMs }) => firstContentfulPaintMs)),
    Number.isNaN(rows) ? '' : ms(rows),
    ms(median(({ longTasks }) => Math.max(0, ...longTasks))),
    kilobytes(median(({ scriptBytes }) => scriptBytes)),
    kilobytes(median(({ bytes }) => bytes)),
  ]
  return `| ${cells.join(' | ')} |`
}

function rowOf({ what, frames, blank, waiting, longTasks, inputs }: Moving): string {
  const cells = [
    ...[what, frames.length, ms(quantile(frames, 0.5)), ms(quantile(frames, 0.95)), ms(Math.max(...frames))],
    frames.filter((frame) => frame > smoothMs).length,
    frames.reduce((all, frame) => all + Math.max(0, Math.round(frame / frameMs) - 1), 0),
    ...[blank, waiting, longTasks.length, ms(Math.max(0, ...longTasks)), ms(Math.max(0, ...inputs))],
  ]
  return `| ${cells.join(' | ')} |`
}

/** Nearest rank. */
function quantile(numbers: readonly number[], part: number): number {
  return numbers.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(numbers.length * part) - 1)] ?? Number.NaN
}

function ms(time: number): string {
  return `${time < 100 ? time.toFixed(1) : Math.round(time)} ms`
}

function kilobytes(bytes: number): string {
  return `${Math.round(bytes / 1000)} kB`
}
