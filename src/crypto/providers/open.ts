/** From what the configuration says to a provider that is ready: each kind of root key is named here. */
import { environmentKey } from './environment.ts'
import { fileKey } from './file.ts'
import type { RootKeyProvider, RootKeySource } from './provider.ts'

export type { RootKeyProvider, RootKeySource }

/**
 * Makes the root key ready that the configuration names.
 *
 * @throws Refusal `invalid` with a sentence for the operator
 */
export async function openRootKey(source: RootKeySource): Promise<RootKeyProvider> {
  switch (source.kind) {
    case 'environment':
      return environmentKey(source.text)
    case 'file':
      return fileKey(source)
  }
}
