/** The URL of a PostgreSQL database: what is wrong with it, what may be said of it, and one for each of its hosts. */

export interface DatabaseUrl {
  /** One for each host, to connect to. */
  readonly urls: readonly [string, ...string[]]
  /** Database and hosts, for people: nothing else of a URL is ever shown. */
  readonly place: string
}

const encodeThem =
  'must have each special character of the user and the password percent-encoded: %40 for @, %2F for /, %3A for :, %3F for ?, %23 for # and %25 for %'

/** A piece of a password that was not encoded could be taken for a host or a database, and so be shown as one. */
const form = /^(postgres(?:ql)?:\/\/)(?:([^@/?#]*)@)?([^@/?#]*)(?:\/([^@?#]*))?(\?[^@#]*)?$/
const hostForm = /^(?:\[[0-9A-Fa-f:.]+\]|[^:[\]]*)(?::(\d{1,5}))?$/

/**
 * What is wrong with a text as the URL of a database, as the rest of a sentence that begins with the setting's name.
 *
 * @returns `undefined` when nothing is; no piece of the text is ever in it
 */
export function databaseUrlFault(text: string): string | undefined {
  if (!/^postgres(ql)?:\/\/./.test(text)) return 'must begin with postgres://, or be unset for SQLite'
  if (/[\s\p{Cc}]/u.test(text)) return 'must have no blanks and no line breaks: %20 stands for a blank'
  const [, , login = '', hosts = '', database = '', query = ''] = form.exec(text) ?? []
  if (!form.test(text) || ![login, hosts, database, query].every(isDecodable)) return encodeThem
  const areHosts = hosts.split(',').every((host) => {
    const [, port = '1'] = hostForm.exec(host) ?? [undefined, '0']
    return Number(port) >= 1 && Number(port) <= 65_535
  })
  if (!areHosts) return 'must name each host as HOST or HOST:PORT'
  return undefined
}

/** Takes a URL without a fault apart. */
export function readDatabaseUrl(text: string): DatabaseUrl {
  const [, scheme = '', login, hosts = '', database = '', query = ''] = form.exec(text) ?? []
  const parameters = new URLSearchParams(query)
  // Means what the server does anyway: to take the first that accepts writes.
  parameters.delete('target_session_attrs')
  const [name, rest] = [database === '' ? '' : `/${database}`, parameters.size === 0 ? '' : `?${parameters}`]
  const before = login === undefined ? scheme : `${scheme}${login}@`
  const shownHosts = parameters.get('host') ?? hosts
  const urlOf = (host: string) => before + host + name + rest
  const [first = '', ...others] = hosts.split(',')
  return {
    urls: [urlOf(first), ...others.map(urlOf)],
    place: `database ${shown(database)} on ${shownHosts === '' ? 'this host' : shown(shownHosts).replaceAll(',', ', ')}`,
  }
}

function shown(part: string): string {
  return part === '' ? '(by default)' : decodeURIComponent(part)
}

function isDecodable(part: string): boolean {
  try {
    // What is not used, a bundler leaves out, and with it the fault.
    return decodeURIComponent(part) !== undefined
  } catch {
    return false
  }
}
