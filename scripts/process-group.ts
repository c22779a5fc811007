/** A program in a process group of its own, of which nothing is left once the program has ended or was told to. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { pathToFileURL } from 'node:url'

const follower = pathToFileURL(new URL('../test/support/with-parent.mjs', import.meta.url).pathname).href

export interface ProcessGroup {
  /** Its exit code, 1 where a signal ended it. */
  readonly ended: Promise<number>
  /** Tells the program to end; at the second time ends it, and all that it started, at once. */
  end(signal: NodeJS.Signals): void
  /** Ends all that is left. */
  kill(): void
}

/** Starts Node.js in a group. A terminal's signals do not reach it: whoever starts it hands them on. */
export function startGroup(parameters: readonly string[], env: NodeJS.ProcessEnv): ProcessGroup {
  const child = spawn(process.execPath, [`--import=${follower}`, ...parameters], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...env, STRONGROOM_TEST_PARENT: String(process.pid) },
    detached: true,
  })
  const groups = new Set<number>()
  if (child.pid !== undefined) groups.add(child.pid)
  let isEnding = false
  const kill = () => {
    for (const group of groups) killGroup(group)
    groups.clear()
  }
  return {
    ended: endOf(child).finally(kill),
    end: (signal) => {
      if (isEnding) return kill()
      isEnding = true
      // Tests make groups too. Whose they are can be told only while all are alive.
      if (child.pid !== undefined) for (const group of groupsBelow(child.pid)) groups.add(group)
      child.kill(signal)
    },
    kill,
  }
}

async function endOf(child: ChildProcess): Promise<number> {
  const [code] = (await once(child, 'exit')) as [number | null]
  return code ?? 1
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL')
  } catch {
    // Nothing is left of it.
  }
}

/** The groups that were made by what a process has started, and what that has. */
function groupsBelow(top: number): ReadonlySet<number> {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid=,pgid='], { encoding: 'utf8' })
  const rows = (stdout ?? '').split('\n').map((line) => line.trim().split(/\s+/).map(Number))
  const below = new Set([top])
  const groups = new Set<number>()
  for (let before = 0; before < below.size; ) {
    before = below.size
    for (const [pid = 0, parent = 0, group = 0] of rows) {
      if (!below.has(parent)) continue
      below.add(pid)
      // Made by one of them, as its leader is.
      if (below.has(group)) groups.add(group)
    }
  }
  return groups
}
