import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'
import { type Config, ConfigError, type Flags, readConfig, VARIABLES } from './config.ts'

const directory = mkdtempSync(join(tmpdir(), 'understudy-config-'))
after(() => rmSync(directory, { recursive: true }))

let files = 0
function fileOf(text: string): string {
  const path = join(directory, `${++files}.yaml`)
  writeFileSync(path, text)
  return path
}

const KEY = Buffer.alloc(32, 7)

test('without any setting the server listens on loopback and keeps its data beside it', async () => {
  assert.deepEqual(await readConfig({}, {}), {
    host: '127.0.0.1',
    port: 4600,
    data: './understudy-data',
    home: './understudy-data',
    postgres: { poolMax: 10, statementTimeoutMs: 10_000 },
    publicUrl: undefined,
    logLevel: 'info',
    retentionDays: 30,
    trustProxy: false,
    strippedPrefix: '',
    smtp: undefined,
    webhooks: { allowPrivateAddresses: undefined },
    passwords: { memoryKiB: 19_456, passes: 2, parallelism: 1, concurrency: Math.min(availableParallelism(), 2) },
    offboarding: { removePlans: false },
    tls: undefined,
    masterKey: undefined,
    newMasterKey: undefined,
  })
})

const whole = `
host: file.test
port: 1
data: /file
postgres: { poolMax: 7, statementTimeoutMs: 5000 }
publicUrl: https://file.test
logLevel: warn
retentionDays: 2.5
trustProxy: true
strippedPrefix: /one/two
smtp: { url: "smtp://file.test", from: file@file.test }
webhooks: { allowPrivateAddresses: false }
passwords: { memoryKiB: 65536, passes: 3, parallelism: 4, concurrency: 1 }
offboarding: { removePlans: true }
`

test('every setting can stand in the file', async () => {
  assert.deepEqual(await readConfig({}, { UNDERSTUDY_CONFIG: fileOf(whole) }), {
    host: 'file.test',
    port: 1,
    data: '/file',
    home: '/file',
    postgres: { poolMax: 7, statementTimeoutMs: 5000 },
    publicUrl: 'https://file.test',
    logLevel: 'warn',
    retentionDays: 2.5,
    trustProxy: true,
    strippedPrefix: '/one/two',
    smtp: { url: 'smtp://file.test', from: 'file@file.test' },
    webhooks: { allowPrivateAddresses: false },
    passwords: { memoryKiB: 65_536, passes: 3, parallelism: 4, concurrency: 1 },
    offboarding: { removePlans: true },
    tls: undefined,
    masterKey: undefined,
    newMasterKey: undefined,
  })
})

const precedence: { name: string; flags?: Flags; env?: NodeJS.ProcessEnv; expected: Partial<Config> }[] = [
  {
    name: 'the environment wins over the file',
    env: {
      UNDERSTUDY_HOST: 'env.test',
      UNDERSTUDY_PORT: '2',
      UNDERSTUDY_DATA: '/env',
      UNDERSTUDY_PUBLIC_URL: 'https://env.test/',
      UNDERSTUDY_LOG_LEVEL: 'debug',
      UNDERSTUDY_SMTP_URL: 'smtps://env.test',
      UNDERSTUDY_SMTP_FROM: 'env@env.test',
      UNDERSTUDY_ALLOW_PRIVATE_ADDRESSES: 'true',
    },
    expected: {
      host: 'env.test',
      port: 2,
      data: '/env',
      publicUrl: 'https://env.test',
      logLevel: 'debug',
      smtp: { url: 'smtps://env.test', from: 'env@env.test' },
      webhooks: { allowPrivateAddresses: true },
      retentionDays: 2.5,
    },
  },
  {
    name: 'flags win over the environment',
    flags: { host: 'flag.test', port: '3', data: '/flag' },
    env: { UNDERSTUDY_HOST: 'env.test', UNDERSTUDY_PORT: '2', UNDERSTUDY_DATA: '/env' },
    expected: { host: 'flag.test', port: 3, data: '/flag' },
  },
  {
    name: 'UNDERSTUDY_DATA wins over DATABASE_URL',
    env: { UNDERSTUDY_DATA: '/env', DATABASE_URL: '/database' },
    expected: { data: '/env' },
  },
  { name: 'DATABASE_URL wins over the file', env: { DATABASE_URL: '/database' }, expected: { data: '/database' } },
  {
    name: 'keys are kept beside a database of ours, and in the directory that is named beside a PostgreSQL one',
    env: { DATABASE_URL: 'postgres://db.test/x', UNDERSTUDY_HOME: '/home-of-env' },
    expected: { data: 'postgres://db.test/x', home: '/home-of-env' },
  },
  { name: 'port 0 is a port', flags: { port: '0' }, expected: { port: 0 } },
  { name: 'a store in memory is one', flags: { data: ':memory:' }, expected: { data: ':memory:' } },
]
for (const { name, flags = {}, env = {}, expected } of precedence) {
  test(name, async () => {
    const config = await readConfig(flags, { UNDERSTUDY_CONFIG: fileOf(whole), ...env })
    assert.deepEqual({ ...config, ...expected }, config)
  })
}

