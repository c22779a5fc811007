/** A key/value engine of Vault or OpenBao, as far as it takes to read all that is below a path: folders, metadata, versions. */
import { exactNumbers } from '../json.ts'
import { type Data, isMap } from '../vault-map.ts'
import { type Answered, askOther, baseOf, checkCredential } from './other-server.ts'
import { Fault } from './output.ts'

export interface VaultPlace {
  readonly addr: string
  readonly token: string
  readonly namespace?: string | undefined
  readonly mount: string
  /** Said by hand; else the server is asked. */
  readonly kvVersion?: '1' | '2' | undefined
}

/** What was asked for, and may not be had with this token: the rest may. */
export const forbidden = 'forbidden'

export interface VaultMetadata {
  /** Those that can be read, oldest first. */
  readonly versions: readonly number[]
  readonly deleted: readonly number[]
  readonly destroyed: readonly number[]
  /** The newest, whatever became of it. */
  readonly newest: number
  readonly custom: Readonly<Record<string, string>>
}

export interface VaultVersion {
  readonly version: number
  readonly data: Data
}

/** Nothing that was answered is in a message of a fault. */
export class VaultSource {
  readonly mount: string
  readonly isVersioned: boolean
  readonly #base: string
  readonly #headers: Readonly<Record<string, string>>

  private constructor(base: string, headers: Readonly<Record<string, string>>, mount: string, isVersioned: boolean) {
    this.#base = base
    this.#headers = headers
    this.mount = mount
    this.isVersioned = isVersioned
  }

  /** @throws Fault `usage` for what is no address or token; `denied`; `notFound` when the mount is none; `unreachable` */
  static async open({ addr, token, namespace, mount, kvVersion }: VaultPlace): Promise<VaultSource> {
    const base = baseOf(addr, '--addr', 'https://vault.example.com:8200')
    const headers = {
      accept: 'application/json',
      'x-vault-request': 'true',
      'x-vault-token': checkCredential(token, 'The token of Vault'),
      ...(namespace === undefined ? {} : { 'x-vault-namespace': checkCredential(namespace, 'The namespace') }),
    }
    const path = mount.replace(/^\/+|\/+$/g, '')
    if (path === '') throw new Fault('usage', '--mount must be such as secret.')
    const of = (version: '1' | '2') => new VaultSource(base, headers, path, version === '2')
    return of(kvVersion ?? (await of('2').#kvVersion()))
  }

  async #kvVersion(): Promise<'1' | '2'> {
    const answer = await this.#ask(`sys/internal/ui/mounts/${this.mount}`)
    if (answer.status === 403) {
      throw new Fault('denied', `${this.#base} does not take the token, or it may do nothing on ${this.mount}/.`)
    }
    const data = dataIn(answer)
    if (data?.['type'] !== 'kv' && data?.['type'] !== 'generic') {
      const hint = 'If it is one, say --kv-version 1 or 2.'
      throw new Fault('notFound', `${this.mount}/ is no key/value engine that ${this.#base} tells of. ${hint}`)
    }
    const options = data['options']
    return isMap(options) && String(options['version']) === '2' ? '2' : '1'
  }

  /** What is in a folder; folders end in `/`. Nothing is as good as an empty one. @param folder `''`, or ending in `/` */
  async list(folder: string): Promise<readonly string[] | typeof forbidden> {
    const answer = await this.#ask(this.isVersioned ? `${this.mount}/metadata/${folder}` : `${this.mount}/${folder}`, {
      list: 'true',
    })
    if (answer.status === 403) return forbidden
    if (answer.status === 404) return []
    const keys = dataIn(answer)?.['keys']
    if (!Array.isArray(keys)) throw this.#unreadable(answer, 'a folder')
    return keys.filter((key) => typeof key === 'string' && key !== '' && key !== '/').map(String)
  }

  /** Nothing where it is gone. */
  async metadata(path: string): Promise<VaultMetadata | typeof forbidden | undefined> {
    const answer = await this.#ask(`${this.mount}/metadata/${path}`)
    if (answer.status === 403) return forbidden
    if (answer.status === 404) return undefined
    const data = dataIn(answer)
    const versions = data?.['versions']
    if (!isMap(versions)) throw this.#unreadable(answer, 'metadata')
    return metadataOf(versions, data?.['custom_metadata'])
  }

  /** @param version the newest, without one. @returns nothing where it is gone, or deleted */
  async read(path: string, version?: number): Promise<VaultVersion | typeof forbidden | undefined> {
    const at = this.isVersioned ? `${this.mount}/data/${path}` : `${this.mount}/${path}`
    const answer = await this.#ask(at, version === undefined ? {} : { version: String(version) })
    if (answer.status === 403) return forbidden
    if (answer.status === 404) return undefined
    const held = dataIn(answer)
    const data = this.isVersioned ? held?.['data'] : held
    if (this.isVersioned && data === null) return undefined
    if (!isMap(data)) throw this.#unreadable(answer, 'a secret')
    const metadata = held?.['metadata']
    const told = this.isVersioned && isMap(metadata) ? Number(JSON.stringify(metadata['version'])) : 1
    return { data, version: version ?? told }
  }

  async #ask(path: string, query: Readonly<Record<string, string>> = {}): Promise<Answered> {
    const encoded = path.split('/').map(encodeURIComponent).join('/')
    const name = `${this.#base}v1/${encoded}`
    const url = new URL(name)
    // What the URL would be read as another one.
    if (url.href !== name) throw new Fault('failure', `${this.mount} has a path that no URL can lead to.`)
    for (const [field, value] of Object.entries(query)) url.searchParams.set(field, value)
    const answer = await askOther(url, { name, headers: this.#headers })
    if (answer.status < 300 || answer.status === 403 || answer.status === 404) return answer
    if (answer.status < 400) {
      throw new Fault('failure', `${name} sends elsewhere, and the token is for --addr alone: name the active server.`)
    }
    throw new Fault('failure', `${name} answers ${answer.status}.`)
  }

  #unreadable({ status }: Answered, what: string): Fault {
    return new Fault(
      'failure',
      `${this.#base} answers ${status} with ${what} that is none as Vault's API describes it.`,
    )
  }
}

function dataIn({ text }: Answered): Data | undefined {
  try {
    const found: unknown = JSON.parse(text, exactNumbers)
    const data = isMap(found) ? found['data'] : undefined
    return isMap(data) ? data : undefined
  } catch {
    return undefined
  }
}

function metadataOf(versions: Data, custom: unknown): VaultMetadata {
  const all = Object.entries(versions)
    .flatMap(([text, one]) => (isMap(one) && /^[1-9]\d{0,14}$/.test(text) ? [{ version: Number(text), one }] : []))
    .sort((one, other) => one.version - other.version)
  const of = (state: string) => all.filter(({ one }) => stateOf(one) === state).map(({ version }) => version)
  const texts = Object.entries(isMap(custom) ? custom : {}).map(([name, value]) => [name, String(value)])
  return {
    ...{ versions: of('kept'), deleted: of('deleted'), destroyed: of('destroyed') },
    newest: all.at(-1)?.version ?? 0,
    custom: Object.fromEntries(texts),
  }
}

/** Its end may be set, and lie ahead. */
function stateOf({ destroyed, deletion_time: end }: Data): 'kept' | 'deleted' | 'destroyed' {
  if (destroyed === true) return 'destroyed'
  return typeof end === 'string' && end !== '' && !(Date.parse(end) > Date.now()) ? 'deleted' : 'kept'
}
