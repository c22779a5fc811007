/**
 * The container image, built and run by podman as docs/deployment.md says. What stands in for the image of Node.js is a Debian of
 * `mmdebstrap` with the Node.js and the npm of this machine.
 */
import assert from 'node:assert/strict'
import { chmodSync, chownSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { Api } from '../support/api.ts'
import { freePort } from '../support/free-port.ts'
import { missingForPodman, Podman } from './podman/podman.ts'

const root = join(import.meta.dirname, '..', '..')

const skip = missingForPodman()
if (skip !== false) console.error(`The container image is not tried: ${skip}.`)

suite('The container image', { skip }, () => {
  test('is built, small, and runs as docs/deployment.md says: no root, nothing to write, healthy, stopped in order', async (t) => {
    const podman = new Podman(t)
    const node = 'localhost/node'
    await podman.makeNodeImage(node)
    const how = ['--format', 'docker', '--network', 'host', '--build-arg', `NODE_IMAGE=${node}`, '--tag', 'strongroom']
    await podman.tell('build', ...how, root)
    const [image] = JSON.parse(await podman.tell('inspect', 'strongroom'))
    assert.equal(image.Config.User, '1000:1000')
    // As podman says it; others in its configuration.
    const health = JSON.stringify(image.Healthcheck ?? image.Config.Healthcheck)
    assert.match(health, /"health"/)
    assert.ok(image.Size < 200e6, `${image.Size} bytes`)

    const key = join(podman.folder, 'root.key')
    writeFileSync(key, Buffer.alloc(32, 7).toString('base64url'))
    chownSync(key, 1000, 1000)
    chmodSync(key, 0o400)
    const port = await freePort()
    const bounds = ['--read-only', '--tmpfs', '/tmp', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges']
    const places = ['-v', 'strongroom:/data', '-v', `${key}:/run/root.key:ro`, '-p', `127.0.0.1:${port}:4600`]
    const env = ['-e', 'STRONGROOM_ROOT_KEY_FILE=/run/root.key']
    const run = ['--detach', '--name', 'sr', '--ulimit', 'host', '--stop-timeout', '30', ...bounds, ...places, ...env]
    await podman.tell('run', ...run, 'strongroom')
    await podman.untilHealthy('sr')

    const log = await podman.tell('logs', 'sr')
    assert.match(log, /http:\/\/localhost:\d+\/portal\/welcome#/)
    const api = new Api(`http://127.0.0.1:${port}`, /^ +(sr_\w{49})$/m.exec(log)?.[1] ?? '')
    assert.equal((await api.post('/v3/secrets', { name: 'kept', value: 'in the volume' })).status, 201)
    assert.match(await podman.tell('exec', 'sr', 'node', 'dist/main.js', 'account', 'list'), /default/)
    await podman.tell('kill', '--signal', 'HUP', 'sr')
    assert.equal((await api.get('/v3/secrets/1')).body.value, 'in the volume')
    await podman.tell('stop', 'sr')
    assert.equal(await podman.tell('inspect', '--format', '{{.State.ExitCode}}', 'sr'), '0')
    await podman.tell('start', 'sr')
    await podman.untilHealthy('sr')
    assert.equal((await api.get('/v3/secrets/1')).body.value, 'in the volume')
    const verify = ['exec', 'sr', 'node', 'dist/main.js', 'audit', 'verify']
    // It ends with 3: no checkpoint from outside was given.
    assert.match(await podman.tell(...verify).catch((error) => String(error.stdout)), /records hold/)
  })
})
