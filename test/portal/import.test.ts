/** Importing secrets: pasted or dropped, shown before anything is stored, and stored as one. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Page } from 'playwright-core'
import { engines } from '../support/engines.ts'
import { Person } from '../support/person.ts'
import { owner, type Portal, placesOf, startPortal, violations } from './portal.ts'

async function paste(page: Page, text: string): Promise<void> {
  await page.evaluate((pasted) => {
    const data = new DataTransfer()
    data.setData('text/plain', pasted)
    document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }))
  }, text)
}

async function drop(page: Page, files: Readonly<Record<string, string>>): Promise<void> {
  const dropped = await page.evaluateHandle((all) => {
    const transfer = new DataTransfer()
    for (const [name, text] of Object.entries(all)) transfer.items.add(new File([text], name))
    return transfer
  }, files)
  await page.getByRole('region', { name: 'Secrets' }).dispatchEvent('drop', { dataTransfer: dropped })
}

const rowsOf = (page: Page) =>
  page
    .locator('.import-list[aria-busy=false] li')
    .evaluateAll((rows) => rows.map((row) => row.textContent?.replace(/Import /, '')))

async function valuesOf({ server: { api } }: Portal): Promise<Readonly<Record<string, string>>> {
  const values: Record<string, string> = {}
  for (const { id, name } of (await api.get('/v3/secrets')).body.secrets) {
    values[name] = (await api.get(`/v3/secrets/${id}`)).body.value
  }
  return values
}

// What is compared and stored has its tests on every store.
for (const engine of engines.slice(0, 1)) {
  suite(`${engine.name}: an import`, { skip: engine.skip }, () => {
    test('shows what each name would be, without a value, and stores what is chosen in one transaction', async (t) => {
      const portal = await startPortal(t, engine)
      const { api } = portal.server
      await api.post('/v3/lists', { name: 'web' })
      await api.post('/v3/secrets', { name: 'DB_URL', value: 'postgres://old' })
      await api.post('/v3/secrets', { name: 'DB_USER', value: 'app' })
      await api.post('/v3/secrets', { name: 'KEPT', value: 'mine' })
      const page = await portal.openAs(owner, '/portal/secrets?list=web')
      await page.getByRole('heading', { name: 'No results' }).waitFor()
      const sent: string[] = []
      page.on('request', (request) => {
        if (request.method() === 'POST')
          sent.push(`${new URL(request.url()).pathname} ${request.postDataJSON().secrets.length}`)
      })

      await paste(
        page,
        'DB_URL=postgres://new\nDB_USER=app\nAPI_TOKEN=tok3n-of-the-shop\nKEPT=theirs\nbad.-/name=x\n'.replace(
          'bad.-/name',
          '.bad',
        ),
      )
      await page.getByText('1 new, 2 changed, 1 same, 1 invalid.').waitFor()

      assert.deepEqual(await rowsOf(page), [
        'DB_URLChanged',
        'DB_USERSame',
        'API_TOKENNew',
        'KEPTChanged',
        '.badUse letters, digits, “_”, “.” and “-”, with “/” after each folder.Invalid',
      ])
      assert.deepEqual(await placesOf(page, 'tok3n-of-the-shop'), [])
      assert.deepEqual(await violations(page), [])
      await page.getByRole('checkbox', { name: 'Import KEPT' }).click({ force: true })
      await page.getByRole('button', { name: 'Import 2 secrets' }).click()
      await page.getByText('2 secrets imported').waitFor()
      await page.getByRole('link', { name: 'API_TOKEN' }).waitFor()

      assert.deepEqual(sent, ['/v3/secrets/batch/store 4', '/v3/secrets/batch/store 2'])
      assert.deepEqual(await valuesOf(portal), {
        ...{ DB_URL: 'postgres://new', DB_USER: 'app', KEPT: 'mine' },
        API_TOKEN: 'tok3n-of-the-shop',
      })
      const { secrets } = (await api.get('/v3/metadata?list=web')).body
      assert.deepEqual(
        secrets.map(({ name }: { name: string }) => name),
        ['API_TOKEN'],
      )
    })

    test('reads dropped JSON and YAML, says what is wrong with a file, and takes it whole instead', async (t) => {
      const portal = await startPortal(t, engine)
      const page = await portal.openAs(owner)
      await page.getByRole('heading', { name: 'No secrets yet' }).waitFor()

      await drop(page, {
        'web.json': '{"WEB_PORT": 8080, "WEB_HOST": "example.com"}',
        'mail.yaml': 'MAIL_USER: app\nMAIL_PIN: 0123\n',
        'broken.env': 'GOOD=1\nno line of it\n',
      })
      await page.getByText('Line 2 is not NAME=VALUE.').waitFor()
      await page.getByText('4 new.').waitFor()
      await page.getByRole('button', { name: 'Import as one secret' }).nth(2).click()
      await page.getByText('5 new.').waitFor()
      await page.getByLabel('Name for broken.env').fill('legacy-settings')
      await page.getByRole('button', { name: 'Import 5 secrets' }).click()
      await page.getByText('5 secrets imported').waitFor()

      assert.deepEqual(await valuesOf(portal), {
        ...{ WEB_PORT: '8080', WEB_HOST: 'example.com', MAIL_USER: 'app', MAIL_PIN: '0123' },
        'legacy-settings': 'GOOD=1\nno line of it\n',
      })
    })

    test('refuses what is encrypted, with the command that decrypts it, and stores nothing of it', async (t) => {
      const portal = await startPortal(t, engine)
      const page = await portal.openAs(owner)
      await page.getByRole('heading', { name: 'No secrets yet' }).waitFor()

      await drop(page, {
        'app.env': 'DB_URL=ENC[AES256_GCM,data:Zm9v,iv:YmFy,tag:YmF6,type:str]\nsops_version=3.9.0\nsops_mac=x\n',
        '.env': 'DB_PIN="encrypted:BGJhcmZvb2JhcmZvb2JhcmZvbw=="\n',
      })
      await page.getByText('This is encrypted with sops. Decrypt it first: sops decrypt --input-type dotenv').waitFor()
      await page.getByText('This is encrypted with dotenvx. Decrypt it first: dotenvx decrypt').waitFor()

      assert.deepEqual(await rowsOf(page), [])
      assert.ok(await page.getByRole('button', { name: /^Import 0/ }).isDisabled())
    })

    test('stores nothing of a group once one of it was changed, and shows what it is now', async (t) => {
      const portal = await startPortal(t, engine)
      const { api } = portal.server
      await api.post('/v3/secrets', { name: 'ONE', value: 'old' })
      const page = await portal.openAs(owner)

      await paste(page, 'ONE=new\nTWO=new\n')
      await page.getByText('1 new, 1 changed.').waitFor()
      await api.put('/v3/secrets/1', { value: 'new' })
      await page.getByRole('button', { name: 'Import 2 secrets' }).click()
      await page.getByText('Someone else changed this.').waitFor()
      await page.getByText('1 new, 1 same.').waitFor()
      assert.deepEqual(await valuesOf(portal), { ONE: 'new' })
      await page.getByRole('button', { name: 'Import 1 secret' }).click()
      await page.getByText('1 secret imported').waitFor()

      assert.deepEqual(await valuesOf(portal), { ONE: 'new', TWO: 'new' })
    })

    test('is not offered to whoever may write nothing, and leaves other texts to their fields', async (t) => {
      const portal = await startPortal(t, engine)
      const { api, url } = portal.server
      await api.post('/v3/secrets', { name: 'ONE', value: 'old' })
      const noor = { email: 'noor@example.com', name: 'Noor', password: 'saddle-prism-walnut-anchor' }
      const { body } = await api.post('/v3/users', { email: noor.email, role: 'reader' })
      await new Person(url).accept(body.invitation_url, noor)
      const [reader, writer] = [await portal.openAs(noor), await portal.openAs(owner)]
      for (const page of [reader, writer]) await page.getByRole('link', { name: 'ONE' }).waitFor()

      await paste(reader, 'ONE=new\n')
      await paste(writer, 'just some words')
      await writer.getByLabel('Search secrets').fill('')
      await writer.evaluate(() => navigator.clipboard.writeText('ONE=new'))
      await writer.getByLabel('Search secrets').press('Control+v')
      await writer.getByText('0 of 1').waitFor()

      assert.equal(await reader.getByRole('dialog').count(), 0)
      assert.equal(await writer.getByRole('dialog').count(), 0)
    })
  })
}
