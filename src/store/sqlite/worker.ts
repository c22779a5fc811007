/** The thread that owns the SQLite connection of a server, so that a slow disk never blocks the event loop. */
import { parentPort, workerData } from 'node:worker_threads'
import { Keeper } from './keeper.ts'
import { type Answer, type Task, toFailure } from './messages.ts'

const port = parentPort
if (port === null) throw new Error('worker.ts runs in a worker thread only.')

const tell = (answer: Answer) => port.postMessage(answer)

const keeper = start()
port.on('message', async (task: Task) => {
  if (keeper === undefined) return
  const answer = await keeper.answer(task)
  try {
    tell(answer)
  } catch (error) {
    tell({ id: task.id, failure: toFailure(error) })
  }
  if (task.kind === 'close') port.close()
})

/** Says how opening went before anything is asked. */
function start(): Keeper | undefined {
  try {
    const opened = new Keeper(workerData)
    tell({ id: 0, value: null })
    return opened
  } catch (error) {
    tell({ id: 0, failure: toFailure(error) })
    port?.close()
    return undefined
  }
}
