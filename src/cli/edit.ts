/** `strongroom secrets edit`: a value in the editor of whoever typed it. */
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { versionTag } from '../client/answer.ts'
import { Conflict } from '../client/errors.ts'
import type { NewValue } from '../client/model.ts'
import type { Strongroom } from '../client/strongroom.ts'
import { connect } from './connection.ts'
import type { RemoteOptions } from './define.ts'
import { findSecret } from './find.ts'
import { makeMemoryFolder } from './memory-folder.ts'
import { complain, Fault, print, printJson } from './output.ts'
import { startPassing } from './process.ts'
import { environmentForOthers, variable } from './process-env.ts'
import { confirm, isInteractive } from './prompt.ts'
import { isText, versionOfTag } from './secrets.ts'

/** Opens the value in the editor, and stores what was saved, unless somebody stored another one meanwhile. */
export async function edit(ref: string, options: RemoteOptions): Promise<void> {
  const client = await connect(options)
  const { id, name, type } = await findSecret(client, ref)
  const { value, etag } = await client.secrets.get(id, { resolve: false })
  const before = Buffer.from(value, type === 'file' ? 'base64' : 'utf8')
  if (!isText(before)) throw new Fault('usage', `${name} is not text. Store another file with "secrets set --file".`)
  const after = likeBefore(before, await edited(name, before))
  if (after.equals(before)) {
    if (options.json) return printJson({ id, name, changed: false })
    return print(`${name} is as it was: nothing is stored.`)
  }
  const encoding = type === 'file' ? 'base64' : 'utf-8'
  if (encoding === 'utf-8' && !isText(after)) throw new Fault('usage', 'What was saved is not text: nothing is stored.')
  const text = after.toString(encoding === 'base64' ? 'base64' : 'utf8')
  const version = versionOfTag(await store(client, id, name, { value: text, encoding }, etag))
  if (options.json) return printJson({ id, name, changed: true, version })
  print(`${name} is stored, as version ${version}.`)
}

/**
 * Stores it upon the version that was edited. A person is asked whether to store it over another one that somebody
 * stored meanwhile: what was typed would be lost otherwise.
 */
async function store(client: Strongroom, id: number, name: string, input: NewValue, etag: string): Promise<string> {
  try {
    return (await client.secrets.update(id, input, { ifMatch: etag })).etag
  } catch (error) {
    if (!(error instanceof Conflict) || error.code !== 'stale_version' || !isInteractive()) throw error
    const { version: theirs } = await client.secrets.metadata(id)
    complain(`Somebody stored version ${theirs} of ${name} while you edited version ${versionOfTag(etag)}.`)
    if (!(await confirm('Store yours over it? Theirs stays in the history.', ''))) throw error
    return store(client, id, name, input, versionTag(theirs))
  }
}

/** @throws Fault if the editor fails: then nothing is stored */
async function edited(name: string, value: Buffer): Promise<Buffer> {
  const folder = await makeMemoryFolder()
  try {
    if (!folder.isInMemory) complain(`There is no file system in memory: the value is in ${folder.path} meanwhile.`)
    // A name is the server's to say, and never a path. Editors know a kind of text by what its name ends with.
    const [ending = ''] = /\.[A-Za-z0-9]{1,16}$/.exec(name) ?? []
    const file = join(folder.path, `value${ending}`)
    writeFileSync(file, value, { mode: 0o600, flag: 'wx' })
    await openEditor(file)
    return readFileSync(file)
  } finally {
    folder.remove()
  }
}

function openEditor(file: string): Promise<void> {
  const editor = variable('VISUAL') ?? variable('EDITOR') ?? (process.platform === 'win32' ? 'notepad' : 'vi')
  // By a shell, as it may have parameters and variables; in its place, so that signals reach the editor.
  const [program, parameters] =
    process.platform === 'win32' ? [`${editor} "${file}"`, []] : ['sh', ['-c', `exec env ${editor} "$1"`, 'sh', file]]
  const isWindows = process.platform === 'win32'
  const { ended } = startPassing(() =>
    spawn(program, parameters, { stdio: 'inherit', env: environmentForOthers(), shell: isWindows }),
  )
  return ended.then(({ code, signal }) => {
    if (signal !== null) throw new Fault('failure', `The editor was ended by ${signal}: nothing is stored.`)
    if (code !== 0) throw new Fault('failure', `The editor (${editor}) ended with ${code}: nothing is stored.`)
  })
}

/** Editors put a line end at the end, where there was none. */
function likeBefore(before: Buffer, after: Buffer): Buffer {
  const isAdded = before.at(-1) !== 0x0a && after.at(-1) === 0x0a
  return isAdded ? after.subarray(0, -1) : after
}
