/** `strongroom init`: makes the project file of this folder. */
import { resolve } from 'node:path'
import { complain, Fault, print, printJson, shown } from './output.ts'
import { variable } from './process-env.ts'
import { knownUrl } from './profiles.ts'
import { type ProjectSettings, parseProject, projectText } from './project.ts'
import { projectFileName } from './project-file.ts'
import { askText, isInteractive } from './prompt.ts'
import { writeNew } from './write-new.ts'

interface Options {
  readonly url?: string
  readonly environment?: string
  readonly only?: readonly string[]
  readonly stripPrefix?: string
  readonly variable?: readonly string[]
  readonly force?: boolean
  readonly json?: boolean
}

/** What others may read: it is in the repository. */
const mode = 0o644

export async function init(options: Options): Promise<void> {
  const path = resolve(projectFileName)
  const typed = typedIn(options)
  const isAsked = Object.keys(typed).length === 0 && isInteractive()
  const settings = isAsked ? await ask() : { ...urlOfProfile(), ...typed }
  const text = projectText(settings)
  // It is held to what reads it, before it is there.
  parseProject(path, text)
  if (options.force) {
    const { replaceFile } = await import('./replace-file.ts')
    await replaceFile(path, Buffer.from(text), mode)
  } else {
    writeNew(path, Buffer.from(text), mode, 'Say --force to replace it.')
  }
  const { variables, ...others } = settings
  if (options.json) {
    return printJson({
      path,
      ...others,
      ...(variables === undefined ? {} : { variables: Object.fromEntries(variables) }),
    })
  }
  print(`Created ${shown(path)}. It holds no key: commit it.`)
  if (variable('STRONGROOM_PROJECT_FILE') !== undefined)
    complain('STRONGROOM_PROJECT_FILE is set: it wins over this file.')
}

function typedIn({ url, environment, only, stripPrefix, variable: pairs }: Options): ProjectSettings {
  return {
    ...(url === undefined ? {} : { url }),
    ...(environment === undefined ? {} : { environment }),
    ...(only === undefined ? {} : { names: only }),
    ...(stripPrefix === undefined ? {} : { stripPrefix }),
    ...(pairs === undefined ? {} : { variables: new Map(pairs.map(pairOf)) }),
  }
}

function pairOf(text: string): readonly [string, string] {
  const at = text.lastIndexOf('=')
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
  throw new Fault('usage', '--variable must be such as db-url=DATABASE_URL.')
}

/** The server that would be asked without the file. */
function urlOfProfile(): ProjectSettings {
  const url = knownUrl()
  return url === undefined ? {} : { url }
}

async function ask(): Promise<ProjectSettings> {
  const known = knownUrl()
  const url = (await askText(`URL of the server${known === undefined ? '' : ` [${known}]`}`, '')).trim() || known
  const environment = (await askText('Environment [of the key]', '')).trim()
  const names = (await askText('Secrets that it needs, such as web-* db-url [all]', '')).split(/[\s,]+/).filter(Boolean)
  const stripPrefix = (await askText('Prefix to leave out of their names [none]', '')).trim()
  return {
    ...(url === undefined ? {} : { url }),
    ...(environment === '' ? {} : { environment }),
    ...(names.length === 0 ? {} : { names }),
    ...(stripPrefix === '' ? {} : { stripPrefix }),
  }
}
