/** The command `strongroom` as a person or a pipeline uses it, against a real server. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startAccount } from './account.ts'
import { engines, type TestEngine } from './engines.ts'
import { runInProcess } from './in-process.ts'
import { main } from './main.ts'
import { pythonBeside } from './python.ts'
import { type Lasting, startServer, type TestAccount, type TestOptions, type TestServer } from './server.ts'

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly bytes: Buffer
  readonly stderr: string
}

export interface Typed {
  /** On standard input, which ends then. */
  readonly input?: string | Buffer
  readonly env?: Readonly<Record<string, string>>
}

/** What a person waits for on the terminal, and what they type then. */
export type Step = readonly [expected: string, typed: string]

/** Somebody who has the command, a folder, and maybe a server. */
export class Person {
  readonly server: TestAccount
  /** Where they are, and where their settings are kept. */
  readonly folder: string
  /** Of whatever they type. */
  env: Record<string, string>

  constructor(server: TestAccount, folder: string) {
    this.server = server
    this.folder = folder
    this.env = { STRONGROOM_URL: server.url, STRONGROOM_API_KEY: server.api.key }
  }

  get configFolder(): string {
    return join(this.folder, 'config', 'strongroom')
  }

  environment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
    const { PATH = '' } = process.env
    return { PATH, HOME: this.folder, XDG_CONFIG_HOME: join(this.folder, 'config'), ...this.env, ...more }
  }

  /** Starts it, for a test that does something meanwhile. */
  start(words: readonly string[], { env = {} }: Typed = {}): ChildProcess {
    return spawn(process.execPath, [main, ...words], { cwd: this.folder, env: this.environment(env) })
  }

  /** Runs it to its end, without a terminal: in the test's process, but for what that cannot show. */
  async run(words: readonly string[], typed: Typed = {}): Promise<Ended> {
    const env = this.environment(typed.env)
    if (needsProcess(words, env)) return this.runAlone(words, typed)
    const { code, stdout: bytes, stderr } = await runInProcess(words, { ...typed, env, folder: this.folder })
    return { code, signal: null, bytes, stdout: bytes.toString(), stderr: stderr.toString() }
  }

  /** The same as a process of its own. */
  async runAlone(words: readonly string[], typed: Typed = {}): Promise<Ended> {
    const child = this.start(words, typed)
    child.stdin?.end(typed.input ?? '')
    return ending(child)
  }

  /** Runs it on a terminal. @returns all that was shown, and how it ended */
  async onTerminal(
    words: readonly string[],
    steps: readonly Step[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<Shown> {
    return runOnTerminal(words, { folder: this.folder, env: this.environment(env), steps })
  }
}

/** Whether it hands its input and output to others, or Node.js is told something as it starts. */
function needsProcess(words: readonly string[], env: Readonly<Record<string, string>>): boolean {
  return (
    ['run', 'edit', '--exec'].some((word) => words.includes(word)) ||
    Object.keys(env).some((name) => name.startsWith('NODE_'))
  )
}

/** All that was shown on a terminal, how it ended, and what was typed that nobody has read. */
export interface Shown {
  readonly text: string
  readonly code: number
  readonly rest: string
}

export interface OnTerminal {
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  readonly steps?: readonly Step[]
}

/** Runs the command on a terminal. @returns all that was shown, and how it ended */
export async function runOnTerminal(words: readonly string[], { folder, env, steps = [] }: OnTerminal): Promise<Shown> {
  const argv = [process.execPath, main, ...words]
  const found = await pythonBeside(terminal, { argv, folder, env: { TERM: 'xterm', ...env }, steps })
  return found as Shown
}

/** Waits for the end of a process, and for all that it printed. */
export async function ending(child: ChildProcess): Promise<Ended> {
  const [out, errors]: [Buffer[], Buffer[]] = [[], []]
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr?.on('data', (chunk: Buffer) => errors.push(chunk))
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.once('close', (...how) => resolve(how))
  })
  const bytes = Buffer.concat(out)
  return { code, signal, bytes, stdout: bytes.toString(), stderr: Buffer.concat(errors).toString() }
}

/** A person with a new account, and a new folder that is gone when the test ends. */
export async function startPerson(t: Lasting): Promise<Person> {
  return personOf(t, await startAccount(t, sqlite()))
}

/** The same with a server of their own, which a test may stop. */
export async function startPersonWithServer(
  t: Lasting,
  options: TestOptions = {},
): Promise<{ person: Person; server: TestServer }> {
  const server = await startServer(t, sqlite(), options)
  return { person: personOf(t, server), server }
}

function sqlite(): TestEngine {
  const [first] = engines
  if (first === undefined) throw new Error('There is no engine.')
  return first
}

function personOf(t: Lasting, account: TestAccount): Person {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-person-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return new Person(account, folder)
}

const terminal = `
import fcntl, os, pty, select, signal, struct, termios
signal.alarm(60)
fd, own = pty.openpty()
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', 40, 120, 0, 0))
pid = os.fork()
if pid == 0:
    os.setsid()
    fcntl.ioctl(own, termios.TIOCSCTTY, 0)
    for standard in range(3):
        os.dup2(own, standard)
    os.closerange(3, 64)
    os.chdir(data['folder'])
    os.execve(data['argv'][0], data['argv'], data['env'])
text, seen, steps, ended = b'', 0, list(data['steps']), 0
while True:
    if not select.select([fd], [], [], 0.05)[0]:
        if ended:
            break
        ended, status = os.waitpid(pid, os.WNOHANG)
        continue
    text += os.read(fd, 65536)
    while steps and steps[0][0].encode() in text[seen:]:
        expected, typed = steps.pop(0)
        seen = text.index(expected.encode(), seen) + len(expected)
        left = typed.encode()
        while left:
            left = left[os.write(fd, left):]
# What a shell would be given next.
how = termios.tcgetattr(own)
how[3] &= ~(termios.ICANON | termios.ECHO)
termios.tcsetattr(own, termios.TCSANOW, how)
os.set_blocking(own, False)
rest = b''
while select.select([own], [], [], 0.2)[0]:
    rest += os.read(own, 65536)
out = {'text': text.decode(errors='replace'), 'code': os.waitstatus_to_exitcode(status), 'rest': rest.decode(errors='replace')}
`
