#!/usr/bin/env node
// Starts the command on the pinned runtime: this process's own when it is new enough, else the one that npm installed.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const oldest = 26
const compiled = new URL('../dist/main.js', import.meta.url)
const source = new URL('../src/main.ts', import.meta.url)
const main = existsSync(source) ? source : compiled

if (Number(process.versions.node.split('.')[0]) >= oldest) await import(main.href)
else runPinned()

/** Stands for the command that it starts: hands signals on, and ends as it ends. */
function runPinned() {
  const child = spawn(pinnedNode(), [fileURLToPath(main), ...process.argv.slice(2)], { stdio: 'inherit' })
  const signals = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT']
  for (const signal of signals) process.on(signal, () => child.kill(signal))
  child.once('exit', (code, signal) => {
    for (const one of signals) process.removeAllListeners(one)
    if (signal !== null) process.kill(process.pid, signal)
    else process.exitCode = code ?? 1
  })
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
