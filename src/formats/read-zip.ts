/** Takes one file out of a ZIP archive (APPNOTE 6.3): stored or deflated, without encryption and without ZIP64. */
import { crc32, inflateRawSync } from 'node:zlib'
import { codeOf } from '../error-code.ts'
import { faulty } from './entry.ts'

const endMark = 0x06054b50
const entryMark = 0x02014b50
const fileMark = 0x04034b50
const endBytes = 22
/** As long as a comment at the end may be. */
const maxComment = 0xffff

/**
 * @param maxBytes how long it may be once it is inflated
 * @returns `undefined` if there is no such file
 * @throws Refusal `invalid` for an archive that is broken, or made to fill memory
 */
export function readZip(archive: Uint8Array, name: string, maxBytes: number): Buffer | undefined {
  const bytes = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength)
  try {
    const entry = entryOf(bytes, name)
    return entry === undefined ? undefined : contentOf(bytes, entry, maxBytes)
  } catch (error) {
    // Offsets that lead out of it, and what does not inflate.
    if (error instanceof RangeError || codeOf(error)?.startsWith('Z_') === true) throw broken()
    throw error
  }
}

interface ZipEntry {
  readonly flags: number
  readonly method: number
  readonly crc: number
  readonly packed: number
  readonly size: number
  readonly offset: number
}

function entryOf(bytes: Buffer, name: string): ZipEntry | undefined {
  const end = endOf(bytes)
  let at = bytes.readUInt32LE(end + 16)
  for (let left = bytes.readUInt16LE(end + 10); left > 0; left--) {
    if (bytes.readUInt32LE(at) !== entryMark) throw broken()
    const [nameLength, extra, comment] = [28, 30, 32].map((field) => bytes.readUInt16LE(at + field))
    if (nameLength === undefined || extra === undefined || comment === undefined) throw broken()
    if (bytes.toString('utf8', at + 46, at + 46 + nameLength) === name) {
      return {
        flags: bytes.readUInt16LE(at + 8),
        method: bytes.readUInt16LE(at + 10),
        crc: bytes.readUInt32LE(at + 16),
        packed: bytes.readUInt32LE(at + 20),
        size: bytes.readUInt32LE(at + 24),
        offset: bytes.readUInt32LE(at + 42),
      }
    }
    at += 46 + nameLength + extra + comment
  }
  return undefined
}

function endOf(bytes: Buffer): number {
  const least = Math.max(0, bytes.length - endBytes - maxComment)
  for (let at = bytes.length - endBytes; at >= least; at--) if (bytes.readUInt32LE(at) === endMark) return at
  throw broken()
}

function contentOf(bytes: Buffer, { flags, method, crc, packed, size, offset }: ZipEntry, maxBytes: number): Buffer {
  if ((flags & 1) !== 0) throw faulty('Is a ZIP archive with a password. Export it again without one.')
  if (size > maxBytes) throw faulty('Is a ZIP archive of more than can be read.')
  if (bytes.readUInt32LE(offset) !== fileMark) throw broken()
  const from = offset + 30 + bytes.readUInt16LE(offset + 26) + bytes.readUInt16LE(offset + 28)
  if (from + packed > bytes.length) throw broken()
  const inside = bytes.subarray(from, from + packed)
  // One byte more than it says it has would be too many.
  const content =
    method === 8 ? inflateRawSync(inside, { maxOutputLength: size + 1 }) : method === 0 ? inside : undefined
  if (content === undefined || content.length !== size || crc32(content) !== crc) throw broken()
  return content
}

function broken(): Error {
  return faulty('Is a ZIP archive that is damaged, or of a kind that cannot be read.')
}
