/** `strongroom audit`: verifies the trail, and makes what others can verify it with. */
import { readFileSync } from 'node:fs'
import { type Checkpoint, openNote, splitNotes } from '../../audit/checkpoint.ts'
import { invalid } from '../../errors.ts'
import { type AccountVerdict, verifyAudit } from '../../vault/audit.ts'
import { signCheckpoints, verifierKeyOf } from '../../vault/checkpoints.ts'
import { complain, fail, print, printJson } from '../output.ts'
import { withVault } from './with-vault.ts'

const exitCodes = { anchored: 0, tampered: 1, unreadable: 2, unanchored: 3 } as const

interface VerifyOptions {
  readonly json?: boolean
  readonly state?: boolean
  readonly checkpoint?: readonly string[]
  readonly key?: string
}

export async function verify({ json, state = false, checkpoint: paths = [], key }: VerifyOptions): Promise<void> {
  try {
    const verdicts = await withVault((vault) => {
      const checkpoints = paths.flatMap((path) =>
        readCheckpoints(path, key ?? verifierKeyOf(vault), vault.keyring.storeId),
      )
      return Array.fromAsync(verifyAudit(vault, { checkpoints, state }))
    })
    const result = resultOf(verdicts)
    process.exitCode = exitCodes[result]
    if (json) printJson({ result, accounts: verdicts.map(shown) })
    else explain(verdicts, result)
  } catch (error) {
    fail(error)
    process.exitCode = exitCodes.unreadable
  }
}

/** Prints a signed checkpoint of every account. */
export async function checkpoint(): Promise<void> {
  const notes = await withVault((vault) => signCheckpoints(vault))
  process.stdout.write(notes.map(({ text }) => text).join(''))
}

/** Prints what checkpoints are verified with. */
export async function key(): Promise<void> {
  print(await withVault(async (vault) => verifierKeyOf(vault)))
}

/** @throws Refusal `invalid` for a file with a note that the key has not signed, or of another store */
function readCheckpoints(path: string, verifier: string, storeId: string): readonly Checkpoint[] {
  const notes = splitNotes(readFileSync(path, 'utf8'))
  if (notes.length === 0) throw invalid('--checkpoint', `${path} has no checkpoint.`)
  return notes.map((note) => {
    const opened = openNote(note, verifier)
    if (opened === undefined)
      throw invalid('--checkpoint', `${path} has a note that the key of the checkpoints has not signed.`)
    if (opened.storeId !== storeId) throw invalid('--checkpoint', `${path} has a checkpoint of another store.`)
    return opened
  })
}

function resultOf(verdicts: readonly AccountVerdict[]): 'anchored' | 'tampered' | 'unanchored' {
  const isIntact = verdicts.every(({ fault, differences }) => fault === undefined && differences.length === 0)
  if (!isIntact) return 'tampered'
  return verdicts.every(({ anchored }) => anchored !== undefined) ? 'anchored' : 'unanchored'
}

function shown({ accountId, name, size, head, fault, anchored, differences }: AccountVerdict) {
  return {
    account: { id: accountId, name },
    records: size,
    head: Buffer.from(head).toString('hex'),
    anchored: anchored ?? null,
    fault: fault ?? null,
    differences,
  }
}

function explain(verdicts: readonly AccountVerdict[], result: ReturnType<typeof resultOf>): void {
  for (const { account, records, head, fault, anchored, differences } of verdicts.map(shown)) {
    const upTo = anchored === null ? '' : `, anchored up to ${anchored}`
    print(`${account.name} (id ${account.id}): ${records} records hold, head ${head}${upTo}`)
    if (fault !== null) complain(`TAMPERED: account ${account.name}, record ${fault.seq}: ${fault.reason}`)
    for (const difference of differences) complain(`TAMPERED: account ${account.name}: ${difference}`)
  }
  if (result === 'anchored') print('Every chain is intact, and continues from its checkpoints.')
  if (result === 'unanchored') {
    const text = 'every chain is intact, but no checkpoint from outside was given'
    print(`UNANCHORED: ${text}: a trail that was cut or written anew would not show.`)
  }
}
