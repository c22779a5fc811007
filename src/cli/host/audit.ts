/** `strongroom audit verify`: recomputes the chain of every account. */
import { verifyAudit } from '../../vault/audit.ts'
import { complain, fail, print, printJson } from '../output.ts'
import { withVault } from './with-vault.ts'

const exitCodes = { tampered: 1, unreadable: 2, unanchored: 3 } as const

export async function verify({ json }: { readonly json?: boolean }): Promise<void> {
  try {
    const verdicts = await withVault((vault) => Array.fromAsync(verifyAudit(vault)))
    const isIntact = verdicts.every(({ fault }) => fault === undefined)
    process.exitCode = isIntact ? exitCodes.unanchored : exitCodes.tampered
    const shown = verdicts.map(({ accountId, name, size, head, fault }) => ({
      account: { id: accountId, name },
      records: size,
      head: Buffer.from(head).toString('hex'),
      fault: fault ?? null,
    }))
    if (json) return printJson({ result: isIntact ? 'unanchored' : 'tampered', accounts: shown })
    for (const { account, records, head, fault } of shown) {
      print(`${account.name} (id ${account.id}): ${records} records hold, head ${head}`)
      if (fault !== null) complain(`TAMPERED: account ${account.name}, record ${fault.seq}: ${fault.reason}`)
    }
    if (isIntact)
      print(
        'UNANCHORED: every chain is intact, but no checkpoint from outside was given: a trail that was cut or written anew would not show.',
      )
  } catch (error) {
    fail(error)
    process.exitCode = exitCodes.unreadable
  }
}
