/** The settings by name: what each means and what holds without it. `config.ts` reads them. */

export interface Setting {
  readonly name: string
  readonly default: string
  readonly meaning: string
}

/** Every setting; `docs/operations.md` carries this table. */
export const settings: readonly Setting[] = [
  {
    name: 'STRONGROOM_LISTEN',
    default: '127.0.0.1:4600',
    meaning: 'Address and port to listen on, or `unix:` and the path of a Unix socket.',
  },
  {
    name: 'STRONGROOM_LISTEN_MODE',
    default: '600',
    meaning: 'Who may connect to that socket: `600` its owner, `660` its group too, `666` everybody on the host.',
  },
  {
    name: 'STRONGROOM_TLS_CERT',
    default: 'plain HTTP',
    meaning:
      'A file with the certificate to speak TLS with, in PEM, those of its issuers after it. Read anew when it changes.',
  },
  { name: 'STRONGROOM_TLS_KEY', default: '', meaning: 'A file with its private key, in PEM, not encrypted.' },
  {
    name: 'STRONGROOM_TLS_CLIENT_CA',
    default: 'none is asked for',
    meaning: 'A file with authorities, in PEM: only clients that show a certificate of one of them are let in.',
  },
  {
    name: 'STRONGROOM_DATA_DIR',
    default: './data',
    meaning: 'Folder for the SQLite file, the root key file and the lock; made with mode 0700.',
  },
  {
    name: 'STRONGROOM_DATABASE_URL',
    default: 'SQLite in the data folder',
    meaning: '`postgres://…` for PostgreSQL 15 or later. Several hosts may be given, separated by commas.',
  },
  { name: 'STRONGROOM_ROOT_KEY', default: '', meaning: 'The root key: 32 bytes in base64url.' },
  {
    name: 'STRONGROOM_ROOT_KEY_FILE',
    default: '`root.key` in the data folder, made if absent',
    meaning: 'A file with the root key, mode 0600 or 0400. Production keeps it outside the data folder.',
  },
  {
    name: 'STRONGROOM_ROOT_KEY_URLS',
    default: '',
    meaning:
      'In place of those two: one to five root keys, separated by blanks, any one of which opens the store: `file:/path`, `env:NAME`, `transit:https://…`, `awskms:…`, `pkcs11:…`, `tpm2:/path`, `command:/path`, `shamir:3/5`. [Root keys](root-keys.md).',
  },
  {
    name: 'STRONGROOM_UNSEAL_SOCKET',
    default: '`unseal.sock` in the data folder',
    meaning:
      'With `shamir:`: the Unix socket, mode 0600, at which a sealed server takes shares from `strongroom unseal`.',
  },
  {
    name: 'STRONGROOM_UNSEAL_HTTP',
    default: 'off',
    meaning: 'With `shamir:`: `on` takes shares on the main address too, from everybody who reaches it.',
  },
  {
    name: 'STRONGROOM_BOOTSTRAP_API_KEY',
    default: 'a new key, printed once',
    meaning: 'The first API key of the account `default`; taken only by an empty store.',
  },
  {
    name: 'STRONGROOM_RATE_LIMIT',
    default: '1000',
    meaning: 'Requests per second for one key and for one address; `off` turns every limiter off.',
  },
  { name: 'STRONGROOM_MAX_CONNECTIONS', default: '4096', meaning: 'Connections at once, 1 to 1000000.' },
  {
    name: 'STRONGROOM_MAX_CONNECTIONS_PER_ADDRESS',
    default: '1024',
    meaning: 'Connections at once from one address that is no trusted proxy, 1 to 1000000.',
  },
  { name: 'STRONGROOM_METRICS_LISTEN', default: 'the main address', meaning: 'An address of its own for `/metrics`.' },
  { name: 'STRONGROOM_KEEP_VERSIONS', default: '10', meaning: 'Versions kept of each secret, 1 to 1000.' },
  { name: 'STRONGROOM_MAX_VALUE_BYTES', default: '65536', meaning: 'Longest value in bytes of UTF-8, 1 to 1048576.' },
  { name: 'STRONGROOM_MAX_FILE_BYTES', default: '1048576', meaning: 'Longest file in bytes, 1 to 16777216.' },
  {
    name: 'STRONGROOM_VAULT_API',
    default: 'off',
    meaning: '`on` serves [the Vault API](vault.md) below `/v1`, for clients of Vault and OpenBao.',
  },
  {
    name: 'STRONGROOM_QUERY_KEY',
    default: 'on',
    meaning: '`off` refuses API keys in the query parameter `key`, where proxies may log them.',
  },
  {
    name: 'STRONGROOM_TRUSTED_PROXIES',
    default: 'none',
    meaning:
      "Addresses or networks, separated by commas, of proxies whose `X-Forwarded-For` tells the caller's address; `unix` for whoever connects to the Unix socket. Nobody else's is looked at.",
  },
  {
    name: 'STRONGROOM_PUBLIC_URL',
    default: 'as the request names it',
    meaning:
      'The origin that people reach the server at, such as `https://secrets.example.com`: links begin with it, people sign in from there alone, and with `https` their cookie is for TLS alone.',
  },
  {
    name: 'STRONGROOM_OUTBOUND_ALLOWED_ADDRESSES',
    default: 'public addresses, by https',
    meaning:
      'Addresses or networks, separated by commas, that may be reached too, by http as well, wherever users say what is reached: issuers of OpenID Connect and webhooks: `10.0.0.7`, `10.96.0.0/12`, or with a port `10.0.0.7:8443`, `[2001:db8::7]:8443`.',
  },
  {
    name: 'STRONGROOM_OIDC_ALLOWED_ADDRESSES',
    default: '',
    meaning: 'Deprecated: what `STRONGROOM_OUTBOUND_ALLOWED_ADDRESSES` was called before. Read where that is not set.',
  },
  {
    name: 'STRONGROOM_DISK_RESERVE_MIB',
    default: '64',
    meaning:
      'With SQLite: when less than so many MiB are free, changes are refused, so that reads can still be recorded.',
  },
  {
    name: 'STRONGROOM_REQUIRE_SYNCHRONOUS',
    default: 'off',
    meaning:
      'With PostgreSQL: `on` refuses to start, and answers 503, unless commits wait for a standby (`synchronous_standby_names`).',
  },
  {
    name: 'STRONGROOM_CHECKPOINTS',
    default: 'none are made',
    meaning: 'A file that signed checkpoints of the audit trail are appended to, or `stdout`.',
  },
  {
    name: 'STRONGROOM_CHECKPOINT_SECONDS',
    default: '60',
    meaning: 'How often checkpoints are made, when there is anything new, 1 to 86400.',
  },
  {
    name: 'STRONGROOM_AUDIT_SINKS',
    default: 'it is sent nowhere',
    meaning:
      'Where the audit trail is sent, as URLs separated by blanks: `file:/…`, `stdout`, `syslog+tcp://…`, `syslog+tls://…`, `https://…`, `otlp+https://…` ([sinks](audit-sinks.md)). Credentials are in files that the URLs name.',
  },
  {
    name: 'STRONGROOM_AUDIT_ARCHIVE',
    default: 'everything stays in the database',
    meaning:
      'Where records of the audit trail go that leave the database: a folder, or `s3://bucket/prefix?region=…` ([archive](audit-archive.md)).',
  },
  {
    name: 'STRONGROOM_AUDIT_KEEP_DAYS',
    default: 'only the command archives',
    meaning: 'After so many days records of the audit trail are archived, 1 to 36500.',
  },
  {
    name: 'STRONGROOM_DRAIN_SECONDS',
    default: '5',
    meaning:
      'Seconds that the server goes on serving after `SIGTERM`, while `/readyz` says 503 already, 0 to 3600: as long as a load balancer takes to notice.',
  },
  {
    name: 'STRONGROOM_LOG_LEVEL',
    default: 'info',
    meaning: '`debug` (every request), `info` (refused requests too), `warn`, `error` or `silent`.',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    default: 'no traces are made',
    meaning: 'Address of a collector of traces, such as `http://127.0.0.1:4318`; `/v1/traces` is added to it.',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    default: 'the one above',
    meaning: 'The same, whole: nothing is added to it.',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_HEADERS',
    default: '',
    meaning: 'Headers for the collector: `name=value`, separated by commas, percent-encoded.',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_PROTOCOL',
    default: 'http/protobuf',
    meaning: 'No other is spoken.',
  },
  { name: 'OTEL_SERVICE_NAME', default: 'strongroom', meaning: 'What this server is called in traces.' },
  {
    name: 'OTEL_TRACES_SAMPLER',
    default: 'parentbased_always_on',
    meaning: '`parentbased_traceidratio` traces a share. A request that comes with `traceparent` does as that says.',
  },
  {
    name: 'OTEL_TRACES_SAMPLER_ARG',
    default: '1',
    meaning: 'That share, 0 to 1.',
  },
]
