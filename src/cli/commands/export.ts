/** How `strongroom export` is called. */
import type { Command } from 'commander'
import { exportFormats } from '../../formats/formats.ts'
import { choice, collect, examples, remote } from '../define.ts'

export function define(command: Command): void {
  remote(command)
    .addOption(choice('--format <format>', 'what to write', exportFormats).makeOptionMandatory())
    .option('--only <pattern>', 'only secrets of this name or pattern; may be given several times', collect)
    .option('--list <list>', 'only secrets in this list')
    .option('--skip-files', 'leave out secrets of type file')
    .option(
      '--skip-unresolved',
      'leave out secrets without a value now, such as templates that cannot be resolved, and say which',
    )
    .option('--output <file>', 'write this file, for its owner alone, instead of standard output')
    .option('--name <name>', 'with k8s: what the Secret is called', 'strongroom')
    .action(async (options) => (await import('../export-secrets.ts')).exportSecrets(options))
  examples(
    command,
    ["strongroom export --format dotenv --only 'web-*' --output .env", 'for programs that read such files'],
    ['eval "$(strongroom export --format shell --only db-password)"', 'in this shell, as DB_PASSWORD'],
    ['strongroom export --format k8s --list web --name web | kubectl apply -f -', 'as a Secret of Kubernetes'],
    ['strongroom export --format github --only deploy-key >> "$GITHUB_ENV"', 'for the next steps of a job'],
  )
}
