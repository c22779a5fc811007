/** Root keys as URLs, one for each provider: `file:/path`, `env:NAME`, `command:/path`, `transit:https://…` and others. No URL holds a secret. */

import { isSafeUrl } from '../../this-host.ts'
import { maxForms } from '../root-forms.ts'
import { type CustomerSource, type RootKeySource, type TransitLogin, usualTcti } from './provider.ts'
import { maxShares } from './share.ts'
import { Shares } from './shares.ts'

type Environment = Readonly<Record<string, string | undefined>>

const forms =
  'must be URLs separated by blanks: file:/path, env:NAME, command:/path, transit:https://host/mount/name, awskms:alias/name, pkcs11:token=…;object=…?module-path=…, tpm2:/path or shamir:3/5'
/** Where Kubernetes puts what a pod proves itself with. */
const podToken = '/var/run/secrets/kubernetes.io/serviceaccount/token'
const pathForm = /^[A-Za-z0-9_.-]+(\/[A-Za-z0-9_.-]+)*$/
const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/
const rootKeyForm = /^[A-Za-z0-9_-]{43}=?$/

/** Why a URL is none. It goes on behind the name of the setting, and repeats nothing that may be secret. */
class Unusable extends Error {
  override readonly name = 'Unusable'
}

/** @returns all faults, each for behind the name of the setting */
export function parseRootKeyUrls(
  text: string,
  environment: Environment,
): { readonly sources: readonly RootKeySource[]; readonly faults: readonly string[] } {
  const parsed = text.split(/\s+/).flatMap((part) => (part === '' ? [] : [parseRootKeyUrl(part, environment)]))
  const sources = parsed.flatMap((one) => (typeof one === 'string' ? [] : [one]))
  const faults = parsed.flatMap((one, at) => (typeof one === 'string' ? [`${one} (number ${at + 1})`] : []))
  if (parsed.length === 0 || parsed.length > maxForms) faults.push(`must be one to ${maxForms} URLs`)
  if (new Set(sources.map((one) => JSON.stringify(one))).size < sources.length)
    faults.push('must name no root key twice')
  else if (sources.filter(({ kind }) => kind === 'shamir').length > 1) faults.push('must name shamir: once')
  return { sources, faults }
}

/** @returns where the root key is, or what is wrong with the URL */
export function parseRootKeyUrl(text: string, environment: Environment): RootKeySource | string {
  try {
    return sourceOf(text, environment)
  } catch (error) {
    if (error instanceof Unusable) return error.message
    throw error
  }
}

/**
 * A provider that an account may name: one that is asked over the network, with what its customer gives for that. Nothing that
 * reads a file of the server's, runs a program there, or goes by what the server itself may.
 *
 * @returns where the key is, or what is wrong with the URL
 */
export function parseCustomerKeyUrl(text: string): CustomerSource | string {
  try {
    return customerSourceOf(text)
  } catch (error) {
    if (error instanceof Unusable) return error.message
    throw error
  }
}

function customerSourceOf(text: string): CustomerSource {
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9]*):(.*)$/s.exec(text) ?? []
  if (text.length > maxUrl || /\s/.test(text))
    throw new Unusable(`must be a URL without blanks, at most ${maxUrl} long`)
  if (scheme === 'transit') {
    const { place, parameters } = transitPlaceOf(rest)
    parameters.end()
    return { kind: 'transit', ...place }
  }
  if (scheme !== 'awskms') throw new Unusable('must be transit:https://host/mount/name or awskms:key?region=name')
  const { key, region = /^arn:aws[a-z-]*:kms:([a-z0-9-]+):/.exec(rest)?.[1], endpoint } = kmsOf(rest)
  // Without one, the client would take the server's own.
  if (region === undefined || !regionForm.test(region)) throw new Unusable('must say the region of the key: region=')
  return { kind: 'awskms', key, region, endpoint }
}

const maxUrl = 2048
const regionForm = /^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$/

function sourceOf(text: string, environment: Environment): RootKeySource {
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9]*):(.*)$/s.exec(text) ?? []
  switch (scheme) {
    case 'env':
      return environmentOf(rest, environment)
    case 'file':
      return { kind: 'file', path: pathOf('file', rest), create: false }
    case 'command':
      return { kind: 'command', path: pathOf('command', rest) }
    case 'transit':
      return transitOf(rest)
    case 'awskms':
      return kmsOf(rest)
    case 'pkcs11':
      return pkcs11Of(rest)
    case 'shamir':
      return shamirOf(rest)
    case 'tpm2':
      return tpm2Of(rest)
    default:
      throw new Unusable(forms)
  }
}

