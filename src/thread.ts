/** Starts threads of this process, which load what was compiled before, as the process itself does. */
import { getCompileCacheDir } from 'node:module'
import { dirname } from 'node:path'
import { Worker, type WorkerOptions } from 'node:worker_threads'

/** A thread sees nothing of the environment. */
export function startThread(url: URL, options: WorkerOptions = {}): Worker {
  const compiled = getCompileCacheDir()
  // The folder around it is what was given to this thread; another is given it by its environment alone.
  const env = compiled === undefined ? {} : { NODE_COMPILE_CACHE: dirname(compiled) }
  return new Worker(url, { ...options, env })
}
