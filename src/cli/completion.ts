/** `strongroom completion`: what a word may become, by the definitions of the commands and by what the server has. */
import type { Command, Option } from 'commander'
import { connect, connectToAccount, whereTo } from './connection.ts'
import { print, shown } from './output.ts'
import { readProfiles } from './profiles.ts'

interface Candidate {
  readonly word: string
  readonly meaning: string
}

/** Nobody waits longer for a completion. */
const patience = { timeoutMs: 1000, retries: 0 }
const maxNames = 200

/** Prints what the last of the words may become, one on a line, with its meaning after a tab. */
export async function complete(program: Command, typed: readonly string[]): Promise<void> {
  // For bash, "=" is a word of its own.
  const words = typed.filter((word, at) => word !== '=' || at === typed.length - 1)
  const last = words.at(-1) ?? ''
  const before = words.slice(0, -1)
  const [, option, value] = /^(--[a-z-]+)=(.*)$/s.exec(last) ?? []
  const current = value ?? (last === '=' ? '' : last)
  const candidates = await candidatesOf(program, option === undefined ? before : [...before, option], current)
  for (const { word, meaning } of candidates) {
    // One on a line: a name with a line end in it would be two.
    if (!word.startsWith(current) || word !== shown(word)) continue
    const whole = option === undefined ? word : `${option}=${word}`
    print(meaning === '' ? whole : `${whole}\t${meaning}`)
  }
}

async function candidatesOf(
  program: Command,
  before: readonly string[],
  current: string,
): Promise<readonly Candidate[]> {
  const { command, positions, waiting, isOver } = follow(program, before)
  if (isOver) return []
  const wanted = { profile: valueIn(before, ['--profile']), environment: valueIn(before, ['-e', '--environment']) }
  if (waiting !== undefined) {
    if (waiting.argChoices !== undefined) return waiting.argChoices.map(bare)
    return namesFor(/<([\w-]+)/.exec(waiting.flags)?.[1], current, wanted)
  }
  if (current.startsWith('-')) return optionsOf(command)
  const below = command.commands.map((one) => ({ word: one.name(), meaning: one.description() }))
  if (below.length > 0) return command.parent === null ? [...below, { word: 'help', meaning: 'show a help' }] : below
  const all = command.registeredArguments
  const argument = all[positions] ?? (all.at(-1)?.variadic ? all.at(-1) : undefined)
  return argument?.argChoices?.map(bare) ?? namesFor(argument?.name(), current, wanted)
}

/** Where the words lead: a command, how many of its parameters are there, and an option that waits for its value. */
function follow(program: Command, words: readonly string[]) {
  let command = program
  let positions = 0
  let waiting: Option | undefined
  for (const word of words) {
    const below = command.commands.find((one) => one.name() === word)
    if (waiting !== undefined) waiting = undefined
    else if (word === '--' || (command.name() === 'run' && positions > 0)) {
      return { command, positions, waiting, isOver: true }
    } else if (word.startsWith('-')) {
      const option = command.options.find(({ long, short }) => word === long || word === short)
      waiting = option?.required ? option : undefined
    } else if (below !== undefined) command = below
    else positions++
  }
  return { command, positions, waiting, isOver: command.name() === 'run' && positions > 0 }
}

function optionsOf(command: Command): readonly Candidate[] {
  const shown = command.options.flatMap(({ long, description }) => (long ? [{ word: long, meaning: description }] : []))
  return [...shown, { word: '--help', meaning: 'show this help' }]
}

function bare(word: string): Candidate {
  return { word, meaning: '' }
}

function valueIn(words: readonly string[], options: readonly string[]): string | undefined {
  const at = words.findIndex((word) => options.includes(word))
  if (at >= 0) return words[at + 1]
  const joined = words.find((word) => options.some((option) => word.startsWith(`${option}=`)))
  return joined?.slice(joined.indexOf('=') + 1)
}

/** Names of what a parameter is called; none when they cannot be had quickly. */
async function namesFor(
  what: string | undefined,
  current: string,
  wanted: { readonly profile: string | undefined; readonly environment: string | undefined },
): Promise<readonly Candidate[]> {
  try {
    if (what === 'profile') return [...readProfiles().profiles.keys()].map(bare)
    // A token may be good once, and no word is worth it.
    if (typeof (await whereTo(wanted)).credential !== 'string') return []
    if ((what === 'secret' || what === 'pattern') && /^[\w./-]*$/.test(current)) {
      const query = { name: `${current}*`, limit: maxNames }
      return (await (await connect(wanted)).secrets.page(query, patience)).items.map(({ name }) => bare(name))
    }
    if (/(?:^|-)environment$|^base$/.test(what ?? '')) {
      // All of them: the one that is set may be none.
      const client = await connectToAccount(wanted)
      return (await client.environments.list(patience)).map(({ name }) => bare(name))
    }
    if (what === 'list')
      return (await Array.fromAsync((await connect(wanted)).lists.list(patience))).map(({ name }) => bare(name))
  } catch {
    // A shell has no place for a complaint while a word is typed.
  }
  return []
}

/** Prints what a shell has to load once. */
export function printScript(shell: 'bash' | 'zsh' | 'fish'): void {
  process.stdout.write(scripts[shell])
}

const scripts = {
  bash: `# strongroom completion for bash
_strongroom() {
  local word
  COMPREPLY=()
  while IFS=$'\\t' read -r word _; do
    COMPREPLY+=("$(printf '%q' "$word")")
  done < <(strongroom __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _strongroom strongroom
`,
  zsh: `#compdef strongroom
# strongroom completion for zsh
_strongroom() {
  local -a found
  local word meaning
  while IFS=$'\\t' read -r word meaning; do
    found+=("\${word//:/\\\\:}\${meaning:+:$meaning}")
  done < <(strongroom __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#found} )); then _describe strongroom found; else _files; fi
}
if [[ "\${funcstack[1]}" = _strongroom ]]; then _strongroom "$@"; else compdef _strongroom strongroom; fi
`,
  fish: `# strongroom completion for fish
function __strongroom_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l found (strongroom __complete $words[2..] 2>/dev/null)
  if test (count $found) -gt 0
    printf '%s\\n' $found
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c strongroom -f -a '(__strongroom_complete)'
`,
} as const
