/** The files of a deployment name what there is: settings, paths, and the same Node as everywhere. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { settings } from '../../src/settings.ts'

const root = join(import.meta.dirname, '..', '..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const files = [
  'Dockerfile',
  'compose.yaml',
  'deploy/strongroom.service',
  'deploy/strongroom.env',
  'deploy/strongroom-host',
]

suite('The files of a deployment', () => {
  test('set only settings that there are', () => {
    const known = new Set(settings.map(({ name }) => name))
    for (const file of files) {
      for (const [name] of read(file).matchAll(/\bSTRONGROOM_[A-Z_]+\b/g))
        assert.ok(known.has(name), `${file}: ${name}`)
    }
  })

  test('are YAML, which no program reads in another way: no key stands twice', () => {
    const paths = globSync(['*.{yaml,yml}', 'deploy/**/*.yaml', 'docs/**/*.yaml'], { cwd: root })
    const whole = paths.filter((path) => !path.includes('/templates/')).map((path) => [path, read(path)] as const)
    const shown = globSync('docs/**/*.md', { cwd: root }).flatMap((path) => {
      return [...read(path).matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, text = '']) => [path, text] as const)
    })
    for (const [path, text] of [...whole, ...shown]) {
      for (const { errors } of parseAllDocuments(text)) assert.deepEqual(errors, [], path)
    }
    assert.ok(whole.length > 5 && shown.length > 5)
  })

  test('copy only what there is, and all that a build needs', () => {
    const copied = [...read('Dockerfile').matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, words = '']) =>
      words.split(' '),
    )
    const allowed = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1))
    for (const path of copied) {
      assert.ok(existsSync(join(root, path)), path)
      assert.ok(allowed.includes(path), `${path} is not in .dockerignore`)
    }
  })

  test('copy what the scripts of the build import', () => {
    const copied = new Set([...read('Dockerfile').matchAll(/\bscripts\/[\w-]+\.ts\b/g)].map(([path]) => String(path)))
    for (const script of copied) {
      for (const [, name = ''] of read(script).matchAll(/^(?:import .*|export .*|\}) from '\.\/([^']+)'/gm))
        assert.ok(copied.has(`scripts/${name}`), name)
    }
    assert.ok(copied.size > 1)
  })

  test('ship the server and the portal, both built before', () => {
    const dockerfile = read('Dockerfile')
    const [, shipped = ''] = dockerfile.split(/^FROM .*$/m).slice(1)
    for (const part of ['node_modules', 'dist', 'portal/dist']) {
      assert.match(shipped, new RegExp(`^COPY --from=build /app/${part} ${part}$`, 'm'))
    }
    // `prepare` builds the portal, whose sources are not there yet.
    assert.match(dockerfile, /npm ci --ignore-scripts[\s\S]*COPY portal portal[\s\S]*npm run build:portal/)
    assert.match(read('docs/deployment.md'), /cp -r portal\/dist \/opt\/strongroom\/portal\//)
  })

  test('run the Node that the package asks for, never as root, and never write a core', () => {
    const oldest = /\d+/.exec(JSON.parse(read('package.json')).engines.node)?.[0]
    const stages = [...read('Dockerfile').matchAll(/^FROM (\S+)/gm)].map(([, image]) => image)
    assert.deepEqual(stages, [`\${NODE_IMAGE}`, 'scratch'])
    assert.equal(/^ARG NODE_IMAGE=node:(\d+)/m.exec(read('Dockerfile'))?.[1], oldest)
    assert.match(read('Dockerfile'), /^USER 1000:1000$/m)
    assert.match(read('compose.yaml'), /core: 0/)
    const unit = read('deploy/strongroom.service')
    for (const line of [
      'LimitCORE=0',
      'DynamicUser=yes',
      'NoNewPrivileges=yes',
      'ProtectSystem=strict',
      'UMask=0077',
    ]) {
      assert.ok(unit.includes(`\n${line}\n`), line)
    }
  })

  test('give the server the time that it needs to stop', () => {
    const least = 25
    const inUnit = Number(/^TimeoutStopSec=(\d+)s$/m.exec(read('deploy/strongroom.service'))?.[1])
    const inCompose = Number(/stop_grace_period: (\d+)s/.exec(read('compose.yaml'))?.[1])
    for (const seconds of [inUnit, inCompose]) assert.ok(seconds > least, String(seconds))
  })

  const isRoot = process.platform === 'linux' && process.getuid?.() === 0
  test('make an image of what Node needs, a user and their folder', { skip: !isRoot && 'chroot is for root' }, (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'sr-image-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const node = { ...process.env, PATH: `${join(process.execPath, '..')}:${process.env['PATH']}` }
    execFileSync('sh', [join(root, 'scripts/image-root.sh'), folder], { env: node })

    // Which the engine makes.
    writeFileSync(join(folder, 'root/etc/hosts'), '127.0.0.1 localhost\n')
    const program =
      "require('node:dns').lookup('localhost', (e) => console.log(e, require('node:os').userInfo().username, new Intl.NumberFormat('de').format(1000)))"
    const inside = ['--userspec=1000:1000', join(folder, 'root'), '/usr/local/bin/node', '-e', program]
    assert.equal(
      execFileSync('chroot', inside, { encoding: 'utf8', env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } }),
      'null node 1.000\n',
    )
    const { mode } = statSync(join(folder, 'owned/data'))
    assert.equal(mode & 0o777, 0o700)
    assert.ok(!existsSync(join(folder, 'root/bin/sh')))
  })
})