const passwords: { name: string; file: string; threads?: string; expected: Partial<Config['passwords']> }[] = [
  {
    name: 'what the file does not say about passwords stays as it is',
    file: 'passwords: { passes: 5 }',
    expected: { memoryKiB: 19_456, passes: 5, parallelism: 1 },
  },
  {
    name: 'the least that argon2 takes can be configured',
    file: 'passwords: { memoryKiB: 16, passes: 1, parallelism: 2 }',
    expected: { memoryKiB: 16, passes: 1, parallelism: 2 },
  },
  {
    name: 'a larger thread pool hashes more passwords at once',
    file: 'passwords: { concurrency: 8 }',
    threads: '10',
    expected: { concurrency: 8 },
  },
  {
    name: 'by default there are as many passwords at once as there are cores',
    file: '',
    threads: '1024',
    expected: { concurrency: Math.min(availableParallelism(), 128) },
  },
  ...['3', '2', '1', '0', ''].map(threads => ({
    name: `a thread pool of "${threads}" hashes one password at a time`,
    file: '',
    threads,
    expected: { concurrency: 1 },
  })),
]
for (const { name, file, threads, expected } of passwords) {
  test(name, async () => {
    const pool = threads === undefined ? {} : { UV_THREADPOOL_SIZE: threads }
    const config = await readConfig({}, { UNDERSTUDY_CONFIG: fileOf(file), ...pool })
    assert.deepEqual({ ...config.passwords, ...expected }, config.passwords)
  })
}

for (const [name, text] of [
  ['base64', KEY.toString('base64')],
  ['base64 with a line end', `${KEY.toString('base64')}\n`],
  ['hex', KEY.toString('hex')],
] as const) {
  test(`a master key as ${name} is read`, async () => {
    const env = { UNDERSTUDY_MASTER_KEY: text, UNDERSTUDY_NEW_MASTER_KEY: text }
    const { masterKey, newMasterKey } = await readConfig({}, env)
    assert.deepEqual([masterKey, newMasterKey], [KEY, KEY])
  })
}

const wrong: { flags?: Flags; env?: NodeJS.ProcessEnv; says: RegExp }[] = [
  ...['', 'abc', '-1', '65536', '1.5', '0x10', ' 80'].map(port => ({
    flags: { port },
    says: /^--port must be a port/,
  })),
  { env: { UNDERSTUDY_PORT: '70000' }, says: /^UNDERSTUDY_PORT must be a port/ },
  ...['example.com', 'ftp://example.com', 'https://example.com/path', 'https://user@example.com', ''].map(url => ({
    env: { UNDERSTUDY_PUBLIC_URL: url },
    says: /^UNDERSTUDY_PUBLIC_URL must be an origin/,
  })),
  { env: { UNDERSTUDY_LOG_LEVEL: 'loud' }, says: /^UNDERSTUDY_LOG_LEVEL must be/ },
  { env: { UNDERSTUDY_SMTP_URL: 'http://127.0.0.1' }, says: /^UNDERSTUDY_SMTP_URL must start/ },
  { env: { UNDERSTUDY_SMTP_URL: 'smtp://127.0.0.1' }, says: /^UNDERSTUDY_SMTP_FROM is needed/ },
  { env: { UNDERSTUDY_ALLOW_PRIVATE_ADDRESSES: 'yes' }, says: /^UNDERSTUDY_ALLOW_PRIVATE_ADDRESSES must be/ },
  { flags: { 'tls-cert': 'cert.pem' }, says: /^TLS needs both --tls-cert and --tls-key/ },
  { env: { UNDERSTUDY_TLS_KEY: 'key.pem' }, says: /^TLS needs both --tls-cert and --tls-key/ },
  {
    flags: { 'tls-cert': join(directory, 'none.pem'), 'tls-key': join(directory, 'none.pem') },
    says: /^cannot read .*none\.pem/,
  },
  {
    env: { UNDERSTUDY_CONFIG: fileOf('passwords: { concurrency: 3 }') },
    says: /^passwords\.concurrency: 3 at once need UV_THREADPOOL_SIZE=5 in the environment, not 4$/,
  },
  {
    env: { UNDERSTUDY_CONFIG: fileOf('passwords: { concurrency: 2 }'), UV_THREADPOOL_SIZE: 'many' },
    says: /^passwords\.concurrency: 2 at once need UV_THREADPOOL_SIZE=4 in the environment, not 1$/,
  },
  {
    env: { UNDERSTUDY_CONFIG: fileOf('passwords: { memoryKiB: 31, parallelism: 4 }') },
    says: /^passwords\.memoryKiB must be at least 8 times passwords\.parallelism$/,
  },
  { env: { UNDERSTUDY_CONFIG: join(directory, 'none.yaml') }, says: /^cannot read the config file .*none\.yaml/ },
]
for (const { flags = {}, env = {}, says } of wrong) {
  test(`refused: ${JSON.stringify({ ...flags, ...env }).replaceAll(directory, '')}`, async () => {
    await assert.rejects(readConfig(flags, env), (error: unknown) => {
      assert.ok(error instanceof ConfigError)
      assert.match(error.message, says)
      return true
    })
  })
}

