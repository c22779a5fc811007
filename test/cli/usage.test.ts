/** What was typed wrong: the fault, what may have been meant, and how that very command is called. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
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
})
