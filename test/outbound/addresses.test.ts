/** What may be reached when somebody else chose where: tables of addresses, and proof that nothing else is connected to. */
import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { suite, test } from 'node:test'
import { type Allowance, barrierTo, isInternal, parseAllowance } from '../../src/outbound/addresses.ts'
import { FetchFailure, guardedFetch } from '../../src/outbound/fetch.ts'

const limits = { allowances: [], maxBytes: 1024, timeoutMs: 2000 }

/** Inside of every range that is not public, at its edges. */
const insideOf4 = [
  ...['0.0.0.0', '0.0.0.1', '0.255.255.255', '10.0.0.0', '10.1.2.3', '10.255.255.255', '100.64.0.0', '100.100.100.200'],
  ...['100.127.255.255', '127.0.0.0', '127.0.0.1', '127.0.1.1', '127.255.255.255', '168.63.129.16', '169.254.0.0'],
  ...['169.254.169.254', '169.254.170.2', '169.254.255.255', '172.16.0.0', '172.17.0.1', '172.31.255.255'],
  ...['192.0.0.0', '192.0.0.170', '192.0.0.192', '192.0.0.255', '192.0.2.1', '192.31.196.1', '192.52.193.1'],
  ...['192.88.99.1', '192.168.0.0', '192.168.1.1', '192.168.255.255', '192.175.48.1', '198.18.0.0', '198.19.255.255'],
  ...['198.51.100.7', '203.0.113.7', '224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.254', '255.255.255.255'],
]
const insideOf6 = [
  ...['::', '::1', '::2', '::7f00:1', '::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:10.0.0.1', '::ffff:a9fe:a9fe'],
  ...['::ffff:8.8.8.8', '::ffff:0:127.0.0.1', '64:ff9b::7f00:1', '64:ff9b::a9fe:a9fe', '64:ff9b:1::1', '100::1'],
  ...['2001::1', '2001:0:7f00:1::', '2001:2::1', '2001:10::1', '2001:20::1', '2001:1ff:ffff::1', '2001:db8::1'],
  ...['2001:db8:ffff:ffff:ffff:ffff:ffff:ffff', '2002:7f00:1::', '2002:a9fe:a9fe::1', '2002:c0a8:101::', '2002::1'],
  ...['2620:4f:8000::1', '3fff::1', '3fff:fff:ffff::1', '4000::1', '5f00::1', 'fc00::1', 'fd00:ec2::254', 'fd12::1'],
  ...['fdff:ffff::1', 'fe80::1', 'fe80::a9fe:a9fe', 'febf::1', 'fec0::1', 'ff00::1', 'ff02::1', 'ff0e::1', '1000::1'],
]
const outsideOf = [
  ...['1.1.1.1', '8.8.8.8', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255'],
  ...['128.0.0.0', '168.63.129.15', '168.63.129.17', '169.253.255.255', '169.255.0.0', '172.15.255.255', '172.32.0.0'],
  ...['192.0.1.0', '192.167.255.255', '192.169.0.0', '198.17.255.255', '198.20.0.0', '223.255.255.255'],
  ...['2001:200::1', '2001:4860:4860::8888', '2003::1', '2606:4700:4700::1111', '2a00:1450::1', '3ffe:ffff::1'],
]

/** The same few addresses in the ways that a URL can write them. */
const disguises = [
  ...['127.1', '127.0.1', '0', '0.0', '2130706433', '0x7f000001', '0x7f.0.0.1', '0177.0.0.1', '017700000001', '0x7f.1'],
  ...['0x7F.0x0.0x0.0x1', '127.0.0.1.', '00000177.0.0.1', '3232235777', '0xc0a80101', '192.168.257', '10.1', '0xa.1'],
  ...['0251.0376.0251.0376', '0xa9fea9fe', '2852039166', '169.254.43518', '169.16689662', '0xA9.0xFE.0xA9.0xFE'],
  ...[
    '%31%32%37.0.0.1',
    '127%2e0%2e0%2e1',
    '１２７.０.０.１',
    '①②⑦.⓪.⓪.①',
    '127。0。0。1',
    '127．0．0．1',
    '１２７。１',
  ],
  ...['[::ffff:127.0.0.1]', '[::FFFF:7F00:1]', '[0:0:0:0:0:0:0:1]', '[0000:0000::0001]', '[::127.0.0.1]', '[::]'],
]

/** Names, by what a resolver of the attacker's answers for them. */
const names: readonly (readonly [name: string, addresses: readonly string[]])[] = [
  ['localhost', ['127.0.0.1', '::1']],
  ['LOCALHOST', ['127.0.0.1']],
  ['localhost.', ['127.0.0.1']],
  ['metadata.google.internal', ['169.254.169.254']],
  ['kubernetes.default.svc', ['10.96.0.1']],
  ['a.example', ['127.0.0.1']],
  ['one-good.example', ['8.8.8.8', '10.0.0.1']],
  ['one-bad-first.example', ['192.168.0.1', '8.8.8.8']],
  ['six.example', ['2606:4700:4700::1111', 'fd00::1']],
  ['mapped.example', ['::ffff:8.8.8.8']],
  ['scoped.example', ['fe80::1%lo']],
  ['junk.example', ['not an address']],
  ['empty.example', ['']],
  ['bücher.example', ['127.0.0.1']],
  ['xn--bcher-kva.example', ['10.0.0.1']],
  ['8.8.8.8.nip.example', ['10.0.0.1']],
]

const urls: readonly (readonly [url: string, reason: string])[] = [
  ...['file:///etc/passwd', 'ftp://8.8.8.8/', 'gopher://8.8.8.8/', 'data:,x', 'unix:/run/docker.sock', 'javascript:1'],
  ...['http+unix://%2frun%2fdocker.sock/', 'ws://8.8.8.8/', 'blob:https://8.8.8.8/x', '//8.8.8.8/', '/etc/passwd', ''],
  ...['https://', 'https:///', 'https://u@8.8.8.8/', 'https://u:p@8.8.8.8/', 'https://8.8.8.8@127.0.0.1/'],
  ...['https://8.8.8.8#@127.0.0.1/', 'https://8.8.8.8/#fragment', 'https://[::1', 'https://[fe80::1%25lo]/'],
  ...['https://127.0.0.1%00.example/', 'https://exa mple/', 'https://8.8.8.8:99999/', 'https://8.8.8.256/'],
  ...['https://0x100000000/', `https://8.8.8.8/${'a'.repeat(2048)}`],
].map((url) => [url, 'url'] as const)

const ports: readonly (readonly [url: string, reason: string])[] = [
  ...['22', '25', '80', '6379', '5432', '8080', '9200', '10250', '2375', '1'].map(
    (port) => [`https://8.8.8.8:${port}/`, 'port'] as const,
  ),
  ...['http://8.8.8.8/', 'http://8.8.8.8:443/', 'HTTP://8.8.8.8/', 'http://[2606:4700:4700::1111]/'].map(
    (url) => [url, 'scheme'] as const,
  ),
]

const vectors: readonly (readonly [url: string, reason: string, addresses?: readonly string[]])[] = [
  ...insideOf4.flatMap((address) => [
    [`https://${address}/`, 'address'] as const,
    [`http://${address}:8080/`, 'address'] as const,
  ]),
  ...insideOf6.map((address) => [`https://[${address}]/`, 'address'] as const),
  ...disguises.map((host) => [`https://${host}/`, 'address'] as const),
  ...names.map(([name, addresses]) => [`https://${name}/`, 'address', addresses] as const),
  ['https://nobody.example/', 'unresolved', []],
  ...urls,
  ...ports,
]

suite('An address', () => {
  test('is told apart as public or not, at the edges of every range', () => {
    assert.deepEqual([...insideOf4, ...insideOf6].filter(isInternal), [...insideOf4, ...insideOf6])
    assert.deepEqual(outsideOf.filter(isInternal), [])
    assert.ok(['', 'a', '1.2.3', '8.8.8.8/8', '2606:4700:4700::1111%eth0'].every(isInternal))
  })

  test('that is allowed may be reached, at its port alone when one is named, and no other', () => {
    const rows: readonly (readonly [allowed: string, address: string, port: number, barrier: string | undefined])[] = [
      ['10.0.0.7', '10.0.0.7', 1234, undefined],
      ['10.0.0.7', '10.0.0.8', 443, 'address'],
      ['10.0.0.7:8443', '10.0.0.7', 8443, undefined],
      ['10.0.0.7:8443', '10.0.0.7', 22, 'address'],
      ['10.0.0.0/30:80', '10.0.0.3', 80, undefined],
      ['10.0.0.0/30:80', '10.0.0.4', 80, 'address'],
      ['::1', '::1', 80, undefined],
      ['[fd00::/8]:80', 'fd12::1', 80, undefined],
      ['[fd00::/8]:80', 'fd12::1', 81, 'address'],
      ['10.0.0.7', '::ffff:10.0.0.7', 443, 'address'],
      ['fe80::/10', 'fe80::1%lo', 80, 'address'],
      ['8.8.8.8', '8.8.8.8', 80, undefined],
      ['8.8.8.8', '8.8.4.4', 80, 'scheme'],
    ]
    for (const [allowed, address, port, barrier] of rows) {
      const allowances: Allowance[] = [parseAllowance(allowed) ?? assert.fail(allowed)]
      assert.equal(barrierTo(address, port, false, allowances), barrier, `${allowed}: ${address} ${port}`)
    }
  })
})

suite('A fetch from outside', () => {
  let sockets = 0
  const own = new AsyncLocalStorage<boolean>()
  // Others in this process may connect at any time.
  const count = () => {
    if (own.getStore() === true) sockets++
  }

  test(`opens no connection for any of ${vectors.length} URLs that lead inside`, async (t) => {
    subscribe('net.client.socket', count)
    t.after(() => unsubscribe('net.client.socket', count))

    for (const [url, reason, addresses] of vectors) {
      const resolve = addresses === undefined ? undefined : async () => addresses
      const fetched = own.run(true, () => guardedFetch(url, { ...limits, resolve }))
      const error = await fetched.catch((thrown: unknown) => thrown)
      assert.ok(error instanceof FetchFailure, `${url}: ${error}`)
      assert.equal(error.reason, reason, url)
    }
    assert.ok(vectors.length >= 150)
    assert.equal(sockets, 0)

    // The counter counts: an address that is allowed is connected to.
    const allowances = [parseAllowance('127.0.0.1') ?? assert.fail()]
    const allowed = own.run(true, () => guardedFetch('http://127.0.0.1:1/', { ...limits, allowances }))
    await assert.rejects(allowed, { reason: 'connection' })
    assert.equal(sockets, 1)
  })
})
