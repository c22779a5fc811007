#!/usr/bin/env node
// Starts the command on the pinned runtime: this process's own when it is new enough, else the one that npm installed.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const oldest = 26
const compiled = new URL('../dist/main.js', import.meta.url)
/** In a checkout where nothing was built. */
const source = new URL('../src/main.ts', import.meta.url)
const main = existsSync(compiled) ? compiled : source

if (Number(process.versions.node.split('.')[0]) >= oldest) await import(main.href)
else runPinned()

/** Becomes the command, or where this version of Node.js cannot, stands for it. */
function runPinned() {
  const node = pinnedNode()
  checkLibrary(node)
  const parameters = [fileURLToPath(main), ...process.argv.slice(2)]
  if (process.execve !== undefined && process.platform !== 'win32') process.execve(node, [node, ...parameters])
  standFor(spawn(node, parameters, { stdio: 'inherit' }))
}

/** Hands signals on, and ends as the command ends. */
function standFor(child) {
  const isOnTerminal = [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY)
  const listeners = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'].map((signal) => {
    // A terminal sends these to both processes by itself.
    const isOfBoth = isOnTerminal && (signal === 'SIGINT' || signal === 'SIGQUIT')
    const listener = () => isOfBoth || child.kill(signal)
    process.on(signal, listener)
    return [signal, listener]
  })
  child.once('exit', (code, signal) => {
    for (const [one, listener] of listeners) process.removeListener(one, listener)
    if (signal !== null) process.kill(process.pid, signal)
    else process.exitCode = code ?? 1
  })
}

/** The pinned runtime needs a library that plain Debian lacks, and could not say so itself. */
function checkLibrary(node) {
  if (process.platform !== 'linux' || existsSync(knownLibrary() ?? '')) return
  const { status, stderr } = spawnSync(node, ['--version'], { encoding: 'utf8' })
  if (status === 0 || !stderr?.includes('libatomic.so.1')) return
  console.error(
    'strongroom: Node.js needs the library libatomic.so.1, which is not installed. Debian and Ubuntu: "apt-get install libatomic1". Fedora, RHEL and their like: "dnf install libatomic".',
  )
  process.exit(1)
}

/** Where the linker knows it to be: a look into its cache costs far less than a start of Node.js. */
function knownLibrary() {
  try {
    return /\/[^\0]*\/libatomic\.so\.1(?=\0)/.exec(readFileSync('/etc/ld.so.cache', 'latin1'))?.[0]
  } catch {
    return undefined
  }
}

function pinnedNode() {
  const require = createRequire(import.meta.url)
  const { platform, arch } = process
  for (const name of [`node-${platform}-${arch}`, `node-bin-${platform}-${arch}`]) {
    try {
      return require.resolve(`${name}/bin/node`)
    } catch {
      // The next name, or the sentence below.
    }
  }
  console.error(
    `strongroom: Node.js ${oldest} or later is needed, and npm has no package of it for ${platform}-${arch}.`,
  )
  process.exit(1)
}
