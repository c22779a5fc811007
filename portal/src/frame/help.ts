/** Which part of the documents, that the server shows itself, is about which page. */

const pages: readonly (readonly [path: string, document: string])[] = [
  ['/secrets', 'concepts.html#secret'],
  ['/lists', 'concepts.html#list'],
  ['/cloud-init', 'cloud-init.html'],
  ['/deleted', 'undo.html'],
  ['/deployments', 'concepts.html#deployment'],
  ['/keys', 'concepts.html#api-key'],
  ['/device', 'cli.html#log-in-with-the-browser'],
  ['/trust-rules', 'workload-identity.html'],
  ['/machines', 'machines.html'],
  ['/environments', 'environments.html'],
  ['/users', 'users.html'],
  ['/audit', 'security.html#the-audit-trail'],
  ['/webhooks', 'webhooks.html'],
  ['/settings', 'users.html#signing-in'],
]

/** @param place of a page, without the part that all have */
export function helpFor(place: string): string {
  const found = pages.find(([path]) => place === path || place.startsWith(`${path}/`))
  return `/portal/docs/${found?.[1] ?? 'index.html'}`
}
