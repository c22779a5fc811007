/** Whole machines boot from seeds, and boot again: after a shutdown, after power cuts, and while the server is away. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { engines } from '../support/engines.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { Machine, missingForMachines } from './machine/machine.ts'

const value = 'a-value-of-the-database'
const reference = `\${{secret.db}}`

/** With a value where each kind of module finds it: at every boot, once, and in a file; and a name that no target has. */
const userData = `#cloud-config
hostname: named-by-user-data
bootcmd:
  - [sh, -c, 'echo ${reference} >> /root/bootcmd']
write_files:
  - path: /etc/app.env
    permissions: '0600'
    content: ${reference}
runcmd:
  - [sh, -c, 'echo ${reference} >> /root/runcmd']
`

const keep = `  - path: /etc/cloud/cloud.cfg.d/99-keep.cfg
    content: |
      manual_cache_clean: true
runcmd:`

/** The user's network of QEMU leads there to this host's loopback. */
function asSeenByMachine(url: string): string {
  return url.replace('127.0.0.1', '10.0.2.2')
}

async function startWithSeed(t: Parameters<typeof startServer>[0], user_data = userData) {
  const [engine] = engines
  assert.ok(engine)
  const server = await startServer(t, engine)
  await server.api.post('/v3/secrets', { name: 'db', value })
  const made = await server.api.post('/v3/seeds', { user_data, target: 'web-1' })
  assert.equal(made.status, 201, made.text)
  return { server, url: asSeenByMachine(made.body.url), serial: `ds=nocloud-net;s=${asSeenByMachine(made.body.url)}` }
}

/** What must not change from boot to boot, and what happened since. */
interface State {
  readonly instance: string
  readonly source: string
  readonly name: string
  readonly hostKeys: string
  readonly errors: string
  readonly bootcmd: number
  readonly runcmd: number
  readonly file: string
}

const seen: Readonly<Record<keyof State, string>> = {
  instance: 'cat /var/lib/cloud/data/instance-id',
  source: 'cut -d: -f1 /var/lib/cloud/instance/datasource',
  name: 'hostname',
  hostKeys: 'sha256sum /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub',
  errors: `python3 -c 'import json; print(json.load(open("/var/lib/cloud/data/result.json"))["v1"]["errors"])'`,
  bootcmd: 'cat /root/bootcmd | wc -l',
  runcmd: 'cat /root/runcmd | wc -l',
  file: 'cat /etc/app.env',
}

/** All at once: each connection takes an emulated machine seconds. */
async function stateOf(machine: Machine): Promise<State> {
  await machine.booted()
  const border = '-- next --'
  const answer = await machine.run(`{ ${Object.values(seen).join(`; echo; echo "${border}"; `)}; } 2>/dev/null || true`)
  const [instance, source, name, hostKeys, errors, bootcmd, runcmd, file] = answer
    .split(border)
    .map((part) => part.trim())
  return {
    instance: instance ?? '',
    source: source ?? '',
    name: name ?? '',
    hostKeys: hostKeys ?? '',
    errors: errors ?? '',
    bootcmd: Number(bootcmd),
    runcmd: Number(runcmd),
    file: file ?? '',
  }
}

/** The files in which a text is, below what cloud-init writes and the logs. */
async function filesWith(machine: Machine, text: string, mode = ''): Promise<string[]> {
  const found = await machine.run(
    `find -L /var/lib/cloud/instances /var/lib/cloud/data /var/log /run/cloud-init -type f ${mode} -exec grep -lF ${text} {} +  || true`,
  )
  return found
    .split('\n')
    .filter((line) => line !== '' && !line.includes('/journal/'))
    .sort()
}

/** The block of the documents that says so. */
function documented(text: string): string {
  const document = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'cloud-init.md'), 'utf8')
  const block = [...document.matchAll(/```sh\n(.*?)```/gs)]
    .map(([, lines]) => lines ?? '')
    .find((one) => one.includes(text))
  return block ?? assert.fail(`No block has ${text}.`)
}

async function untilFetched({ api }: TestServer, machine: Machine): Promise<void> {
  while ((await api.get('/v3/seeds/1')).body.state !== 'used') {
    machine.assertUp()
    await setTimeout(10)
  }
}

