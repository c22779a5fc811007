/** `strongroom status`: which server is asked, with which key, and what that key is good for. */
import type { ApiKey } from '../client/model.ts'
import { clientOf, type Where, whereTo } from './connection.ts'
import type { RemoteOptions } from './define.ts'
import { print, printJson, shown, styled } from './output.ts'

/** @throws StrongroomError if the server cannot be reached, or refuses the key */
export async function status(options: RemoteOptions): Promise<void> {
  const where = await whereTo(options)
  if (!options.json) {
    say('Server', shown(where.url))
    say('From', where.source)
    if (where.project !== undefined) say('Project', shown(where.project.path))
    if (where.environment !== undefined) {
      say('Environment', `${shown(where.environment.name)}, of ${where.environment.source}`)
    }
  }
  const key = await clientOf(where).keys.self()
  if (options.json) return printJson(jsonOf(where, key))
  say('Key', `${styled('green', shown(key.name))}, id ${key.id}`)
  say('Scopes', key.scopes.map(shown).join(', '))
  say('Networks', key.networks.length === 0 ? 'any' : key.networks.join(', '))
  say('Expires', key.expires_at === null ? 'never' : expiryOf(key.expires_at))
}

function jsonOf({ url, source, project, environment }: Where, key: ApiKey) {
  return { url, source, project: project?.path ?? null, environment: environment?.name ?? null, key }
}

function say(what: string, text: string): void {
  print(`${styled('dim', what.padEnd(11))}  ${text}`)
}

const dayMs = 24 * 60 * 60 * 1000

function expiryOf(expiresAt: ApiKey['created_at']): string {
  const days = Math.floor((Date.parse(expiresAt) - Date.now()) / dayMs)
  const text = `${expiresAt}, in ${days === 0 ? 'less than a day' : days === 1 ? 'a day' : `${days} days`}`
  return days < 7 ? styled('yellow', text) : text
}
