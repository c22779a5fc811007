/** Gives memory back that nothing needs any more, and keeps V8 from giving back what is needed again. */
import { setFlagsFromString } from 'node:v8'
import { constants, createContext, runInContext } from 'node:vm'

type Collect = (options: { readonly type: 'major'; readonly flavor: 'last-resort' }) => void

/**
 * Has V8 keep what it compiled, in every thread, however long there is nothing to do. By itself it reduces memory half a minute
 * after it last collected garbage: the shapes of objects that nobody has at that moment go, and with each shape all code that
 * was compiled for it. The next tens of thousands of requests took up to three times as much, to save some thirty megabytes.
 */
export function keepCompiledCode(): void {
  setFlagsFromString('--memory-reducer-gc-count=0')
}

/**
 * Collects all garbage of this thread, and has V8 give back the room that it was in. It keeps that of its own accord as long
 * as a thread has nothing to do. Takes some tens of milliseconds, in which the thread does nothing else. Old objects may take
 * twice what lives from then on, in every thread, before they are collected again.
 */
export function collectAll(): void {
  // V8 has no other way to be told; it is taken back at once, so that nobody else finds it.
  setFlagsFromString('--expose-gc')
  // A plain context: one whose global object asks Node.js for each name makes requests dearer from then on, for good.
  const collect = runInContext('gc', createContext(constants.DONT_CONTEXTIFY)) as Collect
  setFlagsFromString('--no-expose-gc')
  // By itself V8 would leave a few megabytes, and collect every fifth of a second of a load.
  setFlagsFromString('--heap-growing-percent=100')
  collect({ type: 'major', flavor: 'last-resort' })
}
