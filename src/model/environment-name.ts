/** The names of environments, for whoever needs to know no more of them: browsers too. */

/** The rule for names, as a JSON-Schema pattern: no blank, no "@", no "*", no ",", no "/". */
export const environmentPattern = '^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}$'
export const environmentRule = '1 to 63 letters, digits, "_", "." or "-", beginning with a letter, a digit or "_"'

const valid = new RegExp(environmentPattern)

export function isEnvironmentName(text: string): boolean {
  return valid.test(text)
}
