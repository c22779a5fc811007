/** A token of SoftHSM (Debian: softhsm2): keys of PKCS#11 without hardware. */
import { execFileSync } from 'node:child_process'
import { globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { TokenSource } from '../../src/crypto/providers/pkcs11-token.ts'
import { makeFolder } from './engines.ts'

export const softhsmModule = globSync('/usr/lib/{,*/}softhsm/libsofthsm2.so')[0] ?? ''
export const softhsmSkip = softhsmModule === '' ? 'Needs SoftHSM 2 (Debian: softhsm2).' : false

export const pin = 'planted-1234'
const attributes = {
  class: 0,
  token: 1,
  private: 2,
  label: 3,
  value: 0x11,
  keyType: 0x100,
  id: 0x102,
  sensitive: 0x103,
}
const uses = [0x104, 0x105]
const extractable = 0x162

export interface TokenKey {
  readonly value: Uint8Array
  readonly label?: string
  readonly id?: number
  readonly isExtractable?: boolean
}

/** Makes a token with keys of known bytes, and sets `SOFTHSM2_CONF` of this process, and so of those that it starts. */
export function makeToken(t: Pick<TestContext, 'after'>, keys: readonly TokenKey[]) {
  const folder = makeFolder()
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const [tokens, configPath, pinPath] = ['tokens', 'softhsm2.conf', 'pin'].map((name) => join(folder, name))
  if (tokens === undefined || configPath === undefined || pinPath === undefined) throw new Error('Three were named.')
  mkdirSync(tokens)
  writeFileSync(configPath, `directories.tokendir = ${tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`)
  writeFileSync(pinPath, `${pin}\n`)
  process.env['SOFTHSM2_CONF'] = configPath
  const made = ['--init-token', '--free', '--label', 'the token', '--pin', pin, '--so-pin', '5678']
  execFileSync('softhsm2-util', made, { stdio: 'ignore' })
  putKeys(keys)
  const source: TokenSource = {
    kind: 'pkcs11',
    token: 'the token',
    serial: undefined,
    object: 'root',
    id: undefined,
    modulePath: softhsmModule,
    pinPath,
  }
  return { source, tokens, pinPath, configPath }
}

function putKeys(keys: readonly TokenKey[]): void {
  const { PKCS11 } = createRequire(import.meta.url)('pkcs11js')
  const module = new PKCS11()
  module.load(softhsmModule)
  module.C_Initialize()
  try {
    for (const slot of module.C_GetSlotList(true)) {
      if (module.C_GetTokenInfo(slot).label.trim() !== 'the token') continue
      const session = module.C_OpenSession(slot, 4 | 2)
      module.C_Login(session, 1, pin)
      for (const { value, label = 'root', id = 1, isExtractable = false } of keys) {
        module.C_CreateObject(session, [
          { type: attributes.class, value: 4 },
          { type: attributes.keyType, value: 0x1f },
          { type: attributes.token, value: true },
          { type: attributes.private, value: true },
          { type: attributes.label, value: label },
          { type: attributes.id, value: Buffer.of(id) },
          { type: attributes.value, value: Buffer.from(value) },
          { type: attributes.sensitive, value: true },
          { type: extractable, value: isExtractable },
          ...uses.map((type) => ({ type, value: true })),
        ])
      }
    }
  } finally {
    module.C_Finalize()
    module.close()
  }
}
