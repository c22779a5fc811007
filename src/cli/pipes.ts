/**
 * Pipes for what a command prints. Those of Node are sockets, and no program can open a socket by its name: `/dev/stdout`
 * and `/dev/stderr` would not be there for it.
 */
import { spawnSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { placeInMemory } from './memory-folder.ts'
import { Fault } from './output.ts'
import { environmentForOthers } from './process-env.ts'

/** One pipe: what a command writes to, and where it is read. */
export interface Pipe {
  /** For the command; to be closed here once it has been started. */
  readonly end: number | 'pipe'
  /** What it wrote; `undefined` where Node has made the pipe, and has its other end. */
  readonly output: Readable | undefined
}

const names = ['stdout', 'stderr'] as const

/** One for standard output, and one for standard error. */
export async function makePipes(): Promise<readonly [Pipe, Pipe]> {
  // Windows has no such names.
  if (process.platform === 'win32') return [ofNode, ofNode]
  const folder = mkdtempSync(join((await placeInMemory()) ?? tmpdir(), 'strongroom-'))
  try {
    const paths = names.map((name) => join(folder, name))
    const { status } = spawnSync('mkfifo', ['-m', '600', ...paths], { env: environmentForOthers(), stdio: 'ignore' })
    if (status !== 0)
      throw new Fault('failure', '--mask needs the program mkfifo, and a folder where it can make pipes.')
    const [stdout = '', stderr = ''] = paths
    return [openPipe(stdout), openPipe(stderr)]
  } finally {
    // What is open stays, and nobody finds it by a name any more.
    rmSync(folder, { recursive: true, force: true })
  }
}

const ofNode: Pipe = { end: 'pipe', output: undefined }

function openPipe(path: string): Pipe {
  // Without waiting for somebody who writes: that is opened next.
  const reading = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const end = openSync(path, constants.O_WRONLY)
  return { end, output: new Socket({ fd: reading, readable: true, writable: false }) }
}

export function closeEnd({ end }: Pipe): void {
  if (end !== 'pipe') closeSync(end)
}
