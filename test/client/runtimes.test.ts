/** The client in each runtime that it is for: Node and its workers, a page, and a worker of a page. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { after, suite, type TestContext, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import type { Browser, Page } from 'playwright-core'
import * as client from '../../src/client/index.ts'
import { launchChromium } from '../support/chromium.ts'
import { engines } from '../support/engines.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { live, wentWell } from './life.ts'

const root = join(import.meta.dirname, '..', '..')
const [sqlite] = engines

suite('The client lives', () => {
  let browser: Promise<Browser> | undefined
  after(async () => void (await (await browser)?.close()))

  /** A page of the server's own address, as another has no leave to ask it. */
  async function open(t: TestContext, { url }: TestServer): Promise<Page> {
    browser ??= launchChromium()
    const page = await (await browser).newPage()
    t.after(() => page.close())
    await page.context().route(`${url}/sources/**`, (route) => {
      const path = new URL(route.request().url()).pathname.slice('/sources/'.length)
      if (path === '') return route.fulfill({ contentType: 'text/html', body: '<!doctype html>' })
      const source = path === 'worker.ts' ? worker : readFileSync(join(root, path), 'utf8')
      return route.fulfill({ contentType: 'text/javascript', body: stripTypeScriptTypes(source) })
    })
    await page.goto(`${url}/sources/`)
    return page
  }

  test('in Node', async (t) => {
    const { url, api } = await start(t)

    assert.deepEqual(await live(client, url, api.key), wentWell)
  })

  test('in a worker of Node', async (t) => {
    const { url, api } = await start(t)
    const script = `
      import { parentPort, workerData } from 'node:worker_threads'
      const [client, { live }] = await Promise.all(workerData.modules.map((url) => import(url)))
      parentPort.postMessage(await live(client, workerData.url, workerData.key))`
    const modules = ['src/client/index.ts', 'test/client/life.ts'].map((path) => `file://${join(root, path)}`)
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`), {
      workerData: { modules, url, key: api.key },
    })
    t.after(() => worker.terminate())

    const told = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))

    assert.deepEqual(told, wentWell)
  })

  test('in a page', async (t) => {
    const server = await start(t)
    const page = await open(t, server)

    const told = await page.evaluate(`(async () => {
      const client = await import('/sources/src/client/index.ts')
      const { live } = await import('/sources/test/client/life.ts')
      return live(client, location.origin, ${JSON.stringify(server.api.key)})
    })()`)

    assert.deepEqual(told, wentWell)
  })

  test('in a worker of a page', async (t) => {
    const server = await start(t)
    const page = await open(t, server)

    const told = await page.evaluate(`new Promise((resolve, reject) => {
      const worker = new Worker('/sources/worker.ts', { type: 'module' })
      worker.onerror = (event) => reject(new Error(event.message))
      worker.onmessage = ({ data }) => resolve(data)
      worker.postMessage(${JSON.stringify(server.api.key)})
    })`)

    assert.deepEqual(told, wentWell)
  })
})

const worker = `
  import * as client from '/sources/src/client/index.ts'
  import { live } from '/sources/test/client/life.ts'
  self.onmessage = async ({ data: key }) => {
    self.postMessage(await live(client, location.origin, key).catch((error) => String(error)))
  }`

async function start(t: TestContext): Promise<TestServer> {
  assert.ok(sqlite)
  return startServer(t, sqlite)
}
