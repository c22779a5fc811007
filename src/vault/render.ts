/** Rendering: the values of a document's references, read at once and put in their places. */

import { checkLabel } from '../model/name.ts'
import { namesIn } from '../render/template.ts'
import { parseUserData, renderUserData } from '../render/user-data.ts'
import { readSecrets } from './secrets.ts'
import type { Asker, Vault } from './vault.ts'

export interface Rendering {
  /** The document: text, gzip or MIME, in UTF-8. */
  readonly document: Buffer
  /** What a refusal calls it. */
  readonly field: string
  /** Name of the machine that it is for, for the audit trail. */
  readonly target: string | undefined
}

/**
 * Renders a document whole, or not at all. Every value that it holds is in the audit trail before this resolves.
 *
 * @returns the document in the form that it had
 * @throws Refusal `unresolved_references` naming each reference to what is absent or not to be read by this asker;
 *   `unsafe_rendering` for a value that would change the document's meaning; `invalid`, `too_large`
 */
export async function renderDocument(
  vault: Vault,
  asker: Asker,
  { document, field, target }: Rendering,
): Promise<Buffer> {
  const label = target === undefined ? undefined : checkLabel(target, 'target')
  const data = parseUserData(document, field)
  const names = namesIn(data.templates)
  const found = await readSecrets(vault, asker, names, label)
  const values = new Map(
    found.flatMap((one) => {
      if (one === undefined) return []
      const { secret, value } = one
      return [[secret.name, secret.type === 'file' ? value : value.toString()] as const]
    }),
  )
  return renderUserData(data, values)
}
