/** fast-check for every test: new cases at each run, and in CI the same ones, so that it judges the change alone. */
import fc from 'fast-check'
import { fixedSeed } from './chance.ts'

if (fixedSeed !== undefined) fc.configureGlobal({ seed: Number(fixedSeed) })

const [firstSurrogate, afterSurrogates] = [0xd800, 0xe000]
const surrogates = afterSurrogates - firstSurrogate

/**
 * Any character, as the unit of a string: what fast-check calls 'binary', which writes all million of them into a table
 * first, for almost two seconds.
 */
export const anyCharacter = fc.integer({ min: 0, max: 0x10ffff - surrogates }).map(
  (at) => String.fromCodePoint(at < firstSurrogate ? at : at + surrogates),
  (value) => {
    const code = typeof value === 'string' ? value.codePointAt(0) : undefined
    if (code === undefined || String.fromCodePoint(code) !== value) throw new Error('It is not one character.')
    if (code >= firstSurrogate && code < afterSurrogates) throw new Error('It is half of one.')
    return code < firstSurrogate ? code : code - surrogates
  },
)

export { fc }
