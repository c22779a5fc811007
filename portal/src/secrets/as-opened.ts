/** The secret that a dialog or a form is about. */
import { useState } from 'react'
import { codeOf } from '../api/ask.ts'
import { type Metadata, strongroom } from '../api/client.ts'

/**
 * As it was when that was opened: a refresh behind it must not hide a conflict. Once a try has failed as somebody has changed
 * it, the next is upon what it is now.
 */
export function useAsOpened(opened: Metadata) {
  const [secret, setSecret] = useState(opened)
  const catchUp = async (failure: unknown) => {
    if (codeOf(failure) === 'stale_version') setSecret(await strongroom.secrets.metadata(opened.id))
  }
  return { secret, catchUp }
}