function environmentOf(name: string, environment: Environment): RootKeySource {
  if (!variableName.test(name)) throw new Unusable('must name a variable of the environment: env:NAME')
  const text = environment[name] ?? ''
  if (!rootKeyForm.test(text)) {
    throw new Unusable('must name a variable that holds 32 bytes in base64url (43 characters), behind env:')
  }
  return { kind: 'environment', name, text }
}

/** As it stands, without any decoding; `file:///path` as well. */
function pathOf(scheme: string, rest: string): string {
  const path = rest.replace(/^\/\/(?=\/)/, '')
  if (/^\/[^\0?#]+$/.test(path) && !path.startsWith('//') && !path.endsWith('/')) return path
  throw new Unusable(`must have an absolute path behind ${scheme}: and no parameters`)
}

function transitOf(rest: string): RootKeySource {
  const { place, parameters } = transitPlaceOf(rest)
  const login = loginOf(parameters)
  const caPath = parameters.path('ca-file')
  parameters.end()
  return { kind: 'transit', ...place, caPath, login }
}

function transitPlaceOf(rest: string) {
  const url = URL.canParse(rest) ? new URL(rest) : undefined
  if (url === undefined || url.hash !== '' || url.username !== '' || url.password !== '') {
    throw new Unusable('must be transit:https://host/mount/name, without a user, a password or a fragment')
  }
  if (!isSafeUrl(url)) {
    throw new Unusable('must reach the server by https; by http on this host alone')
  }
  const [, mount, name] = /^\/(.+)\/([^/]+)$/.exec(url.pathname) ?? []
  if (mount === undefined || name === undefined || !pathForm.test(`${mount}/${name}`)) {
    throw new Unusable('must name the mount and the key: transit:https://host/mount/name')
  }
  const parameters = new Parameters(url.searchParams)
  const namespace = parameters.plain('namespace')
  return { place: { origin: url.origin, namespace, mount, name }, parameters }
}

function loginOf(parameters: Parameters): TransitLogin {
  const [tokenPath, roleId, role] = [
    parameters.path('token-file'),
    parameters.plain('role-id'),
    parameters.plain('kubernetes-role'),
  ]
  if ([tokenPath, roleId, role].filter((one) => one !== undefined).length !== 1) {
    throw new Unusable('must say one of token-file=, role-id= (with secret-id-file=) and kubernetes-role=')
  }
  if (tokenPath !== undefined) return { kind: 'token', path: tokenPath }
  const mount = parameters.plain('auth-mount')
  if (role !== undefined) {
    return { kind: 'kubernetes', mount: mount ?? 'kubernetes', role, jwtPath: parameters.path('jwt-file') ?? podToken }
  }
  const secretIdPath = parameters.path('secret-id-file')
  if (roleId === undefined || secretIdPath === undefined) throw new Unusable('must say secret-id-file= with role-id=')
  return { kind: 'approle', mount: mount ?? 'approle', roleId, secretIdPath }
}

/** An id, an alias (`alias/…`), or the ARN of either. */
const kmsKeyForm = /^[A-Za-z0-9][A-Za-z0-9:/_-]{0,2047}$/

function kmsOf(rest: string): Extract<RootKeySource, { readonly kind: 'awskms' }> {
  const [, key = '', query = ''] = /^([^?#]*)(?:\?([^#]*))?$/.exec(rest) ?? []
  if (!kmsKeyForm.test(key)) throw new Unusable('must name a key: awskms:alias/name, or its id or ARN')
  const parameters = new Parameters(new URLSearchParams(query))
  const region = parameters.plain('region')
  const endpoint = parameters.url('endpoint')
  parameters.end()
  return { kind: 'awskms', key, region, endpoint }
}

const pkcs11Form = 'pkcs11:token=…;object=…?module-path=/path&pin-source=file:/path'

/** RFC 7512, of which what names one key of one token, and where the PIN is. */
function pkcs11Of(rest: string): RootKeySource {
  const [, path = '', query = ''] = /^([^?#]*)(?:\?([^#]*))?$/.exec(rest) ?? []
  const named = attributesOf(path)
  const take = (name: string) => {
    const value = named.get(name)
    named.delete(name)
    return value
  }
  const [token, serial, object, id] = ['token', 'serial', 'object']
    .map((name) => textOf(take(name)))
    .concat(hexOf(take('id')))
  const isSecretKey = (textOf(take('type')) ?? 'secret-key') === 'secret-key'
  const isWhole = (token ?? serial) !== undefined && (object ?? id) !== undefined
  if (!isWhole || !isSecretKey || named.size > 0) {
    throw new Unusable(
      `must name a token (token=, serial=) and a secret key (object=, id=), and nothing else, in ${pkcs11Form}`,
    )
  }
  const parameters = new Parameters(new URLSearchParams(query.replaceAll('+', '%2B')))
  const modulePath = parameters.path('module-path')
  const pinPath = parameters.path('pin-source', 'file:')
  parameters.none('pin-value', 'must not hold a PIN: write it to a file, and name that behind pin-source=file:')
  parameters.end()
  if (modulePath === undefined) throw new Unusable(`must say module-path=, in ${pkcs11Form}`)
  return { kind: 'pkcs11', token, serial, object, id, modulePath, pinPath }
}

const pcrsForm = /^sha(256|384|512):(\d|1\d|2[0-3])(,(\d|1\d|2[0-3]))*$/
const tctiForm = /^[a-z][a-z0-9]*(:[A-Za-z0-9:=,/._-]*)?$/

function tpm2Of(rest: string): RootKeySource {
  const [, folder = '', query = ''] = /^([^?#]*)(?:\?([^#]*))?$/.exec(rest) ?? []
  const parameters = new Parameters(new URLSearchParams(query))
  const pcrs = parameters.matching('pcrs', pcrsForm, 'must have a bank and its registers behind pcrs=: sha256:7,11')
  const tcti = parameters.matching('tcti', tctiForm, 'must have behind tcti= what tpm2-tools take: device:/dev/tpmrm0')
  parameters.end()
  return { kind: 'tpm2', path: pathOf('tpm2', folder), pcrs, tcti: tcti ?? usualTcti }
}

/** As bytes, for ids need not be text. */
function attributesOf(path: string): Map<string, Buffer> {
  const named = new Map<string, Buffer>()
  for (const part of path.split(';')) {
    const [, name, value = ''] = /^([a-z-]+)=((?:[^%=;]|%[0-9A-Fa-f]{2})+)$/.exec(part) ?? []
    if (name === undefined || named.has(name)) throw new Unusable(`must have the form ${pkcs11Form}`)
    const bytes = value.replaceAll(
      /[^%]|%(..)/gs,
      (one, hex: string | undefined) => hex ?? Buffer.from(one).toString('hex'),
    )
    named.set(name, Buffer.from(bytes, 'hex'))
  }
  return named
}

function textOf(bytes: Buffer | undefined): string | undefined {
  return bytes?.toString('utf8')
}

function hexOf(bytes: Buffer | undefined): string | undefined {
  return bytes?.toString('hex')
}

function shamirOf(rest: string): RootKeySource {
  const [, threshold, count] = (/^(\d{1,2})\/(\d{1,2})$/.exec(rest) ?? []).map(Number)
  if (threshold === undefined || count === undefined || threshold < 2 || count < threshold || count > maxShares) {
    throw new Unusable(
      `must say how many of how many shares open it, such as shamir:3/5: from 2 of 2 to ${maxShares} of ${maxShares}`,
    )
  }
  return { kind: 'shamir', shares: new Shares(threshold, count) }
}

/** Each is taken once; what is left is a fault. */
class Parameters {
  readonly #left: URLSearchParams

  constructor(parameters: URLSearchParams) {
    this.#left = new URLSearchParams(parameters)
  }

  #take(name: string): string | undefined {
    const found = this.#left.getAll(name)
    this.#left.delete(name)
    if (found.length > 1) throw new Unusable(`must say ${name}= once`)
    return found[0]
  }

  plain(name: string): string | undefined {
    return this.matching(name, pathForm, `must have letters, digits, dots, - and _ behind ${name}=`)
  }

  matching(name: string, form: RegExp, why: string): string | undefined {
    const text = this.#take(name)
    if (text === undefined || form.test(text)) return text
    throw new Unusable(why)
  }

  /** @param scheme which may stand before it, as in a URL */
  path(name: string, scheme = ''): string | undefined {
    const taken = this.#take(name)
    const text = taken?.startsWith(scheme) ? taken.slice(scheme.length).replace(/^\/\/(?=\/)/, '') : taken
    if (text === undefined || /^\/[^\0]*[^/\0]$/.test(text)) return text
    throw new Unusable(`must have the absolute path of a file behind ${name}=`)
  }

  url(name: string): string | undefined {
    const text = this.#take(name)
    const url = text !== undefined && URL.canParse(text) ? new URL(text) : undefined
    if (text === undefined) return undefined
    if (url !== undefined && isSafeUrl(url) && url.username === '' && url.password === '') return text
    throw new Unusable(`must have a URL with https behind ${name}=, or with http of this host`)
  }

  none(name: string, why: string): void {
    if (this.#take(name) !== undefined) throw new Unusable(why)
  }

  end(): void {
    if (this.#left.size > 0) throw new Unusable('must have no parameters but those of its kind')
  }
}
