/** Completion: what the definitions have, and names of what the server has, in a real shell. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ending, startPerson } from '../support/cli.ts'
import { main } from '../support/main.ts'
import { preparedSuite } from '../support/prepared-suite.ts'

preparedSuite('strongroom completion', async () => {
  const person = await startPerson({ after })
  for (const name of ['db-password', 'db-user', 'tls-key']) {
    await person.server.api.post('/v3/secrets', { name, value: 'planted-5ecret' })
  }
  await person.server.api.post('/v3/lists', { name: 'Web servers' })

  async function complete(...words: string[]): Promise<string[]> {
    const { stdout, stderr, code } = await person.run(['__complete', ...words])
    assert.equal(code, 0, stderr)
    return stdout.split('\n').flatMap((line) => (line === '' ? [] : [line.split('\t')[0] ?? '']))
  }

  test('knows commands, options, choices and names', async () => {
    assert.deepEqual(await complete('sec'), ['secrets'])
    assert.deepEqual(await complete('secrets', 'de'), ['delete', 'destroy', 'decoy'])
    assert.deepEqual(await complete('secrets', 'get', '--o'), ['--oidc', '--output'])
    assert.deepEqual(await complete('secrets', 'get', 'db'), ['db-password', 'db-user'])
    assert.deepEqual(await complete('secrets', 'list', '--list', ''), ['default', 'Web servers'])
    assert.deepEqual(await complete('completion', ''), ['bash', 'zsh', 'fish'])
    assert.deepEqual(await complete('help', 'dep'), ['deployments'])
    assert.deepEqual(await complete('run', '--', ''), [])
    assert.ok((await complete('')).includes('serve'))
  })

  test('knows the values of options', async () => {
    assert.deepEqual(await complete('export', '--format', 'd'), ['dotenv', 'docker'])
    assert.deepEqual(await complete('import', '--format', 'v'), ['vault'])
    assert.deepEqual(await complete('secrets', 'set', 'a', '--type', ''), ['text', 'file', 'template'])
    assert.deepEqual(await complete('run', '--only', 'db'), ['db-password', 'db-user'])
    assert.deepEqual(await complete('run', '--only', 'tls-key', '--only', 'db-u'), ['db-user'])
    assert.deepEqual(await complete('export', '--format=js'), ['--format=json'])
    // As bash parts words.
    assert.deepEqual(await complete('run', '--only', '=', 'tls'), ['tls-key'])
    assert.deepEqual(await complete('secrets', 'set', 'a', '--type', '='), ['text', 'file', 'template'])
  })

  test('knows profiles, and shows none of their keys', async (t) => {
    const { url, api } = person.server
    await person.run(['login', '--url', url, '--profile', 'work'], { input: api.key })
    t.after(() => person.run(['logout', '--all']))
    for (const words of [
      ['secrets', 'list', '--profile'],
      ['logout', '--profile'],
      ['profiles', 'use'],
    ]) {
      const { stdout, stderr } = await person.run(['__complete', ...words, ''])
      assert.deepEqual([stdout, stderr], ['work\n', ''])
    }
  })

  test('is silent when no server answers', async () => {
    const { code, stdout, stderr } = await person.run(['__complete', 'secrets', 'get', ''], {
      env: { STRONGROOM_URL: 'http://127.0.0.1:9' },
    })
    assert.deepEqual([code, stdout, stderr], [0, '', ''])
  })

  test('is silent when a server never answers, when it refuses, and when what is set up is wrong', async (t) => {
    const mute = createServer(() => {}).listen(0, '127.0.0.1')
    await once(mute, 'listening')
    t.after(() => mute.close().closeAllConnections())
    const address = mute.address()
    assert.ok(typeof address === 'object' && address !== null)
    const wrong = [
      { STRONGROOM_URL: `http://127.0.0.1:${address.port}` },
      { STRONGROOM_API_KEY: `sr_${'a'.repeat(49)}` },
      { STRONGROOM_API_KEY: '' },
      { STRONGROOM_PROJECT_FILE: 'absent' },
    ]
    for (const env of wrong) {
      const { code, stdout, stderr } = await person.run(['__complete', 'secrets', 'get', ''], { env })
      assert.deepEqual([code, stdout, stderr], [0, '', ''])
    }
  })

  /** What a shell prints where `strongroom` is a command. */
  async function inShell(shell: string, words: readonly string[]): Promise<string> {
    const command = join(person.folder, 'strongroom')
    writeFileSync(command, `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`)
    chmodSync(command, 0o700)
    const { PATH = '' } = process.env
    const env = person.environment({ PATH: `${person.folder}:${PATH}`, HOME: person.folder })
    const { stdout, stderr } = await ending(spawn(shell, words, { env, stdio: ['ignore', 'pipe', 'pipe'] }))
    assert.equal(stderr, '')
    return stdout
  }
  const absent = (shell: string) => spawnSync(shell, ['--version']).status !== 0 && `${shell} is not installed`

  test('works in bash', async () => {
    const script = `source <(strongroom completion bash)
      COMP_WORDS=(strongroom secrets get db); COMP_CWORD=3; _strongroom; printf '%s\\n' "\${COMPREPLY[@]}"
      COMP_WORDS=(strongroom run --list W); COMP_CWORD=3; _strongroom; printf '%s\\n' "\${COMPREPLY[@]}"`

    assert.equal(await inShell('bash', ['-c', script]), 'db-password\ndb-user\nWeb\\ servers\n')
  })

  test('works in zsh', { skip: absent('zsh') }, async () => {
    // Of zsh's own functions, the one that shows what was found prints it.
    const script = `compdef() { : }; _describe() { print -l -- "\${(@P)2}" }; _files() { print files }
      source <(strongroom completion zsh)
      words=(strongroom secrets get db); CURRENT=4; _strongroom
      words=(strongroom run --list W); CURRENT=4; _strongroom
      words=(strongroom secrets get ''); CURRENT=4; _strongroom
      words=(strongroom run -- ''); CURRENT=4; _strongroom`

    const all = ['db-password', 'db-user', 'tls-key']
    const found = ['db-password', 'db-user', 'Web servers', ...all, 'files']
    assert.deepEqual((await inShell('zsh', ['-f', '-c', script])).trimEnd().split('\n'), found)
  })

  test('works in fish', { skip: absent('fish') }, async () => {
    const script = `strongroom completion fish | source
      complete -C 'strongroom secrets get db'
      complete -C 'strongroom run --list W'`

    const lines = (await inShell('fish', ['--no-config', '-c', script])).trimEnd().split('\n')
    assert.deepEqual(
      lines.map((line) => line.split('\t')[0]),
      ['db-password', 'db-user', 'Web servers'],
    )
  })
})
