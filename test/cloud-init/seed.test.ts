/** Debian's own cloud-init at a server: it fetches a seed, finds the cloud-config valid, and writes the files. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { engines } from '../support/engines.ts'
import { missingInPython, pythonBeside } from '../support/python.ts'
import { startServer } from '../support/server.ts'

const missing = missingInPython('cloudinit')
// CI installs it, and never skips these.
if (process.env['CI'] === 'true') assert.equal(missing, false)

const ref = (name: string, filter = '') => `\${{secret.${name}${filter}}}`

/** What the data source finds by the kernel's command line, as it does at boot. */
const bootProgram = `
import os
from cloudinit import helpers
from cloudinit.sources import DataSourceNoCloud
os.environ["DEBUG_PROC_CMDLINE"] = "quiet ds=nocloud-net;s=" + data["url"]
paths = helpers.Paths({"cloud_dir": data["folder"], "run_dir": data["folder"]})
source = DataSourceNoCloud.DataSourceNoCloudNet({"datasource": {"NoCloud": {"fs_label": None}}}, None, paths)
out = {"found": source._get_data(), "seed": source.seed, "meta": source.metadata,
  "user": (source.userdata_raw or b"").decode(), "vendor": (source.vendordata_raw or b"").decode()}
`

/** What cloud-init's own module does with the user-data that the data source found. */
const writeProgram = `
import grp, logging, os, pwd
from cloudinit import util
from cloudinit.config import cc_write_files
class Distro:
  default_owner = pwd.getpwuid(os.getuid()).pw_name + ":" + grp.getgrgid(os.getgid()).gr_name
class Cloud:
  distro = Distro()
cc_write_files.handle("write_files", util.load_yaml(data["user"]), Cloud(), logging.getLogger(), [])
out = None
`

/** What its stage `init` does at each boot, as far as it has to do with who the machine is. */
const initProgram = `
import os
from cloudinit import sources, stages, util
from cloudinit.settings import PER_ALWAYS, PER_INSTANCE
os.environ["DEBUG_PROC_CMDLINE"] = "quiet ds=nocloud-net;s=" + data["url"]
class Init(stages.Init):
  def _read_cfg(self, extra_fns):
    return {
      "datasource_list": ["NoCloud", "None"],
      "datasource": {"NoCloud": {"fs_label": None}},
      "system_info": {"distro": "debian", "paths": {"cloud_dir": data["folder"], "run_dir": data["run"]}},
    }
init = Init(ds_deps=[sources.DEP_FILESYSTEM, sources.DEP_NETWORK])
init.initialize()
init.fetch(existing="check")
instance = init.instancify()
is_new = init.is_new_instance()
init.update()
ran, _ = init.cloudify().run("consume_data", init.consume_data, args=[PER_INSTANCE], freq=PER_INSTANCE)
if not ran:
  init.consume_data(PER_ALWAYS)
with open(init.paths.get_ipath("cloud_config")) as file:
  config = util.load_yaml(file.read())
hostname = init.datasource.get_hostname()
out = {"source": type(init.datasource).__name__, "instance": instance, "isNew": is_new, "ran": ran,
  "config": config, "hostname": getattr(hostname, "hostname", hostname)}
`

interface Booted {
  readonly found: boolean
  readonly seed: string
  readonly meta: Readonly<Record<string, unknown>>
  readonly user: string
  readonly vendor: string
}

function scratchFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-test-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

