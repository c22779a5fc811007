/** A TPM of software (Debian: swtpm, tpm2-tools). */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { makeFolder } from './engines.ts'

const isThere = ['/usr/bin/swtpm', '/usr/bin/tpm2_unseal'].every((path) => existsSync(path))
export const tpmSkip = isThere ? false : 'Needs a TPM of software (Debian: swtpm, tpm2-tools).'

/** Starts one. Each has keys of its own. */
export async function startTpm(t: Pick<TestContext, 'after'>) {
  const folder = makeFolder()
  const [state, socket] = [join(folder, 'state'), join(folder, 'tpm')]
  mkdirSync(state)
  const parameters = ['socket', '--tpm2', '--tpmstate', `dir=${state}`, '--server', `type=unixio,path=${socket}`]
  const control = ['--ctrl', `type=unixio,path=${socket}.ctrl`, '--flags', 'startup-clear,not-need-init']
  const child = spawn('swtpm', [...parameters, ...control], { stdio: 'ignore' })
  t.after(() => {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })
  const end = performance.now() + 60_000
  while (!existsSync(socket)) {
    if (child.exitCode !== null || performance.now() > end) throw new Error('swtpm does not start.')
    await setTimeout(10)
  }
  const tcti = `swtpm:path=${socket}`
  const run = (program: string, args: readonly string[]) =>
    execFileSync(program, args, { env: { ...process.env, TPM2TOOLS_TCTI: tcti }, stdio: 'ignore' })
  return {
    folder,
    tcti,
    /** As an administrator may have done. */
    setOwnerPassword: () => run('tpm2_changeauth', ['-c', 'owner', 'planted']),
    stop: () => child.kill('SIGKILL'),
    /** As what starts the machine does with what it starts. */
    extend: (register: number) => run('tpm2_pcrextend', [`${register}:sha256=${'ab'.repeat(32)}`]),
  }
}
