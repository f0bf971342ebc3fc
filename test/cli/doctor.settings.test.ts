// `understudy doctor` on settings and surroundings that are valid, and wrong or weak all the same. Nothing here depends
// on what is in the store.

import assert from 'node:assert/strict'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { type Config, readConfig, VARIABLES } from '../../src/config.ts'
import { judgeApart, judgeSteps } from '../../src/doctor/clock.ts'
import { judgeSpace } from '../../src/doctor/data-directory.ts'
import { diagnose } from '../../src/doctor/diagnose.ts'
import { linesOf as printed, summaryOf } from '../../src/doctor/report.ts'
import { judgeNode } from '../../src/doctor/runtime.ts'
import { judgeServer } from '../../src/doctor/store.ts'
import type { Surroundings } from '../../src/doctor/subject.ts'
import { linesOf, lookAt } from '../doctor.support.ts'
import { fileWith, temporaryDirectory } from '../process.ts'
import { DAY, FakeClock } from '../support.ts'

const tls = {
  cert: readFileSync(new URL('../fixtures/tls-cert.pem', import.meta.url)),
  key: readFileSync(new URL('../fixtures/tls-key.pem', import.meta.url)),
}

function surroundingsAt(now: string, env: NodeJS.ProcessEnv = {}): Surroundings {
  const clock = new FakeClock(now)
  const monotonicNow = () => clock.now()
  return { env, clock, monotonicNow, lookup: async () => [], samplesIn: () => [] }
}

/** What a check says of these settings, on a directory where no server has run. */
async function said(check: string, changes: Partial<Config>, now = '2026-12-04T09:30:00.000Z', env = {}) {
  const config = { ...(await readConfig({ data: temporaryDirectory(), port: '0' }, {})), ...changes }
  return linesOf(await lookAt(config, surroundingsAt(now, env)), check).map(line => line.join(' '))
}

/** Each line is expected to begin like this, and there are no others. */
function assertLines(lines: string[], ...expected: string[]) {
  assert.deepEqual(
    lines.map((line, index) => line.slice(0, expected[index]?.length)),
    expected,
  )
}

test('a setting that is not valid is the only line; the rest could only be guessed', async () => {
  const surroundings = surroundingsAt('2026-12-04T09:30:00.000Z', { UNDERSTUDY_PORT: 'x' })
  const reports = await diagnose({}, surroundings, 1000)
  assert.deepEqual(printed(summaryOf(reports)), [
    'failure  configuration  UNDERSTUDY_PORT must be a port number; mend it: nothing else can be looked at before',
    '1 findings: 1 failures, 0 warnings',
  ])
})

test('variables that nothing reads, and settings that count for nothing beside others', async () => {
  const now = '2026-12-04T09:30:00.000Z'
  const found = (env: NodeJS.ProcessEnv) => said('configuration', {}, now, env)
  assertLines(await found({ UNDERSTUDY_LOGLEVEL: 'info' }), 'warning UNDERSTUDY_LOGLEVEL is no setting of this version')
  assertLines(await found({ DATABASE_URL: 'postgres://x/y' }), 'warning DATABASE_URL is set, and another store is used')
  assertLines(
    await found({ UNDERSTUDY_HOME: '/srv' }),
    'warning UNDERSTUDY_HOME is set, and counts for PostgreSQL only',
  )
  assertLines(await found({ UNDERSTUDY_SMTP_FROM: 'a@b.c' }), 'warning UNDERSTUDY_SMTP_FROM is not read without')
  assertLines(await found({ UNDERSTUDY_URL: 'x', UNDERSTUDY_CONTROL_TOKEN: 'y' }), 'ok every setting is valid')
})

test('the variables that are known are those that are read', () => {
  const source = readFileSync(new URL('../../src/config.ts', import.meta.url), 'utf8')
  const read = [...source.matchAll(/env\.(UNDERSTUDY_\w+)/g)].map(([, name = '']) => name)
  assert.deepEqual([...new Set(read)].sort(), [...VARIABLES].sort())
})

test('a config file with a password in it is for its owner alone', async () => {
  const path = fileWith('config.yaml', '')
  chmodSync(path, 0o644)
  const env = { UNDERSTUDY_CONFIG: path }
  const smtp = { url: 'smtp://u:hunter22@127.0.0.1:1', from: 'a@b.c' }
  const found = () => said('configuration', { smtp }, '2026-12-04T09:30:00.000Z', env)
  assertLines(await found(), `warning ${path} holds a password, and others can read it`)
  chmodSync(path, 0o600)
  assertLines(await found(), 'ok every setting is valid')
})

test('a data directory, or a file of secrets in it, that others can read or write', async () => {
  const data = temporaryDirectory()
  writeFileSync(join(data, 'environment.json'), '{}', { mode: 0o640 })
  chmodSync(data, 0o755)
  const found = () => said('data directory', { data, home: data })
  assertLines(await found(), `warning others can look into ${data}`, `failure others can read ${data}/environment.json`)
  chmodSync(join(data, 'environment.json'), 0o600)
  chmodSync(data, 0o770)
  assertLines(await found(), `failure others can write in ${data}`)
  const file = join(data, 'environment.json')
  assertLines(await said('data directory', { data: file, home: file }), `failure ${file} is no directory`)
})

