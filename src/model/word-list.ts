/** The words that values are made of, by the command and in the portal alike. */

/** As many as the list of BIP 39 has in English: eleven bits each, and each is told from any other by its first four letters. */
export const wordCount = 2048
/** Enough against whoever can try offline: 77 bits. */
export const usualWords = 7

/** Loaded when somebody wants them. */
export async function words(): Promise<readonly string[]> {
  return (await import('@scure/bip39/wordlists/english.js')).wordlist
}
