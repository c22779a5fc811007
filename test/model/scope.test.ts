/** Scopes with environments, against a reading of their texts that knows the rule and none of the code. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  allows,
  allowsName,
  allowsSome,
  allScopes,
  anywhere,
  boundTo,
  everywhere,
  formatScope,
  isWhole,
  mayManageKey,
  meet,
  namesOf,
  parseScope,
  parseScopes,
  rights,
  type Scope,
  seesEnvironment,
  withinScopes,
} from '../../src/model/scope.ts'
import { fc } from '../support/fast-check.ts'

/** All that there is in this world: the rule is tried on every name in every environment. */
const names = ['db', 'db-a', 'web', 'a']
const environments = ['default', 'dev', 'prod']
const patterns = ['', ':*', ':db', ':db*', ':*a', ':web']
const someRights = [
  'secrets:read',
  'secrets:scan',
  'secrets:list',
  'secrets:write',
  'keys:manage',
  'audit:read',
] as const

const scopeText = fc
  .tuple(fc.constantFrom(...someRights), fc.constantFrom(...patterns), fc.constantFrom('', '@default', '@dev', '@prod'))
  .map((parts) => parts.join(''))
const scopeTexts = fc.array(scopeText, { minLength: 1, maxLength: 4 })

/** Brute force: tries every way to fill the stars. */
function matches(pattern: string, name: string): boolean {
  if (pattern === '' || name === '') return pattern.replaceAll('*', '') === name
  if (pattern[0] === '*') return matches(pattern.slice(1), name) || matches(pattern, name.slice(1))
  return pattern[0] === name[0] && matches(pattern.slice(1), name.slice(1))
}

/** Whether a text gives a right, for a name in an environment. */
function gives(text: string, right: string, environment: string, name: string): boolean {
  const [, group = '', pattern = '*', where] = /^(\w+:\w+)(?::([^@]+))?(?:@(.+))?$/.exec(text) ?? []
  const isEnough = group === right || (right === 'secrets:scan' && group === 'secrets:read')
  return isEnough && (where === undefined || where === environment) && matches(pattern, name)
}

/** Of each right, each environment and each name: what is given. */
function given(texts: readonly string[]): ReadonlySet<string> {
  const all = someRights.flatMap((right) =>
    environments.flatMap((one) => names.map((name) => [right, one, name] as const)),
  )
  return new Set(all.filter((one) => texts.some((text) => gives(text, ...one))).map((one) => one.join(' ')))
}

const read = (texts: readonly string[]) => texts.map((text) => parseScope(text))
const isSubset = (some: ReadonlySet<string>, of: ReadonlySet<string>) => [...some].every((one) => of.has(one))

