/** The way to a provider and back: where it ends, why it may go wrong, and what two windows say to each other about it. */

/** Where a provider sends a window back to that was opened for it. */
export const windowEnd = '/portal/signed-in'

/** The pages of this server in one browser: a window that was at a provider is nobody's any more. */
export const channelName = 'strongroom-sign-in'

/** Said by a window that is at its end, and answered by a page that waits for it. */
export type Said = { readonly kind: 'ended'; readonly trouble: string | null } | { readonly kind: 'taken' }

const troubles: Readonly<Record<string, string>> = {
  forbidden:
    'You are not expected here. Ask an owner of the account to invite your address, or connect it in Settings.',
  invalid_credentials: 'That sign-in was broken off or took too long. Try again.',
}

/** Why the way back ended as it did. */
export function troubleOf(code: string): string {
  return troubles[code] ?? 'The sign-in did not succeed. Try again.'
}
