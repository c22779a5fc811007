/** What each of the vendor's published clients sends, and what it reads from an answer, after their sources. */

export interface Sent {
  readonly method: string
  readonly path: string
  readonly body: string | undefined
  readonly type: string | undefined
}

/** An answer as it came. */
export interface Came {
  readonly status: number
  readonly body: {
    readonly result: string
    readonly code: number
    readonly message: unknown
    readonly data: unknown
    readonly fields?: Record<string, readonly string[]>
  }
}

export type Reading = 'ok' | 'absent' | 'refused'

export interface PublishedClient {
  readonly name: string
  /** @param path below the base URL; @param fields sent as the client sends them */
  request(method: string, path: string, key: string, fields?: Record<string, string>): Sent
  read(came: Came): Reading
}

function asForm(method: string, path: string, fields: Record<string, string> | undefined): Sent {
  if (fields === undefined) return { method, path, body: undefined, type: undefined }
  return { method, path, body: new URLSearchParams(fields).toString(), type: 'application/x-www-form-urlencoded' }
}

/** Go: `url.Values` encodes the body, the key is put into the query as it is. */
const go: PublishedClient = {
  name: 'Go',
  request: (method, path, key, fields) => asForm(method, `${path}?key=${key}`, fields),
  read: ({ status, body }) => {
    if (status === 404 || body.code === 404) return 'absent'
    // 422 counts as an error only with fields.
    if (body.code === 422) return Object.keys(body.fields ?? {}).length > 0 ? 'refused' : 'ok'
    return status === 200 && body.result === 'success' ? 'ok' : 'refused'
  },
}

/** Node: absence is read out of the texts of `fields`. */
const node: PublishedClient = {
  name: 'Node',
  request: (method, path, key, fields) => asForm(method, `${path}?key=${encodeURIComponent(key)}`, fields),
  read: ({ body }) => {
    if (body.result === 'success') return 'ok'
    const texts = Object.values(body.fields ?? {}).flat()
    return texts.some((text) => /must be a valid|could not be found/.test(text)) ? 'absent' : 'refused'
  },
}

/** Python: some words in a message turn an error into another one. */
const python: PublishedClient = {
  name: 'Python',
  request: (method, path, key, fields) => asForm(method, `${path}?key=${key}`, fields),
  read: ({ status, body }) => {
    if (body.result === 'success') return 'ok'
    if (/contract|not entitled|not enabled/.test(JSON.stringify(body))) throw new Error('Taken for another error.')
    return status === 404 ? 'absent' : 'refused'
  },
}

/** Rust: the `url` crate encodes body and key alike; 412 is another error, and a code decides as much as the status. */
const rust: PublishedClient = {
  name: 'Rust',
  request: (method, path, key, fields) => asForm(method, `${path}?${new URLSearchParams({ key })}`, fields),
  read: ({ status, body }) => {
    if (status === 404 || body.code === 404) return 'absent'
    if (status === 412 || body.code === 412) throw new Error('Taken for a refusal of the contract.')
    const isGood = [status, body.code].every((code) => code >= 200 && code < 300)
    return isGood ? 'ok' : 'refused'
  },
}

/** The documents: JSON, with the charset. */
const documents: PublishedClient = {
  name: 'the documents',
  request: (method, path, key, fields) => ({
    method,
    path: `${path}?key=${key}`,
    body: fields === undefined ? undefined : JSON.stringify(fields),
    type: fields === undefined ? undefined : 'application/json; charset=utf-8',
  }),
  read: ({ status, body }) => (body.result === 'success' ? 'ok' : status === 404 ? 'absent' : 'refused'),
}

export const clients: readonly PublishedClient[] = [go, node, python, rust, documents]
