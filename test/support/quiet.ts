/**
 * The test runner watches every promise and every handle of its process, to know which test they belong to. That takes a fifth
 * of the processor time of tests that ask a server in their own process, and is needed while suites are being built. Import
 * this before `node:test` is asked for anything.
 */
import { createHook } from 'node:async_hooks'
import { beforeEach } from 'node:test'
import { isBuilding } from './prepared-suite.ts'

interface Hook {
  enable(): unknown
  disable(): unknown
}

const watching: Hook[] = []
const prototype: Hook = Object.getPrototypeOf(createHook({}))
const { enable } = prototype
prototype.enable = function (this: Hook) {
  watching.push(this)
  return enable.call(this)
}

let current = 'no test'

// The first that the runner is asked for, so it begins to watch; and once a test begins, all suites are built but those that say so.
beforeEach((t) => {
  if ('fullName' in t) current = t.fullName
  if (isBuilding()) return
  for (const hook of watching.splice(0)) hook.disable()
})
prototype.enable = enable

// The runner no longer knows whose it is, and whoever waits for what threw would wait until the time of the test is over.
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: unknown) => {
    process.stderr.write(`Not caught, in "${current}" or what came before it:\n`)
    console.error(error)
    process.exit(1)
  })
}
