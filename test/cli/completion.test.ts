/** Completion: what the definitions have, and names of what the server has, in a real shell. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { ending, startPerson } from '../support/cli.ts'

suite('strongroom completion', async () => {
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
    assert.deepEqual(await complete('secrets', 'de'), ['delete'])
    assert.deepEqual(await complete('secrets', 'get', '--o'), ['--output'])
    assert.deepEqual(await complete('secrets', 'get', 'db'), ['db-password', 'db-user'])
    assert.deepEqual(await complete('secrets', 'list', '--list', ''), ['default', 'Web servers'])
    assert.deepEqual(await complete('completion', ''), ['bash', 'zsh', 'fish'])
    assert.deepEqual(await complete('help', 'dep'), ['deployments'])
    assert.deepEqual(await complete('run', '--', ''), [])
    assert.ok((await complete('')).includes('serve'))
  })

  test('is silent when no server answers', async () => {
    const { code, stdout, stderr } = await person.run(['__complete', 'secrets', 'get', ''], {
      env: { STRONGROOM_URL: 'http://127.0.0.1:9' },
    })
    assert.deepEqual([code, stdout, stderr], [0, '', ''])
  })

  test('works in bash', async () => {
    const command = join(person.folder, 'strongroom')
    const main = join(import.meta.dirname, '..', '..', 'src/main.ts')
    writeFileSync(command, `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`)
    chmodSync(command, 0o700)
    const script = `source <(strongroom completion bash)
      COMP_WORDS=(strongroom secrets get db); COMP_CWORD=3; _strongroom; printf '%s\\n' "\${COMPREPLY[@]}"
      COMP_WORDS=(strongroom run --list W); COMP_CWORD=3; _strongroom; printf '%s\\n' "\${COMPREPLY[@]}"`
    const { PATH = '' } = process.env
    const { spawn } = await import('node:child_process')
    const env = person.environment({ PATH: `${person.folder}:${PATH}` })

    const { stdout, stderr } = await ending(spawn('bash', ['-c', script], { env }))

    assert.equal(stdout, 'db-password\ndb-user\nWeb\\ servers\n', stderr)
  })

  for (const [shell, flag] of [
    ['zsh', '-n'],
    ['fish', '--no-execute'],
  ] as const) {
    const skip = spawnSync(shell, ['--version']).status !== 0 && `${shell} is not installed`
    test(`is a script that ${shell} can read`, { skip }, async () => {
      const { stdout } = await person.run(['completion', shell])
      assert.equal(spawnSync(shell, [flag], { input: stdout }).status, 0)
    })
  }
})
