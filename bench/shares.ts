/** Holds processes to a part of a processor, by control groups of either version (cgroups(7)). Only root may. */
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const periodMicros = 100_000

export interface Held {
  /** What holds it, in words. */
  readonly by: string
  /** Once the process has ended. */
  release(): void
}

/** @throws when control groups cannot be written here */
export function hold(pid: number, share: number): Held {
  const quota = Math.round(periodMicros * share)
  const isSecond = existsSync('/sys/fs/cgroup/cgroup.controllers')
  const folder = join(isSecond ? '/sys/fs/cgroup' : '/sys/fs/cgroup/cpu', `strongroom-bench-${pid}`)
  if (isSecond) writeFileSync('/sys/fs/cgroup/cgroup.subtree_control', '+cpu')
  mkdirSync(folder)
  if (isSecond) writeFileSync(join(folder, 'cpu.max'), `${quota} ${periodMicros}`)
  else {
    writeFileSync(join(folder, 'cpu.cfs_period_us'), String(periodMicros))
    writeFileSync(join(folder, 'cpu.cfs_quota_us'), String(quota))
  }
  writeFileSync(join(folder, 'cgroup.procs'), String(pid))
  const by = `${isSecond ? 'cpu.max' : 'cpu.cfs_quota_us'} of ${quota} in ${periodMicros} µs`
  return { by, release: () => rmdirSync(folder) }
}