for (const engine of engines) {
  suite(`${engine.name}: cloud-init`, { skip: engine.skip || missing }, () => {
    test('boots from a seed: what it writes is what the secrets hold, byte for byte', async (t) => {
      const { api } = await startServer(t, engine)
      const folder = scratchFolder(t)
      const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
      const pem = key.export({ type: 'pkcs8', format: 'pem' }).toString()
      const keystore = randomBytes(3000)
      const password = `it's "s3cur3": \\ # ünï\t%`
      await api.post('/v3/secrets', { name: 'tls-key', value: pem })
      await api.post('/v3/secrets', { name: 'keystore', type: 'file', value: keystore.toString('base64') })
      await api.post('/v3/secrets', { name: 'db-password', value: password })
      const userData = [
        '#cloud-config',
        'users:',
        '  - name: app',
        '    shell: /bin/bash',
        'write_files:',
        `  - path: ${folder}/tls.key`,
        "    permissions: '0600'",
        '    content: |',
        `      ${ref('tls-key')}`,
        `  - path: ${folder}/keystore.p12`,
        '    encoding: b64',
        `    content: ${ref('keystore', ' | base64')}`,
        `  - path: ${folder}/app.env`,
        `    content: ${ref('db-password', ' | yaml')}`,
        'runcmd:',
        `  - [ sh, -c, ${ref('db-password', ' | yaml')} ]`,
        '',
      ].join('\n')
      const vendor_data = `#cloud-config\nhostname: ${ref('db-password', ' | yaml')}\n`
      const { url } = (await api.post('/v3/seeds', { user_data: userData, vendor_data, target: 'web-1' })).body

      const booted = (await pythonBeside(bootProgram, { url, folder })) as Booted

      assert.equal(booted.found, true)
      assert.equal(booted.seed, `cmdline,${url}`)
      assert.equal(booted.meta['instance-id'], 'web-1')
      assert.equal(booted.meta['local-hostname'], 'web-1')
      const rendered = (await api.post('/v3/render', { template: userData })).body.rendered
      assert.equal(booted.user, rendered)
      assert.notEqual(booted.vendor, '')
      writeFileSync(join(folder, 'user-data'), booted.user)
      const schema = spawnSync('cloud-init', ['schema', '--config-file', join(folder, 'user-data')], {
        encoding: 'utf8',
      })
      assert.equal(schema.status, 0, schema.stdout + schema.stderr)
      await pythonBeside(writeProgram, { user: booted.user })
      assert.equal(readFileSync(join(folder, 'tls.key'), 'utf8'), pem)
      assert.equal(statSync(join(folder, 'tls.key')).mode & 0o777, 0o600)
      assert.deepEqual(readFileSync(join(folder, 'keystore.p12')), keystore)
      assert.equal(readFileSync(join(folder, 'app.env'), 'utf8'), password)

      const later = (await pythonBeside(bootProgram, { url, folder })) as Booted
      assert.deepEqual([later.found, later.meta], [true, booted.meta])
      assert.doesNotMatch(JSON.stringify(later), /s3cur3/)
      const [deployment] = (await api.get('/v3/deployments')).body.deployments
      assert.deepEqual(
        deployment.secrets.map(({ name }: { name: string }) => name),
        ['tls-key', 'keystore', 'db-password'],
      )
    })

    test('takes a machine for the same at each boot, and for another only when its seed is gone', async (t) => {
      const { api } = await startServer(t, engine)
      const folder = scratchFolder(t)
      await api.post('/v3/secrets', { name: 'db-password', value: 's3cur3' })
      const user_data = `#cloud-config\nbootcmd:\n  - [echo, ${ref('db-password')}]\n`
      const meta_data = `instance-id: 0x10\nlocal-hostname: web\npassword: ${ref('db-password')}\n`
      const { url, id } = (await api.post('/v3/seeds', { user_data, meta_data, target: 'web-1' })).body
      // What is below /run is gone after each boot.
      const boot = (at: number) => pythonBeside(initProgram, { url, folder, run: join(folder, `run-${at}`) })

      const booted = [await boot(1), await boot(2), await boot(3)]
      await api.delete(`/v3/seeds/${id}`)

      const same = { source: 'DataSourceNoCloudNet', instance: '16', hostname: 'web' }
      const again = { ...same, isNew: false, ran: false, config: { preserve_hostname: true, manage_etc_hosts: false } }
      assert.deepEqual(booted, [
        { ...same, isNew: true, ran: true, config: { bootcmd: [['echo', 's3cur3']] } },
        again,
        again,
      ])
      const { source, isNew } = (await boot(4)) as { source: string; isNew: boolean }
      assert.deepEqual([source, isNew], ['DataSourceNone', true])
    })
  })
}
