/** Names that run code: a program that runs what a variable says never gets that variable from a secret. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isDangerous } from '../../action/src/variables.ts'
import { isSteering } from '../../src/formats/unsafe-variables.ts'
import { writeEntries } from '../../src/formats/write.ts'
import { missing } from '../formats/consumers.ts'
import { startPerson } from '../support/cli.ts'
import { preparedSuite } from '../support/prepared-suite.ts'

/** A program, the variable by which it runs something, and what that has to say so that `ran` is made. */
interface Attack {
  readonly variable: string
  readonly value: string
  readonly command: readonly string[]
}

const touch = 'touch "$PWD/ran"'
const attacks: readonly Attack[] = [
  { variable: 'ENV', value: './touch.sh', command: ['dash', '-i', '-c', 'true'] },
  { variable: 'BASH_ENV', value: './touch.sh', command: ['bash', '-c', 'true'] },
  { variable: 'PS4', value: '$(touch ran)', command: ['bash', '-xc', 'true'] },
  { variable: 'PATH', value: './bin:/usr/bin:/bin', command: ['sh', '-c', 'uname'] },
  { variable: 'ZDOTDIR', value: './zsh', command: ['zsh', '-c', 'true'] },
  { variable: 'MAKEFLAGS', value: '--eval=$(shell touch ran)', command: ['make', '-s'] },
  { variable: 'LEX', value: 'touch ran;', command: ['make', '-sB', 'scan.c'] },
  { variable: 'MAKEFILES', value: './evil.mk', command: ['make', '-s'] },
  { variable: 'NPM_CONFIG_SCRIPT_SHELL', value: './touch.sh', command: ['npm', 'run', '--silent', 'nothing'] },
  { variable: 'NODE_OPTIONS', value: '--require=./touch.cjs', command: ['node', '-e', '0'] },
  { variable: 'PYTHONWARNINGS', value: 'all:0:antigravity.x:0:0', command: ['python3', '-c', '0'] },
  { variable: 'PYTHONPATH', value: './py', command: ['/usr/bin/python3', '-c', '0'] },
  { variable: 'PERL5OPT', value: '-Mevil', command: ['perl', '-I.', '-e', '0'] },
  { variable: 'PERL5DB', value: 'BEGIN { system("touch ran") }', command: ['perl', '-d', '-e', '0'] },
  { variable: 'RUBYOPT', value: '-r./evil.rb', command: ['ruby', '-e', '0'] },
  { variable: 'GIT_SSH_COMMAND', value: touch, command: ['git', 'ls-remote', 'ssh://127.0.0.1:9/x'] },
  { variable: 'GIT_EXTERNAL_DIFF', value: './touch.sh', command: ['git', 'diff'] },
  { variable: 'GIT_CONFIG_PARAMETERS', value: "'alias.x=!touch ran'", command: ['git', 'x'] },
  { variable: 'JAVA_TOOL_OPTIONS', value: '-XX:OnError=x -XX:Flags=ran', command: ['java', '-version'] },
  {
    variable: 'TAR_OPTIONS',
    value: '--checkpoint=1 --checkpoint-action=exec=./touch.sh',
    command: ['tar', 'cf', 'x.tar', '.'],
  },
  { variable: 'APT_CONFIG', value: './apt.conf', command: ['apt-get', 'update'] },
  { variable: 'LESSOPEN', value: '|touch ran; cat %s', command: ['less', 'Makefile'] },
]

