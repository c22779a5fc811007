/** A root key behind a program: what it is given, and what of it is believed. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { commandKey } from '../../src/crypto/providers/command.ts'
import { makeFolder } from '../support/engines.ts'

const context = Buffer.from('a context')

function program(t: TestContext, body: string): string {
  const folder = makeFolder()
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'root key; exit 1')
  writeFileSync(path, `#!/bin/sh\n${body}\n`)
  chmodSync(path, 0o700)
  return path
}

suite("A root key's provider (command)", () => {
  test('gives base64 to a program, with the operation and the context, and takes base64', async (t) => {
    // It wraps by putting the context before what it is given.
    const path = program(
      t,
      `read -r data
[ "$#" = 1 ] && [ -z "$HOME" ] || exit 1
case "$1" in
  wrap) printf '%s %s' "$STRONGROOM_ROOT_KEY_CONTEXT" "$data" | base64 -w0 ;;
  unwrap) set -- $(printf %s "$data" | base64 -d); [ "$1" = "$STRONGROOM_ROOT_KEY_CONTEXT" ] || exit 3; echo "$2" ;;
esac`,
    )
    const root = commandKey({ path })
    const plain = randomBytes(32)

    const wrapped = await root.wrap(plain, context)

    assert.equal(Buffer.from(wrapped).toString(), `${context.toString('hex')} ${plain.toString('base64')}`)
    assert.deepEqual(await root.unwrap(wrapped, context), plain)
    assert.equal(await root.unwrap(wrapped, Buffer.from('another')), undefined)
  })

  test('that fails, hangs, floods, babbles or is not there is away, and what it says is in no message', async (t) => {
    const bodies = [
      'echo planted >&2; exit 1',
      'exec sleep 60',
      'exec cat /dev/zero',
      'head -c 100000 /dev/zero | base64 -w0',
      'echo "planted secret!"',
      'exit 0',
      'kill -9 $$',
    ]
    for (const body of bodies) {
      const root = commandKey({ path: program(t, body) }, body.includes('sleep') ? 100 : 10_000)
      await assert.rejects(
        root.unwrap(randomBytes(32), context),
        (error: Error) => error.name === 'ProviderTrouble' && !error.message.includes('planted'),
        body,
      )
    }
    await assert.rejects(commandKey({ path: '/no/such/program' }).wrap(randomBytes(32), context), { reason: 'away' })
    const forbidden = program(t, 'exit 0')
    chmodSync(forbidden, 0o600)
    await assert.rejects(commandKey({ path: forbidden }).wrap(randomBytes(32), context), { reason: 'denied' })
    await assert.rejects(commandKey({ path: program(t, 'exit 3') }).wrap(randomBytes(32), context), {
      reason: 'denied',
    })
  })

  test('is left as well where a program that it has started hangs, or stays behind with its output', async (t) => {
    for (const body of ['wait', 'echo AAAA']) {
      const path = program(t, `sleep 600 & echo $! > "$0.pid"; ${body}`)
      const asked = commandKey({ path }, 1_000).unwrap(randomBytes(32), context)
      const waiting = setTimeout(30_000, undefined, { ref: false }).then(() => assert.fail('It is waited for.'))
      await assert.rejects(
        Promise.race([asked, waiting]),
        { name: 'ProviderTrouble', reason: 'away', message: /did not end/ },
        body,
      )
      // It is there still: nobody waited for it.
      process.kill(Number(readFileSync(`${path}.pid`, 'utf8')), 'SIGKILL')
    }
    const floods = commandKey({ path: program(t, 'cat /dev/zero & wait') })
    await assert.rejects(floods.unwrap(randomBytes(32), context), { reason: 'away', message: /wrote more than/ })
  })
})
