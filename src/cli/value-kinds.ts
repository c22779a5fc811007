/** What can be generated: words alone, and nothing that generates it. */

export const kinds = ['password', 'hex', 'base64', 'words', 'uuid', 'ed25519', 'rsa', 'age'] as const
export type Kind = (typeof kinds)[number]
