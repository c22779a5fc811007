/** How `strongroom webhooks` is called. */
import { type Command, Option } from 'commander'
import { examples, remoteOfAccount } from '../define.ts'

const load = () => import('../webhooks.ts')

export function define(webhooks: Command): void {
  const list = remoteOfAccount(webhooks.command('list'))
    .description('list the webhooks')
    .action(async (options) => (await load()).list(options))
  examples(list, ['strongroom webhooks list', 'yours, or all if you manage the account'])

  const show = withId(webhooks.command('show'))
    .description('show a webhook')
    .action(async (id, options) => (await load()).show(id, options))
  examples(show, ['strongroom webhooks show 1', 'what it is told of, and whose it is'])

  const create = withParts(
    remoteOfAccount(webhooks.command('create')).argument('<url>', 'where events are sent, by POST'),
  )
    .description('send events to a URL as they happen, and print the secret that they are signed with')
    .action(async (url, options) => (await load()).create(url, options))
  examples(create, [
    "strongroom webhooks create https://example.com/hook --action 'secret.*' --name 'prod-*'",
    'all that happens to secrets of such names',
  ])

  const update = withParts(withId(webhooks.command('update')))
    .option('--url <url>', 'where events are sent')
    .option('--enable', 'go on, from the end of the trail')
    .option('--disable', 'send nothing')
    .description(
      'change a webhook; other options stay as they are; from then on it is yours, and sends what you may see',
    )
    .action(async (id, options) => (await load()).update(id, options))
  examples(update, ['strongroom webhooks update 1 --enable', 'after the receiver was mended'])

  const rotate = withId(webhooks.command('rotate'))
    .description('make and print a new signing secret; the old one stays valid for a day')
    .action(async (id, options) => (await load()).rotate(id, options))
  examples(rotate, ['strongroom webhooks rotate 1', 'before the old secret is known to too many'])

  const remove = withId(webhooks.command('delete'))
    .option('-y, --yes', 'do not ask')
    .description('delete a webhook, with what was still to be sent')
    .action(async (id, options) => (await load()).remove(id, options))
  examples(remove, ['strongroom webhooks delete 1', 'nothing is sent to it any more'])

  const deliveries = withId(webhooks.command('deliveries'))
    .addOption(new Option('--state <state>', 'only those').choices(['waiting', 'delivered', 'failed']))
    .description('list the 50 newest deliveries')
    .action(async (id, options) => (await load()).deliveries(id, options))
  examples(deliveries, ['strongroom webhooks deliveries 1 --state failed', 'what was given up'])

  const retry = withId(webhooks.command('retry'))
    .argument('<delivery>', 'id of the delivery')
    .description('send a delivery again, under the same id')
    .action(async (id, delivery, options) => (await load()).retry(id, delivery, options))
  examples(retry, ['strongroom webhooks retry 1 41', 'once more, with a new day of tries'])

  const test = withId(webhooks.command('test'))
    .description('send a test')
    .action(async (id, options) => (await load()).test(id, options))
  examples(test, ['strongroom webhooks test 1', 'whether the receiver takes it'])
}

function withId(command: Command): Command {
  return remoteOfAccount(command).argument('<id>', 'id of the webhook')
}

function withParts(command: Command): Command {
  return command
    .option('--action <action...>', "what it is told of, such as secret.update, 'secret.*' or '*'")
    .option('--name <pattern>', "only what is about secrets of such names, such as 'prod-*'")
    .option('--in <environment>', 'only what is in this environment')
}
