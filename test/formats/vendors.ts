/** How others write what we import. */

/** The CLI of Doppler: backslashes and double quotes escaped, and nothing else; sorted. */
export function asDopplerWrites(values: Readonly<Record<string, string>>): string {
  const line = ([name, value]: [string, string]) => `${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
  return Object.entries(values).map(line).sort().join('\n')
}
