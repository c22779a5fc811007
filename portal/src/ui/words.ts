/** Texts of several words, as people type them. */

export function wordsOf(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '')
}

export function sizeText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  const [size, unit] = bytes < 1024 * 1024 ? [bytes / 1024, 'KiB'] : [bytes / 1024 / 1024, 'MiB']
  return `${Number(size.toFixed(1))} ${unit}`
}

/** `1 secret`, `1,201 secrets`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`
}

export function rangeText(max: number): string {
  return `A range can have up to ${max.toLocaleString('en')} rows. To select more, filter and select all.`
}
