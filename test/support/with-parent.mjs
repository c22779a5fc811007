/** Preloaded by `scripts/process-group.ts`: once whoever started a group is gone, however that ended, so is the group. */
import { isMainThread } from 'node:worker_threads'

const parent = process.env['STRONGROOM_TEST_PARENT']
const isThere = () => String(process.ppid) === parent

// Of the group's first process alone: the others have inherited this, and another parent.
if (isMainThread && isThere()) setInterval(() => isThere() || process.kill(0, 'SIGKILL'), 1000).unref()