test('a certificate that has ended, will soon, is not valid yet, or is for another host', async () => {
  const found = (changes: Partial<Config>, now?: string) => said('tls', { tls, ...changes }, now)
  assertLines(await found({}), 'ok the certificate is for 127.0.0.1, until Oct 28 ')
  assertLines(await found({ host: '0.0.0.0' }), 'ok the certificate is for 0.0.0.0')
  assertLines(await found({ publicUrl: 'https://localhost:4600' }), 'ok the certificate is for localhost')
  assertLines(await found({ publicUrl: 'https://u.acme.test' }), 'failure the certificate is not for u.acme.test')
  assertLines(await found({}, '2126-10-20T00:00:00.000Z'), 'warning the certificate ends Oct 28')
  assertLines(await found({}, '2126-11-20T00:00:00.000Z'), 'failure the certificate ended Oct 28')
  assertLines(await found({}, '2026-11-20T00:00:00.000Z'), 'failure the certificate is not valid before Nov 21')
  assertLines(await found({ tls: undefined }), 'ok none: the port speaks plain HTTP')
})

test('a public URL that lets others listen in, or does not fit what is before the server', async () => {
  const found = (changes: Partial<Config>) => said('public URL', changes)
  const plain = 'warning it is reached by plain HTTP'
  assertLines(await found({ host: '0.0.0.0' }), 'warning it listens on 0.0.0.0, and links in mails lead there', plain)
  assertLines(await found({ publicUrl: 'http://u.acme.test' }), plain)
  assertLines(await found({ publicUrl: 'http://127.0.0.1:9000' }), 'ok http://127.0.0.1:9000')
  assertLines(
    await found({ publicUrl: 'https://u.acme.test' }),
    'warning HTTPS ends before the server, and trustProxy is off',
  )
  assertLines(await found({ publicUrl: 'https://u.acme.test', trustProxy: true }), 'ok https://u.acme.test')
  assertLines(
    await found({ publicUrl: 'http://localhost:1', tls }),
    'warning the port speaks HTTPS, and publicUrl is http:',
  )
  assertLines(await found({ strippedPrefix: '/api' }), 'warning strippedPrefix is /api, and no other setting tells')
})

test('settings that are weak', async () => {
  const found = (changes: Partial<Config>, env = {}) => said('settings', changes, '2026-12-04T09:30:00.000Z', env)
  const { passwords } = await readConfig({}, {})
  assertLines(await found({}), 'ok none is weak')
  assertLines(await found({ passwords: { ...passwords, passes: 1 } }), 'warning passwords cost 19456 KiB and 1 passes')
  assertLines(await found({ passwords: { ...passwords, memoryKiB: 12_288, passes: 3 } }), 'ok none is weak')
  assertLines(await found({ logLevel: 'trace' }), 'warning logLevel is trace: far more is written')
  assertLines(await found({ logLevel: 'silent' }), 'warning logLevel is silent: nobody learns')
  assertLines(await found({ trustProxy: true }), 'ok none is weak')
  assertLines(
    await found({ trustProxy: true, host: '0.0.0.0' }),
    'warning trustProxy is on, and 0.0.0.0 may be reached',
  )
  const webhooks = { allowPrivateAddresses: true }
  assertLines(await found({ webhooks }), 'ok none is weak')
  assertLines(await found({ webhooks, host: '10.0.0.1' }), 'warning webhooks may go to private addresses')
  assertLines(await found({}, { NODE_TLS_REJECT_UNAUTHORIZED: '0' }), 'failure NODE_TLS_REJECT_UNAUTHORIZED is 0')
})

test('what is measured is judged by its bounds', () => {
  const levels = (...all: { level: string }[][]) => all.map(([first]) => first?.level)
  const mib = 1024 * 1024
  assert.deepEqual(levels(judgeSpace(99 * mib, '/'), judgeSpace(100 * mib, '/'), judgeSpace(1024 * mib, '/')), [
    'failure',
    'warning',
    undefined,
  ])
  assert.deepEqual(levels(judgeApart(999), judgeApart(1000), judgeApart(10_000)), [undefined, 'warning', 'failure'])
  assert.deepEqual(levels(judgeSteps(-999), judgeSteps(-1000), judgeSteps(DAY)), [undefined, 'warning', 'warning'])
  const node = [judgeNode('25.9.0', '26.10.0'), judgeNode('26.0.0', '26.10.0'), judgeNode('27.0.0', '26.10.0')]
  assert.deepEqual(levels(...node), ['failure', 'ok', 'warning'])
})

test('a database server that is old, a copy, unsafe, or has no connections left', () => {
  const good = {
    version: 180_001,
    fsync: 'on',
    full_page_writes: 'on',
    synchronous_commit: 'on',
    copy: false,
    connections_max: 97,
    connections_ours: 0,
    connections: 5,
    now: 0,
  }
  const judged = (changes: Partial<typeof good>) => {
    const lines = judgeServer({ ...good, ...changes }, 10).map(({ level, found }) => `${level} ${found}`)
    return lines.map(line => line.split(' ').slice(0, 4).join(' '))
  }
  assert.deepEqual(judged({}), [])
  assert.deepEqual(judged({ version: 140_005 }), ['warning PostgreSQL 14.5 gets'])
  assert.deepEqual(judged({ copy: true }), ['failure the server is'])
  assert.deepEqual(judged({ fsync: 'off' }), ['failure fsync is off:'])
  assert.deepEqual(judged({ full_page_writes: 'off' }), ['failure full_page_writes is off:'])
  assert.deepEqual(judged({ synchronous_commit: 'off' }), ['warning synchronous_commit is off:'])
  assert.deepEqual(judged({ connections: 86 }), ['warning a node opens'])
  assert.deepEqual(judged({ connections: 86, connections_ours: 12 }), [])
})
