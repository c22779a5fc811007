/** How `strongroom completion` is called. */
import { Argument, type Command } from 'commander'
import { examples } from '../define.ts'

export function define(command: Command): void {
  command
    .addArgument(new Argument('<shell>', 'which one').choices(['bash', 'zsh', 'fish']))
    .action(async (shell) => (await import('../completion.ts')).printScript(shell))
  examples(
    command,
    ['source <(strongroom completion bash)', 'in ~/.bashrc'],
    ['strongroom completion zsh > ~/.zfunc/_strongroom', 'a folder of $fpath'],
    ['strongroom completion fish > ~/.config/fish/completions/strongroom.fish', 'loaded when it is needed'],
  )
}
