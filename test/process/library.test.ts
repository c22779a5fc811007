/** Where the library that the pinned Node.js needs is missing, as on plain Debian, what is started says so. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { suite, test } from 'node:test'
import { makeFolder } from '../support/engines.ts'

const root = join(import.meta.dirname, '..', '..')
const sentence =
  /^strongroom: Node\.js needs the library libatomic\.so\.1, which is not installed\. Debian and Ubuntu: "apt-get install libatomic1"/m

/** A shell in a world of its own, in which the library is not there. */
function without(script: string) {
  const folder = makeFolder()
  const library = /\/[^\0]*\/libatomic\.so\.1(?=\0)/.exec(readFileSync('/etc/ld.so.cache', 'latin1'))?.[0] ?? ''
  const hidden = `
    set -e
    mount -t tmpfs tmpfs "$1"
    mkdir "$1/all" "$1/rest"
    mount --bind "$2" "$1/all"
    for file in "$1"/all/*; do
      case $file in */libatomic.so.1*) ;; *) ln -s "$file" "$1/rest/" ;; esac
    done
    mount --bind "$1/rest" "$2"
    cd "$3"
    ${script}
  `
  try {
    return spawnSync('unshare', ['-m', 'sh', '-c', hidden, 'sh', folder, dirname(library), root], {
      encoding: 'utf8',
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: process.env['HOME'] },
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function reasonToSkip(): string | false {
  if (process.platform !== 'linux') return 'Only on Linux is there such a library.'
  const { status } = without('npm --version >/dev/null')
  return status === 0 ? false : 'Needs to mount, and an npm that runs without the library.'
}

suite('Without libatomic', { skip: reasonToSkip() }, () => {
  test('npm start and the preparation of npm ci name the package that has it, and fail', () => {
    for (const script of ['npm start', 'npm run prepare']) {
      const { status, stderr } = without(script)
      assert.notEqual(status, 0)
      assert.match(stderr, sentence, script)
    }
  })

  test('the command names it too, under an older Node.js', (t) => {
    const [, major = '26'] = /^v(\d+)/.exec(without('/usr/bin/node --version').stdout) ?? []
    if (Number(major) >= 26) return t.skip('The Node.js of this machine is no older one.')
    const { status, stderr } = without('/usr/bin/node bin/strongroom.js --version')
    assert.equal(status, 1)
    assert.match(stderr, sentence)
    assert.doesNotMatch(stderr, /error while loading/)
  })
})

test('With it, the check passes and says nothing', () => {
  const { status, stdout, stderr } = spawnSync('sh', ['bin/check-node.sh'], { cwd: root, encoding: 'utf8' })
  assert.deepEqual([status, stdout, stderr], [0, '', ''])
})
