/** What was typed wrong: the fault, what may have been meant, and how that very command is called. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { programOf } from '../../src/commands.ts'
import { startPerson } from '../support/cli.ts'
import { preparedSuite } from '../support/prepared-suite.ts'

preparedSuite('What is typed wrong', async () => {
  const person = await startPerson({ after })
  const run = '[options] -- <command> [parameters...]'

  const faults: readonly (readonly [what: string, words: readonly string[], says: string])[] = [
    [
      'an option',
      ['secrets', 'get', '--versoin', '3', 'a'],
      'unknown option \'--versoin\'\n(Did you mean --version?)\nUsage: strongroom secrets get [options] <secret>\nRun "strongroom help secrets get" for options and examples.\n',
    ],
    [
      'a command below another',
      ['secrets', 'gte'],
      'unknown command \'gte\'\n(Did you mean get?)\nUsage: strongroom secrets [options] [command]\nRun "strongroom help secrets" for options and examples.\n',
    ],
    [
      'what is called otherwise elsewhere',
      ['secrets', 'remove', 'a'],
      'unknown command \'remove\'\n(Did you mean delete?)\nUsage: strongroom secrets [options] [command]\nRun "strongroom help secrets" for options and examples.\n',
    ],
    [
      'what is below another command',
      ['get', 'a'],
      'unknown command \'get\'\n(Did you mean secrets get?)\nUsage: strongroom [options] [command]\nRun "strongroom help" for a list of commands.\n',
    ],
    [
      'a command that no other is like',
      ['secrets', 'rotate'],
      'unknown command \'rotate\'\nUsage: strongroom secrets [options] [command]\nRun "strongroom help secrets" for options and examples.\n',
    ],
    [
      'an option that no other is like',
      ['secrets', 'get', '--reason', 'a'],
      'unknown option \'--reason\'\nUsage: strongroom secrets get [options] <secret>\nRun "strongroom help secrets get" for options and examples.\n',
    ],
    [
      'a command',
      ['secrts'],
      'unknown command \'secrts\'\n(Did you mean secrets?)\nUsage: strongroom [options] [command]\nRun "strongroom help" for a list of commands.\n',
    ],
    [
      'one of few values',
      ['secrets', 'set', 'a', '--type', 'flie'],
      "option '--type <type>' argument 'flie' is invalid. Did you mean file? Allowed choices are text, file, template.\nUsage: strongroom secrets set [options] <secret>\nRun \"strongroom help secrets set\" for options and examples.\n",
    ],
    [
      'an argument that is missing',
      ['secrets', 'get'],
      'missing required argument \'secret\'\nUsage: strongroom secrets get [options] <secret>\nRun "strongroom help secrets get" for options and examples.\n',
    ],
    [
      'a value that the command itself refuses',
      ['run', '--interval', '0', '--', 'true'],
      `--interval must be a whole number from 1 to 86400.\nUsage: strongroom run ${run}\nRun "strongroom help run" for options and examples.\n`,
    ],
    [
      'nothing to run',
      ['run'],
      `Say what to run, such as: strongroom run -- npm start\nUsage: strongroom run ${run}\nRun "strongroom help run" for options and examples.\n`,
    ],
  ]
  for (const [what, words, says] of faults) {
    test(`is explained with the usage of that command: ${what}`, async () => {
      const { code, stdout, stderr } = await person.run(words)

      assert.deepEqual([code, stdout, stderr], [2, '', `strongroom: ${says}`])
    })
  }

  test('is not repeated where it may be a value', async () => {
    const { code, stderr } = await person.run(['secrets', 'set', 'a', '--vlaue=planted-5ecret'])

    assert.equal(code, 2)
    assert.match(stderr, /unknown option '--vlaue'\n/)
    assert.doesNotMatch(stderr, /planted/)
  })

  test('is told apart from what is set up wrong', async () => {
    const { code, stderr } = await person.run(['secrets', 'list'], { env: { STRONGROOM_API_KEY: '' } })

    assert.equal(code, 2)
    assert.doesNotMatch(stderr, /Usage/)
  })

  test('is told with commands that there are', async () => {
    const folder = new URL('../../src/cli/', import.meta.url)
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
    const named = files.flatMap((name) => [
      ...readFileSync(new URL(name, folder), 'utf8').matchAll(/"strongroom ([a-z][a-z -]*[a-z])/g),
    ])
    assert.ok(named.length > 30)
    for (const [text, words = ''] of named) {
      let command = await programOf()
      for (const word of words.split(' ')) {
        if (command.commands.length === 0) break
        const found = command.commands.find((one) => one.name() === word || word === 'help')
        assert.ok(found !== undefined, `${text}: there is no such command.`)
        command = found
      }
    }
  })

  test('as the server finds it, is told once, with the field that is meant', async () => {
    const environment = await person.run(['env', 'create', 'dev', '--base', 'nope'])
    const action = await person.run(['audit', 'list', '--action', 'nope'])
    writeFileSync(join(person.folder, 'long'), 'x'.repeat(8 * 2 ** 20))
    const long = await person.run(['secrets', 'set', 'long', '--file', 'long'])

    assert.equal(environment.stderr, 'strongroom: base: No environment of this name.\n')
    assert.match(long.stderr, /longer than any valid request\.\n.*A value may have 65,536 bytes, unless/)
    assert.match(action.stderr, /^strongroom: action: Must be one of [^\n]*decoy\.read[^\n]*\.\n$/)
  })

  test('of a URL or a key in the settings says where that comes from', async () => {
    const url = await person.run(['secrets', 'list'], { env: { STRONGROOM_URL: 'nope' } })
    const key = await person.run(['secrets', 'list'], { env: { STRONGROOM_API_KEY: 'sr_x ' } })
    const environment = await person.run(['secrets', 'list', '-e', 'a b'])
    const https = await person.run(['secrets', 'list'], {
      env: { STRONGROOM_URL: person.server.url.replace('http:', 'https:') },
    })

    assert.match(url.stderr, /^strongroom: url: must be .* It comes from STRONGROOM_URL and STRONGROOM_API_KEY\.\n$/)
    assert.match(key.stderr, /^strongroom: apiKey: must be .* It comes from STRONGROOM_URL and STRONGROOM_API_KEY\.\n$/)
    assert.match(environment.stderr, /^strongroom: environment: must be .* It comes from --environment\.\n$/)
    assert.match(https.stderr, /: write EPROTO wrong version number\n.*begin with http:/)
    assert.deepEqual([url.code, key.code, https.code], [2, 2, 6])
  })

  test('of a file is told in words, and of the file that was named', async () => {
    const read = await person.run(['render', '-f', 'nope'])
    writeFileSync(join(person.folder, 'template'), 'x')
    const output = await person.run(['render', '-f', 'template', '-o', 'nowhere/out'])

    assert.equal(read.stderr, 'strongroom: nope cannot be read: there is no such file or folder (ENOENT).\n')
    assert.equal(
      output.stderr,
      'strongroom: nowhere/out cannot be written: there is no such file or folder (ENOENT).\n',
    )
  })
})
