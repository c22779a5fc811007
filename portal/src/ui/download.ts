/** Downloads that the page makes itself. */

/** Hands bytes to the browser's downloads. */
export function download(bytes: Uint8Array<ArrayBuffer> | string, filename: string): void {
  const url = URL.createObjectURL(new Blob([bytes], { type: 'application/octet-stream' }))
  const link = document.createElement('a')
  link.href = url
  link.download = filename
  link.click()
  // Not at once: the download may still read it.
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
