/** Rendering: the values of a document's references, read at once and put in their places. */

import type { Held } from '../model/deployment.ts'
import { checkLabel } from '../model/name.ts'
import type { Value } from '../render/fill.ts'
import { absentDetail, destroyedDetail } from '../render/grammar.ts'
import { inTurns } from '../render/steps.ts'
import { namesIn, refuseUnresolved } from '../render/template.ts'
import { parsingUserData, renderingUserData, type UserData } from '../render/user-data.ts'
import { readSecrets } from './secrets.ts'
import { type Asker, ask, type Vault } from './vault.ts'

export interface Rendering {
  /** The document: text, gzip or MIME, in UTF-8. */
  readonly document: Buffer
  /** What a refusal calls it. */
  readonly field: string
  /** The machine that it is for, which from now on holds what it refers to. */
  readonly target: string | undefined
}

/**
 * Renders a document whole, or not at all. Every value that it holds is in the audit trail before this resolves, and
 * with a target so is what that target holds from now on.
 *
 * @returns the document in the form that it had
 * @throws Refusal `unresolved_references` naming each reference to what is absent or not to be read by this asker;
 *   `unsafe_rendering` for a value that would change the document's meaning; `invalid`, `too_large`, `forbidden`
 */
export async function renderDocument(
  vault: Vault,
  asker: Asker,
  { document, field, target: label }: Rendering,
): Promise<Buffer> {
  const target = label === undefined ? undefined : checkLabel(label, 'target')
  const { rendered, held } = await renderRead(vault, asker, await inTurns(parsingUserData(document, field)))
  if (target !== undefined) await ask(vault, asker, { kind: 'put_deployment', target, held })
  return rendered
}

/**
 * Reads what a document refers to, and puts it in.
 *
 * @returns with it, which version of which secret it holds
 * @throws Refusal as `renderDocument` does
 */
export async function renderRead(
  vault: Vault,
  asker: Asker,
  data: UserData,
): Promise<{ readonly rendered: Buffer; readonly held: readonly Held[] }> {
  const { values, held } = await valuesOf(vault, asker, [data])
  return { rendered: await inTurns(renderingUserData(data, values)), held }
}

/**
 * Renders several documents one after the other, from values that are read once, and says of each what is wrong.
 *
 * @throws Refusal as `renderDocument` does, for what is absent in any of them first
 */
export async function renderAll(vault: Vault, asker: Asker, documents: readonly UserData[]): Promise<void> {
  const { values } = await valuesOf(vault, asker, documents)
  for (const document of documents) await inTurns(renderingUserData(document, values))
}

/** @throws Refusal `unresolved_references` unless all are there */
async function valuesOf(
  vault: Vault,
  asker: Asker,
  documents: readonly UserData[],
): Promise<{ readonly values: ReadonlyMap<string, Value>; readonly held: readonly Held[] }> {
  const templates = documents.flatMap((document) => document.templates)
  const names = namesIn(templates)
  const { all, parts, destroyed } = await readSecrets(vault, asker, names)
  const found = all.flatMap((one) => one ?? [])
  const values = new Map(
    found.map(({ secret, value }) => [secret.name, secret.type === 'file' ? value : value.toString()] as const),
  )
  refuseUnresolved(templates, values, (name) => (destroyed.includes(name) ? destroyedDetail(name) : absentDetail(name)))
  // What went into a template is in the document, too.
  const secrets = new Map([...found.map(({ secret }) => secret), ...parts].map((secret) => [secret.uid, secret]))
  return { values, held: [...secrets.values()].map(({ id, uid, name, version }) => ({ id, uid, name, version })) }
}
