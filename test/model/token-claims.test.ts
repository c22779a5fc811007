/** What a trust rule may demand of a token, and which tokens say it. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { isLabel } from '../../src/model/name.ts'
import { matchClaims, parseClaims } from '../../src/model/token-claims.ts'
import { keyNameOf, workloadName } from '../../src/model/trust-rule.ts'
import { anyCharacter, fc } from '../support/fast-check.ts'

const isTaken = (claims: Record<string, string>): boolean => {
  try {
    return parseClaims(claims).length > 0
  } catch {
    return false
  }
}

suite('What a trust rule demands', () => {
  const anchored = [
    ...['repo:acme/app:ref:refs/heads/main', 'repo:acme/app:*', 'repo:acme/app:ref:refs/heads/release/*'],
    ...['repo:acme@7/app@123:ref:*', 'project_path:acme/app:ref_type:branch:ref:*', 'project_path:a/b/c:*'],
    ...['system:serviceaccount:prod:web', 'system:serviceaccount:prod:*', 'spiffe://example.org/ns/prod/*'],
    ...['spiffe://example.org/app', 'organization:acme:pipeline:app:*', 'org/1/project/2/user/*', 'anything'],
  ]
  const loose = [
    ...['*', 'repo:*', 'repo:acme/*', 'repo:acme/app*', 'repo:*/app:ref:refs/heads/main', 'repo:acme/*:ref:x'],
    ...['*:acme/app:ref:x', 'repo:acme/app-*:ref:refs/heads/main', 'repo:acme*/app:*', 'repo:acme:*', 're*'],
    ...[
      'project_path:*',
      'project_path:acme/*',
      'project_path:acme/app*',
      'project_path:acme:*',
      'project_path:*/app:x',
    ],
    ...['system:serviceaccount:*', 'system:serviceaccount:*:web', 'system:serviceaccount:prod*', 'system:*'],
    ...['spiffe://*', 'spiffe://example.org/*', 'spiffe://*/app', 'spiffe://example.org/ns*', 'spiffe://example*/a/b'],
    ...['organization:*', 'organization:acme*', 'org/*', 'anything*', '*anything', 'a:*:b', ''],
  ]

  test('goes past whatever says whose the job is, before the first *', () => {
    assert.deepEqual(
      anchored.filter((sub) => !isTaken({ sub })),
      [],
    )
    assert.deepEqual(
      loose.filter((sub) => isTaken({ sub })),
      [],
    )
  })

  test('says whose the job is, exactly', () => {
    const rows: readonly (readonly [taken: boolean, claims: Record<string, string>])[] = [
      [true, { repository_id: '123' }],
      [true, { repository_owner_id: '7', ref: 'refs/heads/*' }],
      [true, { namespace_id: '7', ref_protected: 'true' }],
      [true, { '/kubernetes.io/serviceaccount/uid': 'u' }],
      [false, {}],
      [false, { ref: 'refs/heads/main' }],
      [false, { actor: 'ada', environment: 'production' }],
      // Whoever calls a public workflow is let in by its name.
      [false, { job_workflow_ref: 'acme/app/.github/workflows/deploy.yml@refs/heads/main' }],
      [false, { repository: 'acme/*' }],
      [false, { repository_id: '12*' }],
      [false, { sub: 'repo:acme/app:*', repository: 'acme/a*' }],
      [false, { sub: 'x', aud: 'y' }],
      [false, { sub: 'x', iss: 'y' }],
      [false, { sub: 'x', exp: '1' }],
      [false, { sub: 'x', jti: '1' }],
      [false, { sub: 'x', '': '1' }],
      [false, { sub: 'x', a: '' }],
      [false, { sub: 'x\n' }],
      [false, { sub: 'a'.repeat(513) }],
      [false, Object.fromEntries(Array.from({ length: 17 }, (_, at) => [`sub${at || ''}`, 'x']))],
    ]
    for (const [taken, claims] of rows) assert.equal(isTaken(claims), taken, JSON.stringify(claims))
  })

  test('is met by equal texts, numbers and truths, by a member of a list, and by nothing else', () => {
    const met = (pattern: string, value: unknown, name = 'a') =>
      matchClaims([{ name, pattern }], value === undefined ? {} : { a: value })
    for (const value of ['123', 123, 123.0, ['x', '123'], [1, 123]]) assert.equal(met('123', value), true)
    for (const value of ['0123', 1234, 12, [['123']], { 123: 1 }, null, true, undefined, []]) {
      assert.equal(met('123', value), false, JSON.stringify(value))
    }
    assert.deepEqual(
      [met('true', true), met('true', 'true'), met('true', false), met('*', '')],
      [true, true, false, true],
    )
    assert.deepEqual(
      [met('*', undefined), met('*', null), met('*', {}), met('9007199254740992', 2 ** 53)],
      Array(4).fill(false),
    )
    assert.deepEqual([met('x', { b: { c: 'x' } }, '/a/b/c'), met('x', { 'b/c': 'x' }, '/a/b~1c')], [true, true])
    assert.deepEqual(
      [met('x', { b: 'x' }, '/a/b/c'), met('x', ['x'], '/a/0'), met('x', 'x', '/b')],
      Array(3).fill(false),
    )
    assert.equal(matchClaims([{ name: 'constructor', pattern: '*' }], {}), false)
    assert.equal(matchClaims([{ name: '/__proto__/constructor', pattern: '*' }], {}), false)
  })

  test('fits the subject with numbers that a repository at GitHub changes over to, where it demands the same numbers', () => {
    const met = (
      pattern: string,
      sub: unknown,
      numbers: Record<string, string> = { repository_id: '123', repository_owner_id: '7' },
    ) =>
      matchClaims(
        [{ name: 'sub', pattern }, ...Object.entries(numbers).map(([name, pattern]) => ({ name, pattern }))],
        { sub, repository_id: '123', repository_owner_id: '7' },
      )
    const [older, newer] = ['repo:acme/app:environment:production', 'repo:acme@7/app@123:environment:production']

    assert.deepEqual([met(older, older), met(newer, newer), met(older, newer)], [true, true, true])
    assert.deepEqual([met('repo:acme/app:*', newer), met('repo:acme@7/app@123:*', newer)], [true, true])
    assert.equal(met('repo:acme@7/app@123:ref:refs/heads/a@1/b@2', 'repo:acme@7/app@123:ref:refs/heads/a@1/b@2'), true)
    // The older token has no numbers to be compared; a rule without both of them says only what it says.
    assert.equal(met(newer, older), false)
    for (const numbers of [{}, { repository_id: '123' }, { repository_owner_id: '7' }]) {
      assert.equal(met(older, newer, numbers), false, JSON.stringify(numbers))
    }
    const others = [
      ...['repo:acme@8/app@123:environment:production', 'repo:acme@7/app@124:environment:production'],
      ...['repo:evil@7/app@123:environment:production', 'repo:acme@7/evil@123:environment:production'],
      ...['repo:acme@7/app@123', 'repo:acme@7/app:environment:production', 'x:acme@7/app@123:environment:production'],
      ...['repo:acme@7@7/app@123:environment:production', 'repo:acme@7/app@123:environment:production2'],
      ...[
        'repo:acme@07/app@123:environment:production',
        'repo:acme@7/a/app@123:environment:production',
        ['x'],
        7,
        null,
      ],
    ]
    for (const sub of others) assert.equal(met(older, sub), false, JSON.stringify(sub))
  })

  test('takes no job of a pull request, unless it speaks of them', () => {
    const sub = { name: 'sub', pattern: 'repo:acme/app:*' }
    const exact = { name: 'sub', pattern: 'repo:acme/app:pull_request' }
    const events = (pattern: string) => ({ name: 'event_name', pattern })
    const token = (event: string | undefined) => ({ sub: 'repo:acme/app:pull_request', event_name: event })

    assert.equal(matchClaims([sub], { sub: 'repo:acme/app:ref:refs/heads/main', event_name: 'push' }), true)
    for (const event of ['pull_request', 'pull_request_target', undefined]) {
      assert.equal(matchClaims([sub], token(event)), false)
      assert.equal(matchClaims([sub, events('*')], token(event)), false)
    }
    assert.equal(matchClaims([sub, events('pull_request')], token('pull_request')), true)
    assert.equal(matchClaims([sub, events('pull_request')], token('pull_request_target')), false)
    assert.deepEqual(
      ['pull_request', 'pull_request_target'].map((one) => matchClaims([exact], token(one))),
      [true, false],
    )
  })
})

suite('The name of a key of a job', () => {
  test('is a label, whatever the subject is', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter, maxLength: 600 }), (subject) => {
        assert.ok(isLabel(keyNameOf({ name: 'deploy' }, subject)), JSON.stringify(subject))
        assert.doesNotMatch(workloadName('https://ci.example', subject), /\p{C}/u)
      }),
    )
    assert.equal(keyNameOf({ name: 'deploy' }, 'repo:acme/app'), 'deploy: repo:acme/app')
    assert.equal(keyNameOf({ name: 'deploy' }, '\u{1f511}'.repeat(100)).length <= 128, true)
  })
})
