/** The command that tests run as a process: as `npm test` has just built it, and from its sources in a run without that. */
import { join } from 'node:path'

export const main = process.env['STRONGROOM_TEST_MAIN'] ?? join(import.meta.dirname, '..', '..', 'src/main.ts')
