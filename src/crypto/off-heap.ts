/** Bytes that can be wiped for certain. */

/**
 * Zeros outside of the JavaScript heap. What is as small as a key would be within it, where the collector leaves copies behind, and so
 * does the first view of it.
 */
export function offHeap(length: number): Buffer {
  return Buffer.from(new ArrayBuffer(length))
}
