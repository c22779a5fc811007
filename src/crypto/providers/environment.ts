/** A root key in a setting: `STRONGROOM_ROOT_KEY`, or the variable that `env:NAME` names. */
import { decodeKey, localKey } from './local.ts'
import type { RootKeyProvider } from './provider.ts'

/** @throws Refusal `invalid` */
export function environmentKey({ name, text }: { readonly name: string; readonly text: string }): RootKeyProvider {
  const key = decodeKey(text, name)
  return localKey(() => key, `env:${name}`)
}
