/** What tests of the archive share: a folder, and rounds that take what is there. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ArchiveFolder } from '../../src/archive/folder.ts'
import type { SegmentFiles } from '../../src/audit/segment.ts'
import { type ArchivePolicy, type ArchiveWatch, archiveDue } from '../../src/vault/archive.ts'
import { verifyAudit } from '../../src/vault/audit.ts'
import type { Vault } from '../../src/vault/vault.ts'
import type { Api } from './api.ts'
import { makeFolder } from './engines.ts'
import type { TestServer } from './server.ts'

export interface Watched extends ArchiveWatch {
  readonly archived: string[]
  readonly ended: string[]
  readonly held: (readonly [by: string, seq: number])[]
  readonly failures: string[]
}

export function watch(): Watched {
  const found: Watched = {
    archived: [],
    ended: [],
    held: [],
    failures: [],
    onArchived: ({ file }) => void found.archived.push(file),
    onEnded: ({ file }) => void found.ended.push(file),
    onHeld: ({ by, seq }) => void found.held.push([by, seq]),
    onFailure: (_, error) => void found.failures.push(error instanceof Error ? error.message : String(error)),
  }
  return found
}

/** A clock that is later each time: what is recorded after a round began is younger than what it takes. */
export function ticking(): (() => number) & { skip(ms: number): void } {
  let time = Date.now()
  const skip = (ms: number) => {
    time += ms
  }
  return Object.assign(() => time++, { skip })
}

export const allOld: ArchivePolicy = { keepMs: 0, followers: [], isAll: true }

/** One round: everything but the newest record of each account, unless the policy says otherwise. */
export async function archive(
  vault: Vault,
  files: SegmentFiles,
  policy: Partial<ArchivePolicy> = {},
): Promise<Watched> {
  const watched = watch()
  await archiveDue(vault, files, { ...allOld, ...policy }, watched, new AbortController().signal)
  return watched
}

export function newArchive() {
  const path = join(makeFolder(), 'archive')
  return { path, files: new ArchiveFolder(path) }
}

export function filesIn(path: string, accountId = 1): string[] {
  return readdirSync(join(path, String(accountId))).sort()
}

/** Reads a secret so many times. */
export async function read({ api }: Pick<TestServer, 'api'>, times: number): Promise<void> {
  for (let at = 0; at < times; at++) await api.get('/v3/secrets/1')
}

/** What verifying says of an account: its records and the first that does not hold. */
export async function verdictOf(vault: Vault, files: SegmentFiles | undefined, accountId = 1) {
  for await (const verdict of verifyAudit(vault, { files, state: true })) {
    if (verdict.accountId === accountId) return verdict
  }
  throw new Error('No such account.')
}

export interface ShownRecord {
  readonly seq: number
  readonly time: string
  readonly action: string
}

export interface LeftOut {
  readonly first: number
  readonly last: number
  readonly from: string
  readonly to: string
  readonly code: string
  readonly detail: string
}

/** All pages of a query, one after the other, and what each left out. */
export async function pagesOf(api: Api, query = '', limit = 500) {
  const records: ShownRecord[] = []
  const left: LeftOut[] = []
  let count = 0
  for (let cursor: string | null = ''; cursor !== null; count++) {
    assert.ok(count < 500, 'It has no end.')
    const page = await api.get(`/v3/audit?${query}&limit=${limit}${cursor === '' ? '' : `&cursor=${cursor}`}`)
    assert.equal(page.status, 200, JSON.stringify(page.body))
    records.push(...page.body.records)
    if (page.body.archived !== undefined) left.push(page.body.archived)
    cursor = page.headers.get('strongroom-next-cursor')
  }
  return { records, left, count }
}
