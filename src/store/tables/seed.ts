/** Seeds, which hand out what a machine boots with. */
import { hash } from 'node:crypto'
import type { Seed } from '../../model/seed.ts'
import { index, plainly } from '../rows.ts'
import { addedEnvironment } from './environment.ts'
import { bytes, integer, integerOrNull, mac, numbers, principal, text, words } from './field.ts'
import { sealedTable } from './table.ts'

export const seeds = sealedTable<Seed>()({
  name: 'seeds',
  key: ['accountId', 'id'],
  unique: [['tokenHash']],
  holdsKeys: false,
  writing: { ...plainly, changed: 'replaced' },
  called: ({ id, uid, target }) => ({ kind: 'seed', id, uid, name: target }),
  whenMissing: 'the seed is unknown: 404',
  textBegins: [
    ...(['accountId', 'id', 'uid', 'tokenHash', 'target', 'sealed', 'scopes', 'maker', 'makerGeneration'] as const),
  ],
  fields: {
    accountId: integer('account_id'),
    id: integer('id'),
    uid: text('uid'),
    tokenHash: text('token_hash'),
    target: text('target'),
    sealed: bytes('sealed', { cover: (sealed) => hash('sha256', sealed, 'hex') }),
    scopes: words('scopes'),
    maker: principal('maker'),
    createdAt: integer('created_ms'),
    expiresAt: integer('expires_ms'),
    maxFetches: integer('max_fetches'),
    fetches: numbers('fetches'),
    usedAt: integerOrNull('used_ms'),
    returns: integer('returns'),
    mac: mac(),
    makerGeneration: integer('maker_generation', { added: { by: '0011-makers', value: 0 } }),
    refetchedAt: integerOrNull('refetched_ms', { added: { by: '0014-seed-refetches', value: null } }),
    environmentId: integer('environment_id', addedEnvironment),
  },
})

export const seedsByToken = index(seeds, 'tokenHash')
