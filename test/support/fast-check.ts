/** fast-check for every test: new cases at each run, and in CI the same ones, so that it judges the change alone. */
import fc from 'fast-check'

const seed = process.env['SEED'] ?? (process.env['CI'] === 'true' ? '20261126' : undefined)
if (seed !== undefined) fc.configureGlobal({ seed: Number(seed) })

export { fc }
