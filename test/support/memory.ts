/** What another process has in its memory: a debugger's view of it. */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'

const chunkBytes = 2 ** 24

/** Which of the texts and bytes are in memory that the process wrote. */
export function foundInMemory(pid: number, wanted: Readonly<Record<string, Uint8Array>>): readonly string[] {
  const needles = Object.entries(wanted).map(([name, bytes]) => ({ name, bytes: Buffer.from(bytes) }))
  const overlap = Math.max(...needles.map(({ bytes }) => bytes.length)) - 1
  const found = new Set<string>()
  const file = openSync(`/proc/${pid}/mem`, 'r')
  const chunk = Buffer.alloc(chunkBytes)
  try {
    for (const { from, to } of writtenBy(pid)) {
      for (let at = from; at < to; at += chunkBytes - overlap) {
        const length = readAt(file, chunk, at, Math.min(chunkBytes, to - at))
        const part = chunk.subarray(0, length)
        for (const { name, bytes } of needles) if (part.includes(bytes)) found.add(name)
      }
    }
  } finally {
    closeSync(file)
    chunk.fill(0)
  }
  return [...found].sort()
}

/** Whose files are mapped into it. */
export function mappedFiles(pid: number): string {
  return readFileSync(`/proc/${pid}/maps`, 'utf8')
}

function writtenBy(pid: number) {
  return [...mappedFiles(pid).matchAll(/^([0-9a-f]+)-([0-9a-f]+) rw/gm)].map(([, from = '', to = '']) => ({
    from: Number.parseInt(from, 16),
    to: Number.parseInt(to, 16),
  }))
}

/** Nothing of what is gone by now. */
function readAt(file: number, into: Buffer, at: number, length: number): number {
  try {
    return readSync(file, into, 0, length, at)
  } catch {
    return 0
  }
}
