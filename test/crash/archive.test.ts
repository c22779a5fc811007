/** Whoever archives is killed at any moment: no record is lost, and none is twice. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { ArchiveFolder } from '../../src/archive/folder.ts'
import { exportLines } from '../../src/vault/audit.ts'
import { newArchive, read, verdictOf } from '../support/archive.ts'
import { chance, rounds } from '../support/chance.ts'
import { runBeside, startCommand } from '../support/child.ts'
import { query } from '../support/database.ts'
import { engines } from '../support/engines.ts'
import { startServer } from '../support/server.ts'

const times = rounds(4, 60)
const command = ['audit', 'archive', '--days', '0']

for (const engine of rounds(1, 2) === 1 ? engines.slice(0, 1) : engines) {
  suite(`${engine.name}: an archive that is killed as it is made`, { skip: engine.skip }, () => {
    test(`loses nothing and doubles nothing, ${times} times over`, async (t) => {
      const random = chance(t)
      const server = await startServer(t, engine)
      await server.api.post('/v3/secrets', { name: 'a', value: 'one' })
      const { path } = newArchive()
      const env = { STRONGROOM_AUDIT_ARCHIVE: path }
      const folder = join(path, '1')
      const names = () => (existsSync(folder) ? readdirSync(folder) : [])
      let killed = 0
      // Some are done before they are killed: not all of them.
      for (let round = 0; round < times || (killed === 0 && round < 10 * times); round++) {
        await read(server, 5)
        // The lease of whoever was killed ends by itself, later.
        await query(server.place, 'update leases set until_ms = 0')
        // With what others left unfinished.
        const before = new Set(names())
        const child = startCommand(server.place, command, 'ignore', env)
        const ended: Promise<(number | null)[]> = once(child, 'exit')
        // As soon as it has begun to write; or when the file is there; or any time after.
        const moment = round % 3
        const isNow = () => names().some((name) => !before.has(name) && (moment === 0 || !name.startsWith('.')))
        while (child.exitCode === null && !isNow()) await setImmediate()
        if (moment === 2) await setTimeout(random() * 20)
        child.kill('SIGKILL')
        const [code] = await ended
        // Killed, or done: whoever was refused has not begun.
        assert.ok(code === 0 || (code === null && isNow()), `It ended with ${code}, and had not begun.`)
        if (code === null) killed++
        const seqs = await query(server.place, 'select seq from audit where account_id = 1 order by seq')
        assert.ok(seqs.length > 0)
        const { fault } = await verdictOf(server.vault, new ArchiveFolder(path))
        assert.equal(fault, undefined)
      }
      assert.ok(killed > 0)
      await query(server.place, 'update leases set until_ms = 0')
      // Whoever is killed once the file has its name leaves its other one for the next that writes a file.
      writeFileSync(join(folder, '.unfinished-00000000-1-1.jsonl'), '')
      await read(server, 5)
      const { code } = await runBeside(server.place, command, env)
      assert.equal(code, 0)
      const account = await server.vault.store.account(1)
      assert.ok(account)
      const lines = await Array.fromAsync(exportLines(server.vault, account, 0, new ArchiveFolder(path)))
      assert.equal(lines.length, account.auditSize + 1)
      for (const [at, line] of lines.slice(1).entries()) assert.equal(JSON.parse(line).seq, at + 1)
      const { fault, differences } = await verdictOf(server.vault, new ArchiveFolder(path))
      assert.deepEqual([fault, differences], [undefined, []])
      const ranges = names()
        .sort()
        .map((name) => name.slice(0, -6).split('-').map(Number))
      for (const [at, [first]] of ranges.entries()) assert.equal(first, (ranges[at - 1]?.[1] ?? 0) + 1)
    })
  })
}
