/** What a start prints for people: where the portal is, every time, and at the first one the link that makes its owner. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type Child, runCommand, startChild } from '../support/child.ts'
import { engines } from '../support/engines.ts'

const [sqlite] = engines
const link = /^ {2}(http\S+\/portal\/welcome#\w+)$/m

async function startTwice(t: Parameters<typeof startChild>[0], env: Record<string, string> = {}) {
  const place = await (sqlite ?? assert.fail()).makePlace()
  t.after(() => place.clear())
  const first = await startChild(t, place, { env })
  return { place, first }
}

/** All that is printed until there is something in it. */
async function printed(server: Child, what: RegExp): Promise<string> {
  for (const one of [/Data {7}/, what]) await server.says(one)
  return server.output()
}

suite('A start', () => {
  test('prints where the portal is by the name at which passkeys work, and the link of its owner once', async (t) => {
    const { place, first } = await startTwice(t)
    const output = await printed(first, link)
    const port = new URL(first.url).port
    const [, setUp = ''] = link.exec(output) ?? []

    assert.match(output, new RegExp(`^ {2}Portal {5}http://localhost:${port}/portal/$`, 'm'))
    assert.ok(setUp.startsWith(`http://localhost:${port}/portal/welcome#`), setUp)
    assert.equal((await fetch(setUp)).status, 200)
    const headers = { 'strongroom-portal': '1', 'content-type': 'application/json', origin: new URL(setUp).origin }
    const body = {
      token: setUp.split('#')[1],
      name: 'Ada',
      email: 'ada@example.com',
      password: 'four unrelated words here',
    }
    const accepted = await fetch(new URL('/v3/invitations/accept', setUp), {
      ...{ method: 'POST', headers, body: JSON.stringify(body) },
    })
    assert.equal(accepted.status, 201)
    const challenge = new URL('/v3/session/passkey/challenge', setUp)
    const passkey = await fetch(challenge, { method: 'POST', headers: { 'strongroom-portal': '1' } })
    assert.match(await passkey.text(), /"rpId":"localhost"/)

    await first.end('SIGTERM')
    const again = await startChild(t, place)
    const later = await printed(again, /Portal/)
    assert.match(later, /^ {2}Portal {5}http:\/\/localhost:\d+\/portal\/$/m)
    assert.doesNotMatch(later, link)
    const made = JSON.parse(runCommand(place, ['user', 'create', '--role', 'owner', '--json']).stdout)
    assert.match(made.invitation_url, /^http:\/\/localhost:\d+\/portal\/welcome#/)
  })

  test('prints the address that people use, where it is told that', async (t) => {
    const { first } = await startTwice(t, { STRONGROOM_PUBLIC_URL: 'https://vault.example.com' })
    const output = await printed(first, link)

    assert.match(output, /^ {2}Portal {5}https:\/\/vault\.example\.com\/portal\/$/m)
    assert.match(link.exec(output)?.[1] ?? '', /^https:\/\/vault\.example\.com\/portal\/welcome#/)
  })
})
