/** In which part of a plot an action of the trail is. */

export const kinds = ['Reads of values', 'Changes', 'Listings', 'Keys and account', 'Refused', 'Other'] as const
export type Kind = (typeof kinds)[number]

export function kindOf(action: string, outcome: string): Kind {
  if (outcome !== 'ok' && outcome !== 'replayed') return 'Refused'
  if (/^(secret\.read|decoy\.read|version\.read|list\.values|render|seed\.fetch)$/.test(action))
    return 'Reads of values'
  if (
    /^(secret|metadata|version|list)\.(create|update|delete|keep|purge|move|restore|rename|rollback)$|^decoy\.(un)?mark$/.test(
      action,
    )
  )
    return 'Changes'
  if (/\.(list|read)$/.test(action)) return 'Listings'
  if (
    /^(key|machine|settings|account|root_key|user|session|invitation|factor|sign_in|seed|deployment|trust_rule|webhook|auth|master_key|audit\.verify)\b/.test(
      action,
    )
  ) {
    return 'Keys and account'
  }
  return 'Other'
}

/** What the portal does whenever somebody opens a page: listings and details, and the reading of the trail itself. */
export function isPageView(action: string): boolean {
  return /\.list$|^(metadata|environment|list|seed|machine|settings|user|session|sign_in|trust_rule|webhook|key|audit|account|login)\.read$/.test(
    action,
  )
}