const wrongFiles: [text: string, line: number, says: string][] = [
  ['port: many\n', 1, 'port: must be integer'],
  ['host: a\n\nport: 65536\n', 3, 'port: must be <= 65535'],
  ['host: a\nprot: 1\n', 2, 'prot: no such setting'],
  ['masterKey: never here\n', 1, 'masterKey: no such setting'],
  ['smtp:\n  url: smtp://a\n', 1, 'smtp: from is missing'],
  ['smtp:\n  url: http://a\n  from: a@b.c\n', 2, 'smtp.url'],
  ['publicUrl: https://a.test/path\n', 1, 'publicUrl'],
  ['strippedPrefix: no-slash\n', 1, 'strippedPrefix'],
  ['logLevel: loud\n', 1, 'logLevel'],
  ['webhooks: { allowPrivateAddresses: maybe }\n', 1, 'webhooks.allowPrivateAddresses: must be boolean'],
  ['passwords:\n  memoryKiB: 7\n', 2, 'passwords.memoryKiB: must be >= 8'],
  ['passwords:\n  memoryKiB: 262145\n', 2, 'passwords.memoryKiB: must be <= 262144'],
  ['passwords:\n  passes: 0\n', 2, 'passwords.passes: must be >= 1'],
  ['passwords:\n  passes: 17\n', 2, 'passwords.passes: must be <= 16'],
  ['passwords:\n  parallelism: 0\n', 2, 'passwords.parallelism: must be >= 1'],
  ['passwords:\n  parallelism: 17\n', 2, 'passwords.parallelism: must be <= 16'],
  ['passwords:\n  concurrency: 0\n', 2, 'passwords.concurrency: must be >= 1'],
  ['passwords:\n  concurrency: 129\n', 2, 'passwords.concurrency: must be <= 128'],
  ['passwords:\n  concurrency: 1.5\n', 2, 'passwords.concurrency: must be integer'],
  ['passwords:\n  pepper: x\n', 2, 'passwords.pepper: no such setting'],
  ['offboarding: { removePlans: some }\n', 1, 'offboarding.removePlans: must be boolean'],
  ['offboarding: { removeplans: true }\n', 1, 'offboarding.removeplans: no such setting'],
  ['host: [\n', 2, ''],
  ['- host\n', 1, 'the file: must be object'],
]
for (const [text, line, says] of wrongFiles) {
  test(`refused, with its line: ${JSON.stringify(text)}`, async () => {
    const path = fileOf(text)
    await assert.rejects(readConfig({}, { UNDERSTUDY_CONFIG: path }), (error: unknown) => {
      assert.ok(error instanceof ConfigError)
      assert.equal(error.message.slice(0, `${path}:${line}: ${says}`.length), `${path}:${line}: ${says}`)
      return true
    })
  })
}

/** Of which base64 would make 32 bytes, were its spaces left out. */
const PHRASE = 'no key but a phrase of forty three letters and spaces'

for (const text of ['', 'short', 'z'.repeat(64), PHRASE, `${KEY.toString('hex')}00`, KEY.toString('base64').slice(4)]) {
  test(`no master key, and the message does not repeat it: ${text.slice(0, 8)}…`, async () => {
    await assert.rejects(readConfig({}, { UNDERSTUDY_MASTER_KEY: text }), (error: unknown) => {
      assert.ok(error instanceof ConfigError)
      assert.equal(error.message, 'UNDERSTUDY_MASTER_KEY: a master key is 32 bytes, as base64 or hex')
      return true
    })
  })
}

test('what is wrong with a setting is told without its value, which may be a secret of another', async () => {
  const secret = 'a-secret-that-slipped'
  for (const name of VARIABLES.filter(variable => !/_(CONFIG|HOST|DATA|HOME|SMTP_FROM|TLS_\w+)$/.test(variable))) {
    await assert.rejects(readConfig({}, { [name]: secret }), (error: Error) => {
      assert.ok(error instanceof ConfigError && error.message.includes(name))
      return !error.message.includes(secret)
    })
  }
})
