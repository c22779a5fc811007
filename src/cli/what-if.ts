/** `--dry-run`: what a change would have refused in the last days, and what it would leave behind. */
import type { Metadata, Tried, WhatIf } from '../client/model.ts'
import type { Strongroom } from '../client/strongroom.ts'
import { makerText } from './made.ts'
import { print, printJson, printTable, shown, styled, tell } from './output.ts'

/** Tries the change, and shows what comes of it; changes nothing. */
export async function showWhatIf({ audit }: Strongroom, change: WhatIf, isJson: boolean | undefined): Promise<void> {
  const tried = await audit.whatIf(change)
  if (isJson === true) return printJson(tried)
  showRefused(tried)
  showLeft(
    'Targets that would be out of date',
    tried.stale_targets.map(({ target, environment }) => [target, environment]),
  )
  showLeft(
    'Templates that would not resolve',
    tried.unresolved_templates.map(({ name, environments }) => [name, environments.join(', ')]),
  )
  tell('Nothing is changed.')
}

/** Tries another value of a secret: which targets it leaves behind. */
export async function showNewValue(
  client: Strongroom,
  name: string,
  found: Pick<Metadata, 'id'> | undefined,
  isJson: boolean | undefined,
): Promise<void> {
  if (found !== undefined) return showWhatIf(client, { kind: 'secret', id: found.id, change: 'rotate' }, isJson)
  if (isJson === true) return printJson({ name, created: true })
  print(`${name} would be a new secret, which no target holds.`)
  tell('Nothing is changed.')
}

function showRefused({ refused, requests, refused_requests, from, complete }: Tried): void {
  const since = complete ? `since ${from}` : `since ${from}: before that it was not looked at`
  print(`${refused_requests} of ${requests} requests would have been refused, ${since}.`)
  if (refused.length === 0) return
  const rows = refused.map(({ principal, action, name, environment, requests: count, last_at }) => {
    return [makerText(principal), action, shown(name ?? ''), environment ?? '', String(count), last_at]
  })
  printTable(['WHO', 'ACTION', 'NAME', 'ENVIRONMENT', 'REQUESTS', 'LAST'], rows)
}

function showLeft(title: string, rows: readonly (readonly [string, string])[]): void {
  if (rows.length === 0) return
  print('')
  print(styled('bold', title))
  printTable(
    ['NAME', 'ENVIRONMENT'],
    rows.map(([name, environment]) => [shown(name), environment]),
  )
}
