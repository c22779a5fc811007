/** How fast a scan is: megabytes per second over what lies in `node_modules`, by the number of values. */
import { createSecretKey, randomBytes } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { StreamSearch } from '../src/cli/scan-stream.ts'
import { fingerprintsOf, rollingKeys } from '../src/fingerprint/fingerprint.ts'
import { Matcher } from '../src/fingerprint/matcher.ts'

const maxBytes = 60e6
const chunkBytes = 2 ** 20

const keys = { ...rollingKeys(randomBytes(8)), mac: createSecretKey(randomBytes(32)) }
const root = join(import.meta.dirname, '..', 'node_modules')
const files = globSync('**/*.{js,ts,json}', { cwd: root }).slice(0, 6000)
const text = Buffer.concat(files.map(read)).subarray(0, maxBytes)

for (const size of [10, 100, 1000, 10_000]) {
  const begun = performance.now()
  const fingerprints = Array.from({ length: size }, (_, id) => {
    const value = Buffer.from(randomBytes(32).toString('base64'))
    return fingerprintsOf(value, keys).map((one) => ({ ...one, id, name: `s${id}`, version: 1 }))
  }).flat()
  const made = performance.now()
  const search = new StreamSearch(new Matcher(keys, fingerprints))
  for (let at = 0; at < text.length; at += chunkBytes) search.push(text.subarray(at, at + chunkBytes))
  search.end()
  const rate = text.length / 1e3 / (performance.now() - made)
  console.log(`${size} values: ${((made - begun) / size).toFixed(2)} ms to make each, ${rate.toFixed(0)} MB/s`)
}

function read(path: string): Buffer {
  try {
    return readFileSync(join(root, path))
  } catch {
    // A folder that is called like a file.
    return Buffer.alloc(0)
  }
}
