/** Signing in through the account's provider: this window goes there, or one of its own that tells when it is back. */
import { Building2 } from 'lucide-react'
import { sentenceOf } from '../api/ask.ts'
import type { SsoProvider } from '../api/client.ts'
import { keepAccount } from '../api/last-account.ts'
import { provider as accountProvider } from '../api/sessions.ts'
import { Button } from '../ui/controls.tsx'
import { windowEnd } from './provider.ts'
import { ProviderWindow } from './provider-window.tsx'

/** Where the account has a provider. */
export function SsoButton({
  provider,
  isDisabled,
  onTrouble,
  onSignedIn,
}: {
  readonly provider: SsoProvider | null
  readonly isDisabled: boolean
  readonly onTrouble: (trouble: string | undefined) => void
  /** Told when it happened in another window; without it, this one goes there. */
  readonly onSignedIn?: () => void
}) {
  if (provider === null) return null
  if (onSignedIn !== undefined) {
    return (
      <ProviderWindow
        label={`Sign in with ${provider.label}`}
        begin={() => accountProvider.begin(provider.account, false, windowEnd)}
        isDisabled={isDisabled}
        onTrouble={onTrouble}
        onDone={onSignedIn}
      />
    )
  }
  const go = async () => {
    try {
      const { url } = await accountProvider.begin(provider.account, false, placeToReturn())
      // Where they come back to, should they not succeed there.
      keepAccount(provider.account)
      location.assign(url)
    } catch (error) {
      onTrouble(sentenceOf(error))
    }
  }
  return (
    <Button onPress={() => void go()} isDisabled={isDisabled}>
      <Building2 size={16} aria-hidden />
      Sign in with {provider.label}
    </Button>
  )
}

/** Where somebody is, as far as the server lets a provider send them back to. */
export function placeToReturn(): string {
  const { pathname } = location
  return /^\/portal\/(@[\w.-]+\/)?([a-z-]+(\/\d{1,16})?)?$/.test(pathname) ? pathname : '/portal/'
}
