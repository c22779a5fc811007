/** `strongroom audit`: verifies the trail, and makes what others can verify it with. */
import { pipeline } from 'node:stream/promises'
import type { Checkpoint } from '../../audit/checkpoint.ts'
import { codeOf } from '../../error-code.ts'
import { invalid } from '../../errors.ts'
import { findAccount } from '../../vault/accounts.ts'
import { type AccountVerdict, exportLines, verifyAudit } from '../../vault/audit.ts'
import { signCheckpoints, verifierKeyOf } from '../../vault/checkpoints.ts'
import { fail } from '../failure.ts'
import { complain, print, printJson } from '../output.ts'
import { readCheckpoints, verifyExport } from '../verify-export.ts'
import { archiveOf } from './archive.ts'
import { withVault } from './with-vault.ts'

const exitCodes = { anchored: 0, tampered: 1, unreadable: 2, unanchored: 3 } as const

interface VerifyOptions {
  readonly json?: boolean
  readonly state?: boolean
  readonly checkpoint?: readonly string[]
  readonly key?: string
  readonly export?: string
  readonly archive?: string
}

export async function verify(options: VerifyOptions): Promise<void> {
  const { json, state = false, checkpoint: paths = [], key } = options
  if (options.export !== undefined) return verifyExport(options.export, options)
  try {
    const verdicts = await withVault(async (vault, _, config) => {
      const checkpoints = paths.flatMap((path) =>
        checkpointsOf(path, key ?? verifierKeyOf(vault), vault.keyring.storeId),
      )
      const files = await archiveOf(options.archive, config)
      return Array.fromAsync(verifyAudit(vault, { checkpoints, state, files }))
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

/** Prints the records of an account, one line each, as fast as they are taken. */
export async function exportRecords(options: {
  readonly account: string
  readonly after: string
  readonly archive?: string
}): Promise<void> {
  const after = Number(options.after)
  if (!/^\d{1,15}$/.test(options.after)) throw invalid('--after', 'Must be the number of a record, or 0.')
  await withVault(async (vault, _, config) => {
    const files = await archiveOf(options.archive, config)
    const lines = exportLines(vault, await findAccount(vault, options.account), after, files)
    await pipeline(withLineFeeds(lines), process.stdout, { end: false }).catch((error: unknown) => {
      // Whoever read has read enough.
      if (codeOf(error) !== 'EPIPE') throw error
    })
  })
}

async function* withLineFeeds(lines: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of lines) yield `${line}\n`
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

/** @throws Refusal `invalid` for a checkpoint that the key has not signed, or of another store */
function checkpointsOf(path: string, verifier: string, storeId: string): readonly Checkpoint[] {
  const opened = readCheckpoints(path, verifier)
  if (opened.every((one) => one.storeId === storeId)) return opened
  throw invalid('--checkpoint', `${path} has a checkpoint of another store.`)
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
