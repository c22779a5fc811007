/** What the workflow asks for: the inputs of `action.yml`, read from the environment as the runner sets them. */
import { isPattern } from '../../src/model/pattern.ts'
import { Fault } from './fault.ts'
import { isVariable } from './variables.ts'

/** A name or pattern of secrets, and the variable for the one that it names. */
export interface Wanted {
  readonly pattern: string
  readonly variable: string | undefined
}

export interface Inputs {
  readonly url: string
  /** `undefined`: the job shows who it is. */
  readonly apiKey: string | undefined
  readonly audience: string
  readonly account: string | undefined
  readonly rule: string | undefined
  readonly wanted: readonly Wanted[]
  readonly isExported: boolean
  /** Whether a key that the job got for its token is revoked when it has done its work. */
  readonly isRevoked: boolean
}

export type Environment = Readonly<Record<string, string | undefined>>

const maxWanted = 500

/** @throws Fault naming the input */
export function readInputs(environment: Environment): Inputs {
  const given = (name: string) => environment[`INPUT_${name.toUpperCase()}`]?.trim() || undefined
  const url = checkedUrl(given('url'))
  const wanted = (given('secrets') ?? '').split(/\r?\n/).flatMap(wantedOf)
  if (wanted.length === 0) throw new Fault('secrets: name at least one secret, one to a line.')
  if (wanted.length > maxWanted) throw new Fault(`secrets: at most ${maxWanted} lines. A pattern names many.`)
  return {
    url,
    apiKey: given('api-key'),
    audience: given('audience') ?? url,
    account: given('account'),
    rule: given('rule'),
    wanted,
    isExported: toBoolean('export-env', given('export-env') ?? 'false'),
    isRevoked: toBoolean('revoke', given('revoke') ?? 'true'),
  }
}

/** A key or a value sent without TLS is everybody's on the way. */
function checkedUrl(text: string | undefined): string {
  if (text === undefined) throw new Fault('url: say where the server is, such as https://strongroom.example.com.')
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isLocal = url !== undefined && /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname)
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLocal)) return text
  throw new Fault('url: must begin with https://. Without TLS only a server on this machine is asked.')
}

function wantedOf(text: string): readonly Wanted[] {
  const line = text.trim()
  if (line === '' || line.startsWith('#')) return []
  const [pattern = '', variable, ...rest] = line.split('=>').map((part) => part.trim())
  if (!isPattern(pattern) || rest.length > 0) {
    throw new Fault(`secrets: "${line}" is not NAME, PATTERN or NAME => VARIABLE.`)
  }
  if (variable !== undefined && !isVariable(variable)) {
    throw new Fault(`secrets: "${variable}" cannot be the name of a variable: letters, digits and "_" can.`)
  }
  if (variable !== undefined && pattern.includes('*')) {
    throw new Fault(`secrets: "${pattern}" may name several secrets, which cannot share one variable.`)
  }
  return [{ pattern, variable }]
}

/** As YAML has it. */
function toBoolean(name: string, text: string): boolean {
  if (/^(?:true|True|TRUE)$/.test(text)) return true
  if (/^(?:false|False|FALSE)$/.test(text)) return false
  throw new Fault(`${name}: must be true or false.`)
}
