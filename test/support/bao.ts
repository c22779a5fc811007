/** OpenBao itself, where `BAO` names its binary. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { setTimeout } from 'node:timers/promises'
import { makeFolder } from './engines.ts'
import { freePort } from './free-port.ts'
import type { Lasting } from './server.ts'

export const bao = process.env['BAO']
export const rootToken = 'dev-root'

/** Starts it in its development mode, where `secret/` is a key/value engine of version 2. */
export async function startBao(t: Lasting) {
  const address = `127.0.0.1:${await freePort()}`
  const child = spawn(
    bao ?? '',
    ['server', '-dev', `-dev-root-token-id=${rootToken}`, `-dev-listen-address=${address}`],
    {
      stdio: 'ignore',
      env: { PATH: process.env['PATH'], HOME: makeFolder() },
    },
  )
  t.after(() => void child.kill())
  const origin = `http://${address}`
  const end = performance.now() + 30_000
  while (
    !(await fetch(`${origin}/v1/sys/health`).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    assert.ok(performance.now() < end, 'OpenBao does not start')
    await setTimeout(100)
  }
  const call = async (method: string, path: string, body?: object): Promise<Record<string, unknown>> => {
    const answer = await fetch(`${origin}/v1/${path}`, {
      method,
      headers: { 'x-vault-token': rootToken },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    assert.ok(answer.ok, `${path}: ${answer.status}`)
    const text = await answer.text()
    return text === '' ? {} : (JSON.parse(text).data ?? {})
  }
  return { origin, call }
}
