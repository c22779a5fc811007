/** fast-check for every test: new cases at each run, and in CI the same ones, so that it judges the change alone. */
import fc from 'fast-check'
import { fixedSeed } from './chance.ts'

if (fixedSeed !== undefined) fc.configureGlobal({ seed: Number(fixedSeed) })

export { fc }
