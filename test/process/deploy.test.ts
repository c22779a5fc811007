/** The files of a deployment name what there is: settings, paths, and the same Node as everywhere. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { settings } from '../../src/settings.ts'

const root = join(import.meta.dirname, '..', '..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const files = ['Dockerfile', 'compose.yaml', 'deploy/strongroom.service', 'deploy/strongroom.env']

suite('The files of a deployment', () => {
  test('set only settings that there are', () => {
    const known = new Set(settings.map(({ name }) => name))
    for (const file of files) {
      for (const [name] of read(file).matchAll(/\bSTRONGROOM_[A-Z_]+\b/g))
        assert.ok(known.has(name), `${file}: ${name}`)
    }
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
    assert.deepEqual(new Set(stages), new Set([`\${NODE_IMAGE}`]))
    assert.equal(/^ARG NODE_IMAGE=node:(\d+)/m.exec(read('Dockerfile'))?.[1], oldest)
    assert.match(read('Dockerfile'), /^USER node$/m)
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
})
