/** Podman with a storage of its own, and images that stand in for those of registries. */
import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Lasting } from '../../support/server.ts'
import { type Debian, readyDebian } from '../debian.ts'

const authorities = '/etc/ssl/certs/ca-certificates.crt'
const forNode: Debian = { name: 'container', packages: 'ca-certificates,libatomic1,binutils' }
const forPostgres: Debian = { name: 'postgres', packages: 'postgresql' }

/** Why these tests are passed over; `false` when all is there. */
export function missingForPodman(): string | false {
  if (process.getuid?.() !== 0) return 'mmdebstrap and podman run as root here'
  const absent = ['podman', 'runc', 'mmdebstrap', 'npm'].filter(
    (name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0,
  )
  return absent.length > 0 ? `${absent.join(', ')}: not installed` : false
}

/** All that it makes is gone when the test ends. */
export class Podman {
  readonly folder = mkdtempSync('/var/tmp/strongroom-podman-')
  /** The command with its places, for programs that call it. */
  readonly command = join(this.folder, 'podman')

  constructor(t: Lasting) {
    const settings = join(this.folder, 'containers.conf')
    const sections = [
      // Neither may be set by a root that lacks CAP_SYS_RESOURCE; crun does not take cgroups of both versions.
      '[containers]\ndefault_ulimits = []\n[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\n',
      `[network]\nnetwork_config_dir = "${join(this.folder, 'networks')}"\n`,
    ]
    writeFileSync(settings, sections.join(''))
    const places = `--root ${join(this.folder, 'root')} --runroot ${join(this.folder, 'run')}`
    const lines = ['#!/bin/sh', `export CONTAINERS_CONF=${settings}`, `exec podman ${places} "$@"`]
    writeFileSync(this.command, `${lines.join('\n')}\n`, { mode: 0o755 })
    t.after(() => this.#end())
  }

  /** @returns what it prints, of both streams */
  async tell(...parameters: readonly string[]): Promise<string> {
    const options = { maxBuffer: 2 ** 26, timeout: 1_500_000 }
    const { stdout, stderr } = await promisify(execFile)(this.command, parameters, options)
    return `${stdout}${stderr}`.trim()
  }

  /** Has the container's health checked as an engine does, until it is healthy. */
  async untilHealthy(container: string): Promise<void> {
    const end = performance.now() + 300_000
    for (;;) {
      const why = await this.tell('healthcheck', 'run', container).then(
        () => undefined,
        (error) => String(error),
      )
      if (why === undefined) return
      if (performance.now() > end) throw new Error(`${why}\n${await this.tell('logs', container)}`)
      await setTimeout(500)
    }
  }

  /** An image that has what the build asks of that of Node.js: the Node.js and the npm of this machine. */
  async makeNodeImage(tag: string): Promise<void> {
    const folder = join(this.folder, 'node')
    mkdirSync(folder)
    cpSync(process.execPath, join(folder, 'node'))
    const npm = execFileSync('sh', ['-c', 'readlink -f "$(command -v npm)"'], { encoding: 'utf8' }).trim()
    cpSync(resolve(npm, '../..'), join(folder, 'npm'), { recursive: true })
    if (existsSync(authorities)) cpSync(authorities, join(folder, 'authorities.pem'))
    else writeFileSync(join(folder, 'authorities.pem'), '')
    await this.#build(folder, forNode, tag, [
      'COPY node /usr/local/bin/node',
      'COPY npm /usr/local/lib/npm',
      `COPY authorities.pem ${authorities}`,
      `ENV NODE_EXTRA_CA_CERTS=${authorities}`,
      'RUN ln -s ../lib/npm/bin/npm-cli.js /usr/local/bin/npm && ln -s ../lib/npm/bin/npx-cli.js /usr/local/bin/npx',
    ])
  }

  /** An image of Debian's PostgreSQL that heeds the settings which the official one has (`postgres.sh`). */
  async makePostgresImage(tag: string): Promise<void> {
    const folder = join(this.folder, 'postgres')
    mkdirSync(folder)
    cpSync(join(import.meta.dirname, 'postgres.sh'), join(folder, 'postgres.sh'))
    await this.#build(folder, forPostgres, tag, [
      'RUN ln -s /usr/lib/postgresql/*/bin/* /usr/local/bin/',
      'COPY postgres.sh /',
      'VOLUME /var/lib/postgresql/data',
      'STOPSIGNAL SIGINT',
      'ENTRYPOINT ["sh", "/postgres.sh"]',
    ])
  }

  async #build(folder: string, debian: Debian, tag: string, lines: readonly string[]): Promise<void> {
    const base = `localhost/debian-${debian.name}`
    await this.tell('import', '--quiet', readyDebian(debian), base)
    writeFileSync(join(folder, 'Dockerfile'), `${[`FROM ${base}`, ...lines].join('\n')}\n`)
    await this.tell('build', '--network', 'host', '--tag', tag, folder)
  }

  async #end(): Promise<void> {
    const endings = [
      ['pod', 'rm', '--all', '--force'],
      ['rm', '--all', '--force', '--volumes'],
      ['network', 'prune', '--force'],
      ['volume', 'prune', '--force'],
      ['rmi', '--all', '--force'],
    ]
    for (const ending of endings) await this.tell(...ending).catch(() => {})
    spawnSync('umount', ['-R', join(this.folder, 'root', 'overlay')])
    rmSync(this.folder, { recursive: true, force: true })
  }
}
