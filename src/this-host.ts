/** What is on this host, so that nobody is on the way to it. */

/** @param host without brackets */
export function isThisHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

/** @param url whose host, if it is an address of IPv6, has brackets */
export function isOnThisHost({ hostname }: Pick<URL, 'hostname'>): boolean {
  return isThisHost(hostname.replace(/^\[|\]$/g, ''))
}

/** Whether nobody on the way reads what is sent: https, and http on this host alone. */
export function isSafeUrl(url: Pick<URL, 'protocol' | 'hostname'>): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isOnThisHost(url))
}
