/**
 * Random bytes, read from the operating system at each use: salts, nonces, ids, tokens, keys. Node's own generator has its
 * state in the memory of the process: a virtual machine that is restored twice from one snapshot would draw the same
 * nonces, ids and keys in both. The system's is told of that, and reading it takes no longer.
 */
import { randomFillSync } from 'node:crypto'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { platform } from 'node:process'

const device = '/dev/urandom'

let opened: number | undefined

/** Fills the bytes. Nothing is drawn before it is used, and nothing is kept. */
export function fillRandom(bytes: Uint8Array): void {
  // Where there is no such device, there is no other way to the system.
  if (platform === 'win32') randomFillSync(bytes)
  else readDevice(bytes)
}

export function randomBytes(length: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(length)
  fillRandom(bytes)
  return bytes
}

/** A new id that no other object has: 16 bytes, hexadecimal. */
export function newUid(): string {
  return randomBytes(16).toString('hex')
}

function readDevice(bytes: Uint8Array): void {
  opened ??= openDevice()
  for (let at = 0; at < bytes.length; ) {
    const length = readSync(opened, bytes, at, bytes.length - at, null)
    if (length === 0) throw new Error(`${device} gives no bytes.`)
    at += length
  }
}

function openDevice(): number {
  const file = openSync(device, 'r')
  if (fstatSync(file).isCharacterDevice()) return file
  closeSync(file)
  throw new Error(`${device} is not the system's generator.`)
}
