/** The settings: each one's good and bad values, all faults at once, and nothing secret in a message. */
import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { suite, test } from 'node:test'
import { ConfigFaults, olderSettings, readConfig } from '../src/config.ts'
import { settings } from '../src/settings.ts'

const key = Buffer.alloc(32, 7).toString('base64url')

const rows: readonly { name: string; good: readonly string[]; bad: readonly string[] }[] = [
  {
    name: 'STRONGROOM_LISTEN',
    good: ['127.0.0.1:0', '[::1]:4600', 'host.example:65535', 'unix:/run/strongroom/http.sock', 'unix:/a b:1'],
    bad: [
      ...['4600', ':1', 'a:65536', '::1:80', '[1.2.3.4]:1', 'a:-1'],
      ...['unix:', 'unix:here.sock', 'unix:/run/', `unix:/${'a'.repeat(103)}`, `unix:/${'ä'.repeat(52)}`],
    ],
  },
  { name: 'STRONGROOM_UNSEAL_HTTP', good: ['on', 'off'], bad: ['yes', 'ON'] },
  { name: 'STRONGROOM_LISTEN_MODE', good: ['600', '660', '666'], bad: ['0600', '777', '000', 'rw', '6'] },
  // Each alone: what they need of one another is tested below.
  { name: 'STRONGROOM_TLS_CERT', good: [''], bad: ['certs/', 'cert.pem'] },
  { name: 'STRONGROOM_TLS_KEY', good: [''], bad: ['certs/', 'key.pem'] },
  { name: 'STRONGROOM_TLS_CLIENT_CA', good: [''], bad: ['certs/', 'ca.pem'] },
  { name: 'STRONGROOM_METRICS_LISTEN', good: ['127.0.0.1:9100'], bad: ['9100', 'a b:1', 'unix:/run/metrics.sock'] },
  {
    name: 'STRONGROOM_DATABASE_URL',
    good: [
      ...['postgres://a', 'postgresql://a,b/c', 'postgres://u:p%40%2F%23@a:5432,[::1]:5433/c?sslmode=verify-full'],
      ...['postgres://u@%2Frun%2Fpostgresql/c', 'postgres:///c?host=/run/postgresql', 'postgres://u:a:b,c@h/d'],
    ],
    bad: [
      ...['mysql://planted', 'postgres://', 'planted', 'postgres://u:planted@x@h/d', 'postgres://u:planted/x@h/d'],
      ...['postgres://u:1/planted@h/d', 'postgres://u:planted#x@h/d', 'postgres://u:planted?x@h/d'],
      ...['postgres://u:planted%@h/d', 'postgres://u:planted%zz@h/d', 'postgres://u:planted%ff@h/d'],
      ...[
        'postgres://u:planted x@h/d',
        'postgres://u:p@h/d\nplanted',
        'postgres://u:planted',
        'postgres://h:0/planted',
      ],
      ...[
        'postgres://h:65536/d',
        'postgres://u:p@h/d#planted',
        'postgres://u:p@h/d?a=b@planted',
        'postgres://[planted/d',
      ],
    ],
  },
  {
    name: 'STRONGROOM_ROOT_KEY_FILE',
    good: ['root.key', `/run/${key}`],
    bad: [key, `${key}=`],
  },
  { name: 'STRONGROOM_ROOT_KEY', good: [key], bad: ['short', `${key}AAAA`, `!!${key}`, ` ${key}`] },
  {
    name: 'STRONGROOM_ROOT_KEY_URLS',
    good: [
      'file:/run/root.key',
      'file:///a%20b',
      ' file:/a\tcommand:/b ',
      'file:/a file:/b file:/c file:/d file:/e',
      'transit:https://bao.example:8200/team/transit/strongroom?token-file=/run/token&ca-file=/etc/ca.pem&namespace=a/b',
      'transit:http://127.0.0.1:8200/transit/k?role-id=r&secret-id-file=/s&auth-mount=my/approle',
      'transit:http://[::1]:8200/transit/k?kubernetes-role=r',
      'awskms:alias/strongroom?region=eu-central-1 awskms:arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab',
      'pkcs11:token=a%20b;object=root;type=secret-key?module-path=/usr/lib/m.so&pin-source=file:/run/pin',
      'pkcs11:serial=1;id=%00%ff?module-path=/m.so&pin-source=/run/pin',
      'shamir:3/5 file:/a',
      'shamir:10/10',
      'tpm2:/etc/strongroom/tpm tpm2:/b?pcrs=sha256:0,7,23&tcti=swtpm:path=/run/tpm.sock',
    ],
    bad: [
      ...['', ' '].slice(1),
      ...[
        'root.key',
        '/root.key',
        'file:root.key',
        'file:/',
        'file://host/a',
        'file:/a/',
        'file:/a?b=c',
        'FILE:/a',
        `${key}`,
      ],
      ...[
        'shamir:',
        'shamir:1/3',
        'shamir:4/3',
        'shamir:3/11',
        'shamir:3/5?a=b',
        'shamir:3/5 shamir:3/5',
        'shamir:3/5 shamir:2/3',
        'command:x',
        'command:/x --all',
        'env:',
        'env:A-B',
        'env:MISSING',
        `env:${key}`,
        'vault:/x',
        'file:/a file:/a',
      ],
      ...['file:/a file:/b file:/c file:/d file:/e file:/f'],
      ...[
        'transit:https://h/m/k',
        'awskms:',
        'awskms:alias/a?region=',
        'awskms:alias/a?endpoint=http://h',
        'awskms:alias/a?x=y',
        'awskms:alias/a#b',
        'transit:http://h/m/k?token-file=/t',
        'transit:https://h/k?token-file=/t',
        'transit:https://u:p@h/m/k?token-file=/t',
      ],
      ...[
        'transit:https://h/m/k?token-file=/t&token-file=/u',
        'transit:https://h/m/k?token-file=/t&x=y',
        'transit:https://h/m/k?role-id=a',
      ],
      ...[
        'transit:https://h/m/k?token-file=t',
        'transit:https://h/m/k?kubernetes-role=a%20b',
        'transit:https://h/../k?token-file=/t',
      ],
      ...[
        'pkcs11:token=a;object=b',
        'pkcs11:token=a?module-path=/m',
        'pkcs11:object=b?module-path=/m',
        'pkcs11:token=a;token=a;object=b?module-path=/m',
        'pkcs11:token=a;object=b;type=private?module-path=/m',
        'pkcs11:token=a;object=b;slot-id=0?module-path=/m',
      ],
      ...[
        'pkcs11:token=%zz;object=b?module-path=/m',
        'pkcs11:token=a;object=b?module-path=m.so',
        'pkcs11:token=a;object=b?module-path=/m&pin-value=planted',
        'pkcs11:token=a;object=b?module-path=/m&pin-source=planted',
        'pkcs11:token=a;object=b?module-path=/m#x',
      ],
      ...['tpm2:', 'tpm2:a', 'tpm2:/a?pcrs=7', 'tpm2:/a?pcrs=sha1:7', 'tpm2:/a?pcrs=sha256:24', 'tpm2:/a?pcrs=sha256:'],
      ...['tpm2:/a?tcti=a%20b', 'tpm2:/a?tcti=', 'tpm2:/a?x=y', 'tpm2:/a#b'],
    ],
  },
  { name: 'STRONGROOM_BOOTSTRAP_API_KEY', good: [], bad: ['sr_mistyped', 'word'] },
  { name: 'STRONGROOM_RATE_LIMIT', good: ['1', '9999999', 'off'], bad: ['0', '-1', '1.5', 'on', '10000000'] },
  { name: 'STRONGROOM_MAX_CONNECTIONS', good: ['1', '1000000'], bad: ['0', '1000001', 'many'] },
  { name: 'STRONGROOM_MAX_CONNECTIONS_PER_ADDRESS', good: ['1', '1000000'], bad: ['0', '1000001', '-1'] },
  { name: 'STRONGROOM_KEEP_VERSIONS', good: ['1', '1000'], bad: ['0', '1001', '1e2', 'ten'] },
  { name: 'STRONGROOM_MAX_VALUE_BYTES', good: ['1', '1048576'], bad: ['0', '1048577', '64k'] },
  { name: 'STRONGROOM_MAX_FILE_BYTES', good: ['1', '16777216'], bad: ['0', '16777217', '1M'] },
  {
    name: 'STRONGROOM_TRUSTED_PROXIES',
    good: ['127.0.0.1', '10.0.0.0/8, ::1,2001:db8::/32', 'unix', 'unix, 10.0.0.1'],
    bad: [
      ...['proxy', '10.0.0.0/33', '::1/129', '10.0.0.1/', '1.2.3', '10.0.0.0/08', 'UNIX', 'unix/8'],
      ...['0.0.0.0/0', '::/0', '10.0.0.1, ::/0'],
    ],
  },
  {
    name: 'STRONGROOM_PUBLIC_URL',
    good: ['https://secrets.example.com', 'http://127.0.0.1:4600/'],
    bad: ['secrets.example.com', 'https://a/b', 'https://u:p@a', 'https://a/?x', 'https://a/#b', 'ftp://a'],
  },
  {
    name: 'STRONGROOM_OUTBOUND_ALLOWED_ADDRESSES',
    good: ['10.0.0.7', '10.96.0.0/12, 127.0.0.1:8080,::1', '[2001:db8::7]:8443', '[2001:db8::/32]:65535', '[::1]'],
    bad: [
      ...['issuer.example', '10.0.0.0/33', '10.0.0.1:0', '10.0.0.1:65536', '0.0.0.0/0', '::/0', '::1/129', '[10.0.0.1'],
      ...['10.0.0.1:http', 'fe80::1%eth0', '1.2.3', '10.0.0.1, *'],
    ],
  },
  {
    name: 'STRONGROOM_OIDC_ALLOWED_ADDRESSES',
    good: ['10.0.0.7', '10.96.0.0/12, 127.0.0.1:8080,::1', '[2001:db8::7]:8443', '[2001:db8::/32]:65535', '[::1]'],
    bad: [
      ...['issuer.example', '10.0.0.0/33', '10.0.0.1:0', '10.0.0.1:65536', '0.0.0.0/0', '::/0', '::1/129', '[10.0.0.1'],
      ...['10.0.0.1:http', 'fe80::1%eth0', '1.2.3', '10.0.0.1, *'],
    ],
  },
  { name: 'STRONGROOM_VAULT_API', good: ['on', 'off'], bad: ['true', 'ON'] },
  { name: 'STRONGROOM_QUERY_KEY', good: ['on', 'off'], bad: ['true', 'ON'] },
  { name: 'STRONGROOM_DISK_RESERVE_MIB', good: ['0', '64'], bad: ['-1', '64M', '1048577'] },
  { name: 'STRONGROOM_CHECKPOINT_SECONDS', good: ['1', '86400'], bad: ['0', '86401', '1m'] },
  {
    name: 'STRONGROOM_AUDIT_SINKS',
    good: [
      ...[
        '',
        '-',
        'stdout',
        'stdout?name=out&from=now',
        'file:/var/log/a%20b.jsonl',
        'file:///a',
        'file:/a?account=1&account=2',
      ],
      ...['syslog+tcp://logs', 'syslog+tcp://[::1]:601?facility=0&confirm=off', 'syslog+tls://logs:6514/'],
      ...[
        'syslog+tls://logs?ca=file:/ca.pem&cert=/c.pem&key=/k.pem',
        'https://logs/a?header-file=/h&signing-key-file=/s',
      ],
      ...[
        'http://127.0.0.1:8080/a?query=a%3Db',
        'otlp+https://c/v1/logs?ca=/ca.pem',
        'otlp+http://c:4318/v1/logs?name=o.t-l_p',
      ],
      ...['file:/a?name=one \n file:/a?name=two\t-'],
    ],
    bad: [
      ...[
        'planted',
        '/planted',
        'file:planted',
        'file:/planted/',
        'file://planted/a',
        'file:/a%2Fplanted',
        'ftp://planted/a',
      ],
      ...[
        'syslog://planted',
        'syslog+udp://planted',
        'syslog+tcp://',
        'syslog+tcp://a/planted',
        'syslog+tcp://a:0',
        'syslog+tcp://a:99999',
      ],
      ...[
        'syslog+tcp://a?facility=24',
        'syslog+tcp://a?facility=planted',
        'syslog+tcp://a?confirm=planted',
        'syslog+tcp://a?ca=/planted',
      ],
      ...[
        'syslog+tls://a?cert=/planted',
        'syslog+tls://a?key=/planted',
        'syslog+tls://a?ca=planted.pem',
        'syslog+tls://a?ca=file:planted',
      ],
      ...[
        'https://planted@a',
        'https://u:planted@a',
        'syslog+tcp://u:planted@a',
        'https://a#planted',
        'https://a?token=planted',
      ],
      ...[
        'http://a?ca=/planted',
        'otlp+http://a?signing-key-file=/planted',
        'https://a?header-file=planted',
        'https://a?name=Planted',
      ],
      ...[
        'file:/a file:/planted',
        'file:/a?from=planted',
        'file:/a?account=planted',
        'file:/a?account=0',
        'file:/a?name=a&name=planted',
      ],
      ...[
        'https://a?query=%23planted',
        'otlp+ftp://planted',
        'otlp+https:planted',
        'stdout?planted=1',
        `${'- '.repeat(2)}`,
      ],
      ...[Array.from({ length: 17 }, (_, at) => `-?name=planted${at}`).join(' ')],
    ],
  },
  { name: 'STRONGROOM_DRAIN_SECONDS', good: ['0', '5', '3600'], bad: ['-1', '3601', '5s'] },
  { name: 'STRONGROOM_REQUIRE_SYNCHRONOUS', good: ['on', 'off'], bad: ['yes', 'true', 'ON'] },
  {
    name: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    good: ['http://127.0.0.1:4318', 'https://collector.example/otlp/'],
    bad: ['127.0.0.1:4318', 'grpc://a', 'http://', 'http://a:99999'],
  },
  { name: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', good: ['http://a/v1/traces'], bad: ['a', 'file:///a'] },
  {
    name: 'OTEL_EXPORTER_OTLP_HEADERS',
    good: ['a=b', ' x-key = c2VjcmV0=, b=%20c ', 'a='],
    bad: ['planted', '=planted', 'a b=planted', 'a=%planted', 'a=planted%0a', 'a=b,planted'],
  },
  { name: 'OTEL_EXPORTER_OTLP_PROTOCOL', good: ['http/protobuf'], bad: ['grpc', 'http/json'] },
  {
    name: 'OTEL_TRACES_SAMPLER',
    good: ['parentbased_always_on', 'parentbased_traceidratio'],
    bad: ['always_on', 'jaeger_remote'],
  },
  { name: 'OTEL_TRACES_SAMPLER_ARG', good: ['0', '1', '0.25', '1.0'], bad: ['2', '1.1', '-1', '.5', 'half'] },
  { name: 'STRONGROOM_LOG_LEVEL', good: ['debug', 'info', 'warn', 'error', 'silent'], bad: ['trace', 'INFO'] },
]

function faultsOf(environment: Record<string, string>): readonly string[] {
  try {
    readConfig(environment)
    return []
  } catch (error) {
    assert.ok(error instanceof ConfigFaults)
    return error.faults
  }
}

const ofArchive = ['STRONGROOM_AUDIT_ARCHIVE', 'STRONGROOM_AUDIT_KEEP_DAYS'] as const

suite('settings', () => {
  test('every setting that can be wrong has a row here', () => {
    const free = [
      'STRONGROOM_CHECKPOINTS',
      'STRONGROOM_DATA_DIR',
      'OTEL_SERVICE_NAME',
      'STRONGROOM_UNSEAL_SOCKET',
      ...ofArchive,
    ]
    assert.deepEqual([...rows.map(({ name }) => name), ...free].sort(), settings.map(({ name }) => name).sort())
  })

  test('of the archive take days with a folder alone', () => {
    const [folder, days] = ofArchive
    assert.deepEqual(faultsOf({ [folder]: '/archive' }), [])
    for (const good of ['1', '36500']) assert.deepEqual(faultsOf({ [folder]: '/archive', [days]: good }), [])
    for (const bad of ['0', '36501', '1d']) assert.equal(faultsOf({ [folder]: '/archive', [days]: bad }).length, 1)
    assert.match(faultsOf({ [days]: '1' })[0] ?? '', /^STRONGROOM_AUDIT_KEEP_DAYS needs a place/)
  })

  test('that have another name now are read under the older one, unless both are given', () => {
    const [now, older] = ['STRONGROOM_OUTBOUND_ALLOWED_ADDRESSES', 'STRONGROOM_OIDC_ALLOWED_ADDRESSES']
    assert.equal(readConfig({ [older]: '10.0.0.7' }).outboundAllowances.length, 1)
    assert.deepEqual(olderSettings({ [older]: '10.0.0.7' }), [{ setting: older, now }])
    assert.deepEqual(olderSettings({ [now]: '10.0.0.7' }), [])
    assert.deepEqual(faultsOf({ [older]: '10.0.0.7', [now]: '10.0.0.8' }), [
      `${older} must not be set together with ${now}, which replaces it.`,
    ])
  })

  for (const { name, good, bad } of rows) {
    test(`${name} takes its good values and refuses the others in one sentence that names it`, () => {
      for (const value of good) assert.deepEqual(faultsOf({ [name]: value }), [], value)
      for (const value of bad) {
        const faults = faultsOf({ [name]: value })
        assert.equal(faults.length, 1, value)
        assert.match(faults[0] ?? '', new RegExp(`^${name} must .*\\.$`), value)
        assert.doesNotMatch(faults[0] ?? '', /planted/)
        assert.ok(!faults[0]?.includes(key), value)
      }
    })
  }

  test('TLS needs a certificate and its key, and an address to listen on', () => {
    const pair = { STRONGROOM_TLS_CERT: 'cert.pem', STRONGROOM_TLS_KEY: '/etc/key.pem' }
    const { tls } = readConfig({ ...pair })
    assert.deepEqual([tls?.certPath, tls?.keyPath], [resolve('cert.pem'), '/etc/key.pem'])
    assert.equal(readConfig({ ...pair, STRONGROOM_TLS_CLIENT_CA: '/ca.pem' }).tls?.clientCaPath, '/ca.pem')
    assert.equal(readConfig({}).tls, undefined)
    const onSocket = faultsOf({ ...pair, STRONGROOM_LISTEN: 'unix:/run/s.sock' })
    assert.deepEqual([onSocket.length, /^STRONGROOM_TLS_CERT must not/.test(onSocket[0] ?? '')], [1, true])
  })

  test('all faults are reported together', () => {
    const wrong = Object.fromEntries(rows.map(({ name, bad }) => [name, bad[0] ?? '']))
    assert.equal(faultsOf(wrong).length, rows.length)
  })

  test('no message holds a secret setting, and the secrets leave the environment', () => {
    const faults = faultsOf({
      STRONGROOM_ROOT_KEY: 'my-root-key',
      STRONGROOM_BOOTSTRAP_API_KEY: 'my-api-key',
      STRONGROOM_DATABASE_URL: 'mysql://u:my-password@h',
    })
    assert.equal(faults.length, 3)
    assert.doesNotMatch(faults.join('\n'), /my-/)
    const environment: Record<string, string> = { STRONGROOM_ROOT_KEY: key }
    readConfig(environment)
    assert.deepEqual(environment, {})
  })

  test('traces go where the environment says, and their headers leave it', () => {
    const traces = (environment: Record<string, string>) => readConfig(environment).traces
    assert.equal(traces({ OTEL_SERVICE_NAME: 'a', OTEL_EXPORTER_OTLP_HEADERS: 'a=b' }), undefined)
    assert.deepEqual(traces({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a:4318/' }), {
      url: 'http://a:4318/v1/traces',
      headers: {},
      serviceName: 'strongroom',
      ratio: 1,
    })
    const environment = {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a:4318',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://b/spans',
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20abc=, x-a = b ',
      OTEL_SERVICE_NAME: 'west',
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0.25',
    }
    assert.deepEqual(traces(environment), {
      url: 'https://b/spans',
      headers: { authorization: 'Bearer abc=', 'x-a': 'b' },
      serviceName: 'west',
      ratio: 0.25,
    })
    assert.equal('OTEL_EXPORTER_OTLP_HEADERS' in environment, false)
    assert.deepEqual(
      faultsOf({ OTEL_EXPORTER_OTLP_HEADERS: 'planted' })
        .join()
        .match(/planted/),
      null,
    )
  })

  test('root keys as URLs replace the two older settings, are read from the variables they name, and all faults are told', () => {
    const environment: Record<string, string> = {
      STRONGROOM_ROOT_KEY_URLS: 'file:/a env:THEIRS command:/b',
      THEIRS: key,
    }
    assert.deepEqual(readConfig(environment).rootKeys, [
      { kind: 'file', path: '/a', create: false },
      { kind: 'environment', name: 'THEIRS', text: key },
      { kind: 'command', path: '/b' },
    ])
    assert.deepEqual(Object.keys(environment), ['STRONGROOM_ROOT_KEY_URLS'])
    const url = 'pkcs11:token=a%20b;id=%00%ff?module-path=/m+1.so&pin-source=file:/pin'
    assert.deepEqual(readConfig({ STRONGROOM_ROOT_KEY_URLS: url }).rootKeys, [
      {
        ...{ kind: 'pkcs11', token: 'a b', serial: undefined, object: undefined, id: '00ff' },
        ...{ modulePath: '/m+1.so', pinPath: '/pin' },
      },
    ])
    const faults = faultsOf({
      STRONGROOM_ROOT_KEY_URLS: `file:a env:THEIRS file:/c`,
      THEIRS: 'planted',
      STRONGROOM_ROOT_KEY: key,
      STRONGROOM_ROOT_KEY_FILE: '/x',
    })
    assert.equal(faults.length, 4)
    assert.match(faults.join(), /absolute path[^,]*\(number 1\).*a variable that holds.*\(number 2\)/)
    assert.doesNotMatch(faults.join(), new RegExp(`planted|${key}`))
  })

  test('a root key that people have comes with a socket in the data folder, which can be elsewhere', () => {
    const settings = { STRONGROOM_ROOT_KEY_URLS: 'shamir:3/5', STRONGROOM_DATA_DIR: '/data' }
    const socketOf = (more: Record<string, string>) => readConfig({ ...settings, ...more }).unsealSocket
    assert.deepEqual(socketOf({}), { path: '/data/unseal.sock', mode: 0o600 })
    assert.equal(socketOf({ STRONGROOM_UNSEAL_SOCKET: '/run/unseal' })?.path, '/run/unseal')
    for (const more of [
      { STRONGROOM_DATA_DIR: `/${'a'.repeat(100)}` },
      { STRONGROOM_UNSEAL_SOCKET: `/${'a'.repeat(103)}` },
    ]) {
      assert.match(faultsOf({ ...settings, ...more }).join(), /STRONGROOM_UNSEAL_SOCKET must be the path of a socket/)
    }
    assert.equal(socketOf({ STRONGROOM_ROOT_KEY_URLS: 'file:/a' }), undefined)
  })

  test('a root key and a root key file together are refused', () => {
    assert.equal(faultsOf({ STRONGROOM_ROOT_KEY: key, STRONGROOM_ROOT_KEY_FILE: '/x' }).length, 1)
  })
})