preparedSuite('A secret whose name is that of a variable by which a program runs code', async () => {
  const person = await startPerson({ after })
  const marker = join(person.folder, 'ran')
  prepare(person.folder)
  const fallen: string[] = []

  for (const { variable, value, command } of attacks) {
    const [program = ''] = command
    test(`does not reach ${program} as ${variable}`, { skip: missing(program) }, async () => {
      const run = (env: Record<string, string>) =>
        spawnSync(program, command.slice(1), {
          cwd: person.folder,
          env: { ...person.environment(), ...env },
          timeout: 20_000,
        })
      rmSync(marker, { force: true })
      run({})
      assert.equal(existsSync(marker), false)
      run({ [variable]: value })
      // Where the program does not fall for it, as some versions do not, there is nothing to see but the refusal.
      if (existsSync(marker)) fallen.push(`${program} ${variable}`)
      rmSync(marker, { force: true })
      const name = variable.toLowerCase().replaceAll('_', '-')
      await person.server.api.post('/v3/secrets', { name, value })

      const { code, stderr } = await person.run(['run', '--override', '--only', name, '--', ...command])

      assert.equal(code, 5, stderr)
      assert.match(stderr, /decides what programs do/)
      assert.equal(existsSync(marker), false)
    })
  }

  test('would run code in most of these programs, or the tests above would show nothing', () => {
    const tried = attacks.filter(({ command: [program = ''] }) => missing(program) === false)
    assert.ok(fallen.length * 3 >= tried.length * 2, `only ${fallen.join(', ')}`)
  })

  test('is refused by the action and by exports as well, in capitals and in small letters', () => {
    const others = [
      ...[
        'pythonwarnings',
        'perl5db',
        'lessopen',
        'npm_config_script_shell',
        'dotnet_startup_hooks',
        'goflags',
        'phprc',
      ],
      ...['rustc_wrapper', 'lua_init', 'openssl_conf', 'gconv_path', 'sudo_askpass', 'node_extra_ca_certs', 'ld_audit'],
      ...[
        'glibc_tunables',
        'prompt_command',
        'gnumakeflags',
        'gocacheprog',
        'cargo_build_rustc_wrapper',
        'https_proxy',
      ],
      ...[
        'restic_password_command',
        'borg_passcommand',
        'borg_rsh',
        'fzf_default_opts',
        'es_java_opts',
        'systemd_pager',
      ],
      ...['asan_symbolizer_path', 'rclone_password_command', 'cvs_editor', 'ripgrep_config_path', 'pyenv_hook_path'],
      ...['yacc', 'rm', 'automake', 'asan_options', 'gunicorn_cmd_args', 'django_settings_module', 'sops_gpg_exec'],
      ...['puppeteer_executable_path', 'gh_config_dir', 'mplbackend', 'aws_endpoint_url_s3', 'pgsslrootcert'],
      ...['readnullcmd', 'columns', 'histsize', 'ps1', 'aws_config_file', 'kubeconfig', 'ansible_config'],
    ]
    for (const name of [...attacks.map(({ variable }) => variable), ...others]) {
      for (const one of [name, name.toUpperCase(), name.toLowerCase()]) {
        assert.ok(isSteering(one), one)
        assert.ok(isDangerous(one), one)
      }
      for (const format of ['dotenv', 'shell', 'docker', 'github'] as const) {
        assert.throws(() => writeEntries([{ name, value: 'x' }], format, ''), /decides what programs do/, name)
      }
    }
  })

  test('is not what most secrets are called', () => {
    for (const name of [
      ...[
        'DB_PASSWORD',
        'DATABASE_URL',
        'NPM_TOKEN',
        'NODE_AUTH_TOKEN',
        'GITHUB_TOKEN',
        'GIT_TOKEN',
        'AWS_SECRET_ACCESS_KEY',
      ],
      ...[
        'SSH_PRIVATE_KEY',
        'GPG_PRIVATE_KEY',
        'PGPASSWORD',
        'CARGO_REGISTRY_TOKEN',
        'ANSIBLE_VAULT_PASSWORD',
        'TF_VAR_KEY',
        'RESTIC_PASSWORD',
        'RESTIC_REPOSITORY',
        'BORG_PASSPHRASE',
        'RCLONE_CONFIG_PASS',
        'KAFKA_PASSWORD',
        'SITE_EDITOR_KEY',
      ],
      ...[
        'NUGET_API_KEY',
        'RUBYGEMS_API_KEY',
        'UV_PUBLISH_TOKEN',
        'YARN_NPM_AUTH_TOKEN',
        'JAVA_KEYSTORE_PASSWORD',
        'NODE_ENV',
      ],
      ...[
        'PORT',
        'API_KEY',
        'SENTRY_DSN',
        'REDIS_URL',
        'BUNDLE_RUBYGEMS__PKG__GITHUB__COM',
        'LESSON_KEY',
        'VIMEO_TOKEN',
      ],
    ]) {
      assert.equal(isSteering(name), false, name)
    }
  })
})

function prepare(folder: string): void {
  const write = (path: string, text: string) => {
    writeFileSync(join(folder, path), text)
    chmodSync(join(folder, path), 0o755)
  }
  for (const below of ['bin', 'zsh', 'py']) mkdirSync(join(folder, below))
  write('touch.sh', '#!/bin/sh\ntouch ran\n')
  write('bin/uname', '#!/bin/sh\ntouch ran\n')
  write('zsh/.zshenv', 'touch ran\n')
  write('evil.mk', '$(shell touch ran)\n')
  write('apt.conf', 'APT::Update::Pre-Invoke { "./touch.sh"; };\nDir "./apt/";\n')
  write('Makefile', 'all:\n\t@true\n')
  write('scan.l', '\n')
  write('package.json', '{"scripts":{"nothing":"true"}}')
  write('touch.cjs', "require('node:fs').writeFileSync('ran', '')")
  write('py/sitecustomize.py', "open('ran', 'w')")
  write('evil.pm', 'package evil; system("touch ran"); 1;')
  write('evil.rb', 'File.write("ran", "")')
  const git = (...words: string[]) =>
    spawnSync('git', words, { cwd: folder, env: { PATH: process.env['PATH'] ?? '', HOME: folder } })
  git('init', '-q')
  git('add', 'Makefile')
  write('Makefile', 'all:\n\t@true\n# changed\n')
}
