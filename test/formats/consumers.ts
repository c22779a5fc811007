/** Who reads what is exported: the programs themselves, and readers written from their documented rules. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { missingInPython, python } from '../support/python.ts'

export type Read = Readonly<Record<string, string>>

/** Why a program's tests are passed over; `false` when it is there. */
export function missing(program: string): string | false {
  const { status } = spawnSync('which', [program], { stdio: 'ignore' })
  return status === 0 ? false : `${program} is not installed`
}

export function inFile<T>(name: string, text: string, use: (path: string, folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-test-'))
  try {
    writeFileSync(join(folder, name), text)
    return use(join(folder, name), folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What a shell has in its variables after the file. The values cross with NUL between them, which none can have. */
export function readByShell(shell: string, text: string, names: readonly string[]): Read {
  return inFile('env.sh', text, (path) => {
    const shown = names.map((name) => `printf '%s\\0' "$${name}"`).join('; ')
    const out = execFileSync(shell, ['-c', `. ${path}; ${shown}`], {
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const values = out.toString().split('\0')
    return Object.fromEntries(names.map((name, at) => [name, values[at] ?? '']))
  })
}

/** docker/cli, opts/file.go: lines without their end, blanks before a name and comments dropped, the rest as it is. */
export function readAsDocker(text: string): Read {
  const found: Record<string, string> = {}
  for (const raw of text.split('\n')) {
    const line = raw.replace(/\r$/, '').replace(/^[ \t]+/, '')
    if (line === '' || line.startsWith('#')) continue
    const at = line.indexOf('=')
    if (at > 0) found[line.slice(0, at)] = line.slice(at + 1)
  }
  return found
}

/** What the client of Docker asks its daemon to make: here one that only listens. */
export async function readByDocker(text: string): Promise<Read> {
  let env: readonly string[] = []
  const daemon = createServer(async (request, response) => {
    const isCreate = request.method === 'POST' && /\/containers\/create/.test(request.url ?? '')
    if (isCreate) {
      const asked = (await json(request)) as { Env: readonly string[] }
      env = asked.Env
    }
    response.writeHead(isCreate ? 201 : 200, { 'content-type': 'application/json', 'api-version': '1.48' })
    response.end(isCreate ? '{"Id":"0123456789ab","Warnings":[]}' : '{}')
  })
  daemon.listen(0, '127.0.0.1')
  await once(daemon, 'listening')
  const { port } = daemon.address() as AddressInfo
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-test-'))
  writeFileSync(join(folder, 'env'), text)
  const host = `tcp://127.0.0.1:${port}`
  const child = spawn('docker', ['create', '--pull', 'never', '--env-file', join(folder, 'env'), 'image'], {
    env: { PATH: process.env['PATH'] ?? '', DOCKER_HOST: host, DOCKER_CONFIG: folder },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const [code] = await once(child, 'exit')
  daemon.close()
  daemon.closeAllConnections()
  rmSync(folder, { recursive: true, force: true })
  if (code !== 0) throw new Error(`docker ended with ${code}`)
  return Object.fromEntries(env.map((one) => [one.slice(0, one.indexOf('=')), one.slice(one.indexOf('=') + 1)]))
}

/** GitHub's documentation of environment files, "Multiline strings": up to the line that is the delimiter alone. */
export function readAsGithub(text: string): Read {
  const found: Record<string, string> = {}
  const lines = text.split('\n')
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? ''
    if (line === '') continue
    const [, name = '', end = ''] = /^([^=<]+)<<(.+)$/.exec(line) ?? []
    if (name === '') throw new Error(`No variable begins at line ${at + 1}.`)
    const last = lines.indexOf(end, at + 1)
    if (last < 0) throw new Error('The delimiter is not there.')
    found[name] = lines.slice(at + 1, last).join('\n')
    at = last
  }
  return found
}

/** HCL's native syntax, "Quoted Literals" and "Template Interpolations": `name = "…"`, nothing else. */
export function readAsHcl(text: string): Read {
  const found: Record<string, string> = {}
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const [, name = '', inside = ''] = /^([\p{ID_Start}_][\p{ID_Continue}-]*) = "((?:[^"\\]|\\.)*)"$/u.exec(line) ?? []
    if (name === '') throw new Error('A line is no attribute.')
    const template = /\\u([0-9a-f]{4})|\\(.)|\$\$\{|%%\{|[$%]\{/gi
    found[name] = inside
      .replaceAll(template, (all, code: string | undefined, letter: string | undefined) => {
        if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16))
        if (letter !== undefined) return { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' }[letter] ?? fail(all)
        return all.length === 3 ? all.slice(1) : fail(all)
      })
      .normalize('NFC')
  }
  return found
}

function fail(what: string): never {
  throw new Error(`${what} means something.`)
}

export function readByTerraform(text: string, names: readonly string[]): Read {
  return inFile('values.tfvars', text, (path, folder) => {
    const declared = names.map((name) => `variable "${name}" { type = string }\n`).join('')
    writeFileSync(join(folder, 'main.tf'), declared)
    const all = `base64encode(jsonencode({${names.map((name) => `"${name}" = var.${name}`).join(', ')}}))\n`
    const out = execFileSync('terraform', [`-chdir=${folder}`, 'console', `-var-file=${path}`], {
      input: all,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] ?? '', HOME: folder, CHECKPOINT_DISABLE: '1' },
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    return JSON.parse(Buffer.from(out.trim().slice(1, -1), 'base64').toString()) as Read
  })
}

interface Reader {
  readonly name: string
  readonly missing: string | false
}

/** Programs that read dotenv files: many at once, and which entries this one is able to read at all. */
type DotenvReader = readonly [
  Reader,
  readAll: (texts: readonly string[]) => readonly Read[],
  canRead: (name: string, value: string) => boolean,
]

export const dotenvReaders: readonly DotenvReader[] = [
  [{ name: "Python's dotenv", missing: missingInPython('dotenv') }, readByPython, () => true],
  // Debian's version knows neither values of several lines nor names with a hyphen.
  [
    { name: "Ruby's dotenv", missing: missingRubyDotenv() },
    readByRuby,
    (name, value) => !/[\r\n]/.test(value) && /^[\w.]+$/.test(name),
  ],
]

/** From files, as programs do, so that line ends are what they are in files. */
function readByPython(texts: readonly string[]): readonly Read[] {
  const program = `
import dotenv, logging, os, tempfile
logging.disable()
out = []
for text in data:
    file = tempfile.NamedTemporaryFile(mode='w', newline='', encoding='utf-8', delete=False)
    file.write(text)
    file.close()
    out.append({name: value for name, value in dotenv.dotenv_values(file.name).items()})
    os.unlink(file.name)
`
  return python(program, texts) as readonly Read[]
}

function missingRubyDotenv(): string | false {
  const { status } = spawnSync('ruby', ['-rdotenv', '-e', '0'], { stdio: 'ignore' })
  return status === 0 ? false : "Ruby's dotenv is not installed"
}

function readByRuby(texts: readonly string[]): readonly Read[] {
  const program = 'puts JSON.generate(JSON.parse(STDIN.read).map { |text| Dotenv::Parser.call(text) })'
  const out = execFileSync('ruby', ['-rdotenv', '-rjson', '-e', program], {
    input: JSON.stringify(texts),
    env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C.UTF-8' },
    maxBuffer: 2 ** 28,
  })
  return JSON.parse(out.toString()) as readonly Read[]
}
