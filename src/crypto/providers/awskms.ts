/**
 * A root key in AWS Key Management Service: it wraps and unwraps there, and does not come out. The official client signs
 * the requests. It is large, so who uses it installs it beside Strongroom, and it is loaded here alone.
 */
import { type AmazonClient, amazonFaultName, askAmazon, loadAmazonClient } from '../../amazon.ts'
import { Refusal } from '../../errors.ts'
import { ProviderTrouble, patienceMs, type RootKeyProvider, type RootKeySource } from './provider.ts'

export type KmsSource = Extract<RootKeySource, { readonly kind: 'awskms' }>

/** Which name the context has in the encryption context, which AWS writes into its own trail. */
const contextName = 'strongroom'
/** Of another key, of another context, or no ciphertext at all. */
const notOfThisKey = new Set(['InvalidCiphertextException', 'IncorrectKeyException'])
const denying = new Set([
  ...[
    'AccessDeniedException',
    'DisabledException',
    'KMSInvalidStateException',
    'NotFoundException',
    'InvalidGrantTokenException',
  ],
  ...[
    'InvalidKeyUsageException',
    'UnrecognizedClientException',
    'InvalidClientTokenId',
    'ExpiredTokenException',
    'CredentialsProviderError',
  ],
])

/** Of the client what is used. */
interface Client {
  readonly KMSClient: new (settings: object) => AmazonClient
  readonly EncryptCommand: new (input: object) => object
  readonly DecryptCommand: new (input: object) => object
}

const clientPackage: string = '@aws-sdk/client-kms'

/**
 * @param load gives the client's package
 * @throws Refusal `invalid` when it is not installed
 */
export async function kmsKey(
  source: KmsSource,
  load: () => Promise<unknown> = () => import(clientPackage),
  /** In place of the client's own: who asks, and how requests are sent. */
  settings: object = {},
  timeoutMs = patienceMs,
): Promise<RootKeyProvider> {
  const { KMSClient, EncryptCommand, DecryptCommand } = await clientOf(load)
  const { key: KeyId, region, endpoint } = source
  const client = new KMSClient({
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    maxAttempts: 3,
    ...settings,
  })
  /** @returns `undefined` when it is not of this key */
  const ask = async (command: object, part: string): Promise<Uint8Array | undefined> => {
    const answer = await askAmazon(client, command, AbortSignal.timeout(timeoutMs), wipe).catch((error: unknown) => {
      const name = amazonFaultName(error)
      if (notOfThisKey.has(name)) return undefined
      throw troubleOf(name)
    })
    if (answer === undefined) return undefined
    const bytes: unknown = Reflect.get(answer, part)
    if (bytes instanceof Uint8Array) return bytes
    throw troubleOf('unexpected answer')
  }
  const id = kmsIdOf(source)
  return {
    kind: 'awskms',
    id,
    shown: `awskms:${id}`,
    wrap: async (plain, context) => {
      const command = new EncryptCommand({ KeyId, Plaintext: plain, EncryptionContext: contextOf(context) })
      const wrapped = await ask(command, 'CiphertextBlob')
      if (wrapped === undefined) throw troubleOf('InvalidCiphertextException')
      return wrapped
    },
    unwrap: async (wrapped, context) => {
      // It takes none that is empty, and says so as it says that a request is malformed.
      if (wrapped.length === 0) return undefined
      const input = { KeyId, CiphertextBlob: wrapped, EncryptionContext: contextOf(context) }
      const plain = await ask(new DecryptCommand(input), 'Plaintext')
      if (plain === undefined) return undefined
      const bytes = Buffer.from(plain)
      plain.fill(0)
      return bytes
    },
  }
}

function wipe(answer: object): void {
  const plain: unknown = Reflect.get(answer, 'Plaintext')
  if (plain instanceof Uint8Array) plain.fill(0)
}

/** Which key it is: an alias and the region that it is in. */
export function kmsIdOf({ key, region }: KmsSource): string {
  return region === undefined ? key : `${key}@${region}`
}

async function clientOf(load: () => Promise<unknown>): Promise<Client> {
  const client = await loadAmazonClient<Client>(load, ['KMSClient', 'EncryptCommand', 'DecryptCommand'])
  if (client !== undefined) return client
  throw new Refusal(
    'invalid',
    `A root key of awskms: needs the package ${clientPackage}: install it beside Strongroom.`,
  )
}

function contextOf(context: Uint8Array): Record<string, string> {
  return { [contextName]: Buffer.from(context).toString('base64') }
}

/** By its name alone. */
function troubleOf(name: string): ProviderTrouble {
  if (denying.has(name)) return new ProviderTrouble('denied', `AWS refuses (${name}).`)
  return new ProviderTrouble('away', `AWS cannot be asked (${name}).`)
}
