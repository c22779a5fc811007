/** `strongroom settings`: what an account is set to, such as for how long what is deleted can be restored. */
import type { Settings } from '../client/model.ts'
import { connect } from './connection.ts'
import type { RemoteOptions } from './define.ts'
import { numberOf } from './input.ts'
import { countOf, Fault, print, printJson, tell } from './output.ts'
import { confirm } from './prompt.ts'

export async function show(options: RemoteOptions): Promise<void> {
  const settings = await (await connect(options)).settings.get()
  if (options.json) return printJson(settings)
  print(`Undo      ${undoOf(settings)}`)
  print(`Networks  ${settings.networks.join(' ') || 'anywhere'}`)
  print(`Machines  ${settings.vm_auth ? 'registered machines may read without a key' : 'none reads without a key'}`)
}

interface UpdateOptions extends RemoteOptions {
  readonly recoveryDays: string
  readonly yes?: boolean
}

export async function update(options: UpdateOptions): Promise<void> {
  const days = numberOf('--recovery-days', options.recoveryDays, 0, 90)
  const { settings } = await connect(options)
  const { recovery_days: before } = await settings.get()
  if (days < before && !options.yes) {
    const lost = days === 0 ? 'All that was deleted' : `What was deleted more than ${countOf(days, 'day')} ago`
    tell(`${lost} is destroyed within a minute, and can never be restored again.`)
    if (!(await confirm('Go on?', 'Say --yes to do it without being asked.'))) {
      throw new Fault('failure', 'Nothing is changed.')
    }
  }
  const changed = await settings.update({ recovery_days: days })
  if (options.json) return printJson(changed)
  print(`Undo is ${undoOf(changed)}.`)
}

function undoOf({ recovery_days: days }: Settings): string {
  return days === 0 ? 'off: deletion is permanent' : `on: what is deleted can be restored for ${countOf(days, 'day')}`
}
