/** A root key in the setting `STRONGROOM_ROOT_KEY`. */
import { decodeKey, localKey } from './local.ts'
import type { RootKeyProvider } from './provider.ts'

/** @throws Refusal `invalid` */
export function environmentKey(text: string): RootKeyProvider {
  return localKey(decodeKey(text, 'STRONGROOM_ROOT_KEY'))
}
