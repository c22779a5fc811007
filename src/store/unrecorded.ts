/** What is answered where nothing was done, as it could not be recorded. */

export const unrecorded =
  'The request could not be recorded in the audit trail, so it was not answered. Try again shortly.'