suite('Scopes', () => {
  test('give a right for a name in an environment exactly when the oracle says so', () => {
    fc.assert(
      fc.property(
        scopeTexts,
        fc.constantFrom(...someRights),
        fc.constantFrom(...environments),
        fc.constantFrom(...names),
        (texts, right, environment, name) => {
          const scopes = read(texts)
          const isGiven = texts.some((text) => gives(text, right, environment, name))
          assert.equal(allowsName(scopes, right, environment, name), isGiven)
          const found = namesOf(scopes, right, environment)
          assert.equal(found?.some((pattern) => matches(pattern, name)) ?? true, isGiven)
          const ofRight = texts.filter((text) => names.some((one) => gives(text, right, environment, one)))
          assert.equal(allowsSome(scopes, right, environment), ofRight.length > 0)
          const isOfAny = environments.some((one) => allowsSome(scopes, right, one))
          assert.equal(allowsSome(scopes, right, anywhere), isOfAny)
          const wide = (text: string) => gives(text, right, environment, 'zzz')
          assert.equal(allows(scopes, right, environment), texts.some(wide))
          assert.equal(
            allows(scopes, right, everywhere),
            texts.some((text) => wide(text) && !text.includes('@')),
          )
        },
      ),
      { numRuns: 5000 },
    )
  })

  test('lie within others only when these give all that they give, environment by environment', () => {
    fc.assert(
      fc.property(scopeTexts, scopeTexts, (wanted, own) => {
        if (withinScopes(read(wanted), read(own))) assert.ok(isSubset(given(wanted), given(own)), `${wanted} in ${own}`)
        assert.ok(withinScopes(read(wanted), read(wanted)))
        // Narrowed to an environment, a scope lies within itself; without, it does not lie within what is narrowed.
        const open = wanted.filter((text) => !text.includes('@'))
        for (const text of open) {
          assert.ok(withinScopes(read([`${text}@dev`]), read([text])))
          assert.ok(!withinScopes(read([text]), read([`${text}@dev`])))
        }
      }),
      { numRuns: 5000 },
    )
  })

  test('meet in what both give, and in nothing else', () => {
    fc.assert(
      fc.property(scopeTexts, scopeTexts, (some, others) => {
        const both = given(meet(read(some), read(others)).map(formatScope))
        assert.ok(isSubset(both, given(some)), `${some} and ${others}`)
        assert.ok(isSubset(both, given(others)), `${some} and ${others}`)
        assert.deepEqual(given(meet(read(some), read(some)).map(formatScope)), given(some))
        // Whoever has a right in all environments meets one who has it in one.
        for (const text of some.filter((one) => !one.includes('@'))) {
          assert.deepEqual(meet(read([text]), read([`${text}@prod`])).map(formatScope), [
            formatScope(parseScope(`${text}@prod`)),
          ])
        }
      }),
      { numRuns: 5000 },
    )
  })

  test('manage a key only where keys:manage reaches each of its names in each of its environments', () => {
    fc.assert(
      fc.property(scopeTexts, scopeTexts, (own, wanted) => {
        const managing = own.filter((text) => text.startsWith('keys:manage'))
        const reached = given(managing)
        const isManaged = mayManageKey(read(own), read(wanted))
        const all = [...given(wanted)].map((one) => one.replace(/^\S+/, 'keys:manage'))
        if (isManaged)
          assert.ok(
            all.every((one) => reached.has(one)),
            `${own} manages ${wanted}`,
          )
        assert.ok(!mayManageKey(read(['keys:manage@dev']), read(['secrets:read'])))
        assert.ok(mayManageKey(read(['keys:manage@dev']), read(['secrets:read:db@dev'])))
      }),
      { numRuns: 5000 },
    )
  })

  test('have one text each, which reads as what it was', () => {
    fc.assert(
      fc.property(scopeText, (text) => {
        const scope = parseScope(text)
        const canonical = formatScope(scope)
        assert.deepEqual(parseScope(canonical), scope)
        assert.ok(!canonical.includes(':*@') && !canonical.endsWith(':*'), canonical)
        assert.deepEqual(given([canonical]), given([text]))
      }),
      { numRuns: 2000 },
    )
    assert.deepEqual(parseScopes(['secrets:read:*@prod', 'secrets:read@prod']).map(formatScope), ['secrets:read@prod'])
  })

  test('are refused where they name no environment, or narrow the account to one', () => {
    for (const text of [
      'secrets:read@',
      'secrets:read@a b',
      'secrets:read@*',
      'secrets:read@a@b',
      'secrets:read@-a',
      '@prod',
    ]) {
      assert.throws(() => parseScope(text), { code: 'invalid' }, text)
    }
    assert.throws(() => parseScope('account:manage@prod'), /whole account/)
    assert.throws(() => parseScope(`secrets:read@${'x'.repeat(64)}`), { code: 'invalid' })
  })

  test('are whole only when they hold in all environments', () => {
    assert.ok(isWhole(allScopes))
    const placed: readonly Scope[] = rights.map((right) => ({ right, pattern: '*', environment: 'default' }))
    assert.ok(!isWhole(placed))
    assert.ok(!isWhole(allScopes.filter(({ right }) => right !== 'audit:read')))
  })

  test('mean an environment where all of those over secrets name the same one', () => {
    const meant = (...texts: string[]) => boundTo(read(texts))
    assert.equal(meant('secrets:read@prod'), 'prod')
    assert.equal(meant('secrets:read@prod', 'secrets:list:a*@prod', 'audit:read'), 'prod')
    assert.equal(meant('secrets:read@prod', 'secrets:list'), undefined)
    assert.equal(meant('secrets:read@prod', 'secrets:read@dev'), undefined)
    assert.equal(meant('keys:manage@dev'), 'dev')
    assert.equal(meant('secrets:read'), undefined)
    assert.equal(boundTo([]), undefined)
  })

  test('show an environment to whoever has a right over secrets there, or manages the account', () => {
    const sees = (environment: string, ...texts: string[]) => seesEnvironment(read(texts), environment)
    assert.ok(sees('prod', 'secrets:write:x@prod') && sees('prod', 'secrets:list') && sees('prod', 'account:manage'))
    assert.ok(!sees('prod', 'secrets:read@dev', 'keys:manage@prod', 'audit:read', 'keys:manage'))
    assert.ok(!sees('default', 'secrets:read@dev'))
  })
})
