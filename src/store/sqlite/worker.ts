/** The thread that owns the SQLite connection of a server, so that a slow disk never blocks the event loop. */
import { parentPort } from 'node:worker_threads'
import { Keeper } from './keeper.ts'
import { type Answer, type Start, type Task, toFailure } from './messages.ts'

const port = parentPort
if (port === null) throw new Error('worker.ts runs in a worker thread only.')

const tell = (answer: Answer) => port.postMessage(answer)

let keeper: Keeper | undefined
port.on('message', async (asked: Start | Task) => {
  try {
    if (asked.kind === 'open') {
      keeper = new Keeper(asked.opening)
      tell({ id: asked.id, value: null })
    } else if (keeper !== undefined) tell(await keeper.answer(asked))
    // With the key of its rows.
    if (asked.kind === 'close') keeper = undefined
  } catch (error) {
    tell({ id: asked.id, failure: toFailure(error) })
  }
})
