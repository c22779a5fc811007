/** From what the configuration says to providers that are ready: each kind of root key is named here, and loaded when it is used. */
import { Refusal } from '../../errors.ts'
import { environmentKey } from './environment.ts'
import { fileKey, readKeyFile } from './file.ts'
import { ProviderTrouble, providerKinds, type RootKeyProvider, type RootKeySource } from './provider.ts'

export { providerKinds, type RootKeyProvider, type RootKeySource }

/**
 * Makes the root key ready that the configuration names. Whether it opens anything is not asked yet.
 *
 * @throws Refusal `invalid` with a sentence for the operator
 */
export async function openRootKey(source: RootKeySource): Promise<RootKeyProvider> {
  switch (source.kind) {
    case 'environment':
      return environmentKey(source)
    case 'file':
      return fileKey(source)
    case 'command':
      return (await import('./command.ts')).commandKey(source)
    case 'transit':
      return (await import('./transit.ts')).transitKey(source)
    case 'awskms':
      return (await import('./awskms.ts')).kmsKey(source)
    case 'pkcs11':
      return (await import('./pkcs11.ts')).pkcs11Key(source)
    case 'shamir':
      return (await import('./shamir.ts')).shamirKey(source)
    case 'tpm2':
      return (await import('./tpm2.ts')).tpm2Key(source)
  }
}

/**
 * Seals a root key by the TPM, a new one or that of a file.
 *
 * @throws Refusal `invalid` when it cannot be made, `sealed` when the TPM does not do it now
 */
export async function makeSealedKey(
  source: Extract<RootKeySource, { readonly kind: 'tpm2' }>,
  from: string | undefined,
): Promise<RootKeyProvider> {
  const key = from === undefined ? undefined : readKeyFile(from)
  try {
    return await (await import('./tpm2.ts')).makeTpm2Key(source, key)
  } catch (error) {
    if (!(error instanceof ProviderTrouble)) throw error
    throw new Refusal('sealed', error.message)
  }
}

/**
 * Makes all of them ready.
 *
 * @throws Refusal `invalid` with a line for each that cannot be
 */
export async function openRootKeys(sources: readonly RootKeySource[]): Promise<readonly RootKeyProvider[]> {
  const settled = await Promise.allSettled(sources.map(openRootKey))
  const faults = settled.flatMap((one) => (one.status === 'rejected' ? [faultOf(one.reason)] : []))
  if (faults.length > 0) throw new Refusal('invalid', faults.join('\n'))
  return settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
}

function faultOf(error: unknown): string {
  if (error instanceof Refusal) return error.message
  throw error
}
