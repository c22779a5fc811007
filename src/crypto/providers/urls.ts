/** Root keys as URLs, one for each provider: `file:/path`, `env:NAME`, `command:/path`. No URL holds a secret. */
import { maxForms } from '../root-forms.ts'
import type { RootKeySource } from './provider.ts'

type Environment = Readonly<Record<string, string | undefined>>

const forms = 'must be URLs separated by blanks: file:/path, env:NAME or command:/path'
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

function sourceOf(text: string, environment: Environment): RootKeySource {
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9]*):(.*)$/s.exec(text) ?? []
  switch (scheme) {
    case 'env':
      return environmentOf(rest, environment)
    case 'file':
      return { kind: 'file', path: pathOf('file', rest), create: false }
    case 'command':
      return { kind: 'command', path: pathOf('command', rest) }
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
