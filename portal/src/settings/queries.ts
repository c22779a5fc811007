/** The account and its settings, as queries. */
import { useQueryClient } from '@tanstack/react-query'
import { type Settings, type SettingsChange, strongroom } from '../api/client.ts'
import { useAnswer } from '../api/queries.ts'

/** What the account itself is asked for under. */
export const accountKey = ['account']

const settingsKey = ['settings']

export function useAccountSettings() {
  return useAnswer(settingsKey, (options) => strongroom.settings.get(options))
}

/** Changes settings of the account; what they are then is known to everything that shows them. */
export function useChangeSettings(): (change: SettingsChange) => Promise<Settings> {
  const cache = useQueryClient()
  return async (change) => {
    const settings = await strongroom.settings.update(change)
    cache.setQueryData(settingsKey, settings)
    return settings
  }
}