suite('A machine with a seed in SMBIOS', { skip: missingForMachines() }, () => {
  test('is the same over three boots, one after a power cut, and gets its values once', async (t) => {
    const { server, url, serial } = await startWithSeed(t)
    const machine = new Machine(t)
    const token = new URL(url).pathname.split('/')[2] ?? ''

    await machine.powerOn({ serial })
    const first = await stateOf(machine)
    const withValue = await filesWith(machine, value)
    const withToken = await filesWith(machine, token, '-perm -o=r')
    await machine.run(documented('obj.pkl'))
    const left = await filesWith(machine, value)
    await machine.run('sync')
    await machine.cutPower()
    await machine.powerOn({ serial })
    const second = await stateOf(machine)
    await machine.shutDown()
    await machine.powerOn({ serial })
    const third = await stateOf(machine)

    assert.deepEqual(
      { ...first, hostKeys: '' },
      {
        instance: 'web-1',
        source: 'DataSourceNoCloudNet',
        name: 'named-by-user-data',
        hostKeys: '',
        errors: '[]',
        bootcmd: 1,
        runcmd: 1,
        file: value,
      },
    )
    assert.match(first.hostKeys, /ssh_host_ed25519_key/)
    assert.deepEqual(second, first)
    assert.deepEqual(third, first)
    const inInstance = ['cloud-config.txt', 'obj.pkl', 'scripts/runcmd', 'user-data.txt', 'user-data.txt.i']
    assert.deepEqual(
      withValue,
      inInstance.map((name) => `/var/lib/cloud/instances/web-1/${name}`),
    )
    assert.deepEqual(withToken, [
      '/run/cloud-init/ds-identify.log',
      '/run/cloud-init/instance-data.json',
      '/run/cloud-init/result.json',
      '/run/cloud-init/status.json',
      '/var/lib/cloud/data/previous-datasource',
      '/var/lib/cloud/data/result.json',
      '/var/lib/cloud/data/status.json',
      '/var/lib/cloud/instances/web-1/datasource',
      '/var/log/cloud-init.log',
    ])
    assert.deepEqual(left, [])
    assert.deepEqual(await filesWith(machine, value), [])
    const { state, fetches, refetched_at } = (await server.api.get('/v3/seeds/1')).body
    assert.deepEqual([state, fetches.user_data, refetched_at !== null], ['used', 1, true])
  })

  test('boots after a power cut right behind its fetch, without its values, and stays the same from then on', async (t) => {
    const { server, serial } = await startWithSeed(t)
    const machine = new Machine(t)

    await machine.powerOn({ serial })
    await untilFetched(server, machine)
    await machine.cutPower()
    await machine.powerOn({ serial })
    const second = await stateOf(machine)
    await machine.shutDown()
    await machine.powerOn({ serial })

    assert.deepEqual([second.instance, second.source, second.errors], ['web-1', 'DataSourceNoCloudNet', '[]'])
    assert.match(second.hostKeys, /ssh_host_ed25519_key/)
    assert.deepEqual([second.file, second.bootcmd, second.runcmd], ['', 0, 0])
    assert.deepEqual(await stateOf(machine), second)
  })

  const byCommandLine = (serial: string) => ({ commandLine: `${serial};i=web-1` })
  const bySerial = (serial: string) => ({ serial })
  for (const [how, template, atFirst, later, bootcmds] of [
    ['by its first user-data', userData.replace('runcmd:', keep), bySerial, bySerial, 2],
    ['by its first user-data, and has lost its URL,', userData.replace('runcmd:', keep), bySerial, () => ({}), 1],
    ['by the kernel command line', userData, byCommandLine, byCommandLine, 2],
  ] as const) {
    test(`that is told ${how} to keep its data boots while the server is away`, async (t) => {
      const { server, serial } = await startWithSeed(t, template)
      const machine = new Machine(t)

      await machine.powerOn(atFirst(serial))
      const first = await stateOf(machine)
      await server.stop()
      await machine.shutDown()
      await machine.powerOn(later(serial))
      const second = await stateOf(machine)

      assert.deepEqual([first.instance, first.file, first.errors], ['web-1', value, '[]'])
      assert.deepEqual(second, { ...first, bootcmd: bootcmds })
    })
  }
})
