// `understudy doctor` on what is in the store, on each engine: what is well, each thing that is not, and that a look
// leaves no trace.

import assert from 'node:assert/strict'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { sql } from 'kysely'
import { IN_MEMORY, isPostgresUrl } from '../src/platform/db/engine.ts'
import { lookAt } from '../src/platform/db/look.ts'
import { enqueue } from '../src/platform/mail/outbox.ts'
import { linesOf, operator, startPatient } from './doctor.support.ts'
import { SERVER_URL } from './postgres.ts'
import { temporaryDirectory } from './process.ts'
import { DAY, HOUR, MINUTE, SECOND } from './support.ts'

const onPostgres = process.env[SERVER_URL] !== undefined

test('a good store: nothing is wrong but what the test server of PostgreSQL is told to risk, and its clock', async () => {
  const { app, look } = await startPatient()
  await app.runJobs()
  const reports = await look()
  const worse = reports.filter(({ level }) => level !== 'ok').map(line => `${line.level} ${line.check}: ${line.found}`)
  const risks = [
    'failure store: fsync is off: a power cut can destroy the database',
    'failure store: full_page_writes is off: a power cut can destroy pages',
    'warning store: synchronous_commit is off: a crash can lose what was acknowledged',
    "failure clock: the database's clock is N ms from ours",
  ]
  const found = worse.map(line => line.replace(/\d+ ms/, 'N ms'))
  assert.deepEqual(found, onPostgres ? risks : [])
  assert.equal(new Set(reports.map(({ check }) => check)).size, 15)
})

test('a look leaves no trace: no file, no byte; and can write no row', async () => {
  const { config, look, stop } = await startPatient()
  await stop()
  const traces = () =>
    readdirSync(config.home).map(name => {
      const path = join(config.home, name)
      return [name, statSync(path).mtimeMs, readFileSync(path, 'base64')]
    })
  const before = traces()
  await look()
  assert.deepEqual(traces(), before)
  const found = await lookAt(config.data, 5 * SECOND)
  assert.ok(found)
  await assert.rejects(sql`delete from credentials`.execute(found.db), /readonly database|takes no writes/)
  await found.close()
})

test('an empty place stays empty, and is told', async () => {
  const home = join(temporaryDirectory(), 'none')
  const { said, config } = await startPatient()
  const changes = { config: { home, ...(onPostgres ? {} : { data: home }), masterKey: undefined } }
  assert.match((await said('data directory', changes))[0]?.[1] ?? '', /none is not there: no server has run on it$/)
  assert.equal(existsSync(home), false)
  if (isPostgresUrl(config.data)) return
  assert.deepEqual(await said('store', changes), [['warning', 'there is no store yet']])
  assert.deepEqual(await said('master key', changes), [['ok', 'none yet: the first start makes one']])
  assert.deepEqual(await said('keys', changes), [['skipped', 'there is no store to look into']])
})

test('a store of a newer version fails, one of an older is brought up to date by a start', async () => {
  const { app, said } = await startPatient()
  const { db } = app.context
  await sql`update kysely_migration set name = '2030-01-01-later' where name like '%-platform'`.execute(db)
  assert.deepEqual(await said('store'), [['failure', 'the store is of a newer version than this Understudy']])
  await sql`delete from kysely_migration where name = '2030-01-01-later'`.execute(db)
  assert.deepEqual(await said('store'), [['warning', 'the store is of an older version']])
  await sql`insert into kysely_migration values ('2026-11-21-platform', '2026-11-21T00:00:00.000Z')`.execute(db)
})

test('a master key that is missing, another, broken, or kept twice', async () => {
  const { config, said } = await startPatient()
  const home = temporaryDirectory()
  const elsewhere = (masterKey?: Uint8Array) =>
    onPostgres ? { config: { home, masterKey } } : { config: { masterKey } }
  const kept = join(onPostgres ? home : config.home, 'master.key')
  const right = onPostgres ? new Uint8Array(32) : readFileSync(kept, 'utf8')
  rmSync(kept, { force: true })
  assert.deepEqual(await said('master key', elsewhere()), [['failure', 'there is a store, and no master key']])
  assert.deepEqual(await said('event seals', elsewhere()), [['skipped', 'they cannot be read without the master key']])
  writeFileSync(kept, 'short', { mode: 0o600 })
  const [broken] = await said('master key', elsewhere())
  assert.match(broken?.join(' ') ?? '', /^failure the key file cannot be used: .*master\.key: a master key is 32 bytes/)
  writeFileSync(kept, Buffer.alloc(32, 9).toString('base64'))
  const [wrong] = await said('master key', elsewhere())
  assert.match(wrong?.join(' ') ?? '', /^failure .*master\.key does not open this store$/)
  const key = typeof right === 'string' ? Buffer.from(right, 'base64') : right
  assert.deepEqual(await said('master key', elsewhere(key)), [
    ['ok', 'UNDERSTUDY_MASTER_KEY opens the data keys'],
    ['warning', 'UNDERSTUDY_MASTER_KEY is set, and the master.key that is kept is another'],
  ])
})

test('events that nobody seals for a minute, and a watermark that somebody changed', async () => {
  const { app, clock, record, said } = await startPatient()
  await app.runJobs()
  await record()
  clock.advance(59 * SECOND)
  assert.deepEqual(await said('event seals'), [['ok', 'every event is sealed']])
  clock.advance(SECOND)
  assert.deepEqual(await said('event seals'), [['warning', '1 event not sealed since 2026-12-04T09:30:00.000Z']])
  await sql`update event_watermarks set seals = seals + 1`.execute(app.context.db)
  const [changed] = await said('event seals')
  assert.match(changed?.join(' ') ?? '', /^failure the watermark was changed/)
})

test('a clock that was put back, behind what happened, or is being set', async () => {
  const { clock, said } = await startPatient()
  clock.advance(-HOUR)
  const [behind] = await said('clock')
  assert.deepEqual(behind, [
    'failure',
    'the last event is of 2026-12-04T09:30:00.000Z, and it is 2026-12-04T08:30:00.000Z',
  ])
  const [set] = await said('clock', { monotonicNow: () => clock.now() - 5000 })
  assert.deepEqual(set, ['warning', 'the clock was just set by 5000 ms'])
})

test('mails that wait for an SMTP server, were given up, or are late', async () => {
  const { app, clock, said } = await startPatient()
  const { context } = app
  const mail = { to: 'jane@acme.test', subject: 'Hello', text: 'https://secret.test' }
  await enqueue(context, operator, mail)
  await enqueue(context, operator, mail)
  assert.deepEqual(await said('mail'), [['warning', '2 mails in the outbox, from times without an SMTP server']])
  await sql`update mails set status = 'queued'`.execute(context.db)
  const smtp = { config: { smtp: { url: 'smtp://127.0.0.1:1', from: 'a@acme.test' } } }
  assert.equal((await said('mail', smtp)).length, 1)
  clock.advance(6 * MINUTE)
  assert.deepEqual((await said('mail', smtp))[1], ['warning', '2 mails due and not sent'])
  await sql`update mails set status = 'failed'`.execute(context.db)
  assert.deepEqual((await said('mail', smtp))[1], ['warning', '2 mails given up'])
})

test('keys that nobody uses, and those of the first start on a server for others', async () => {
  const { app, clock, said } = await startPatient()
  const all = 'every working key is new, or was used in the last 90 days'
  assert.deepEqual(await said('keys'), [['ok', all]])
  clock.advance(91 * DAY)
  assert.deepEqual(await said('keys'), [['warning', '2 working keys of 90 days and more, never used']])
  await sql`update credentials set last_used_at = '2026-12-05T00:00:00.000Z'`.execute(app.context.db)
  assert.deepEqual(await said('keys'), [['warning', '2 working keys not used for 90 days']])

  assert.deepEqual((await said('sample keys'))[0]?.[0], 'ok')
  const forOthers = { config: { host: '0.0.0.0' } }
  const working = '2 keys of the first start still work, and others reach the server'
  assert.deepEqual(await said('sample keys', forOthers), [['warning', working]])
  await sql`update credentials set disabled_at = '2026-12-05T00:00:00.000Z'`.execute(app.context.db)
  assert.deepEqual(await said('sample keys', forOthers), [['ok', 'none works any more']])
  assert.deepEqual(await said('keys'), [['ok', all]])
  const broken = { ...forOthers, samplesIn: () => JSON.parse('{ "token": ust_secret }') as string[] }
  const [unread] = await said('sample keys', broken)
  assert.match(unread?.[1] ?? '', /environment\.json cannot be read$/)
})

test('a file store that is damaged, or is none', async () => {
  const { config, look, stop } = await startPatient()
  await stop()
  if (isPostgresUrl(config.data)) return
  const data = temporaryDirectory()
  for (const name of ['master.key', 'understudy.db']) copyFileSync(join(config.home, name), join(data, name))
  const file = join(data, 'understudy.db')
  chmodSync(file, 0o600)
  const bytes = readFileSync(file)
  // The last page, of an index or a table, is made nonsense.
  writeFileSync(file, bytes.fill(0x5a, bytes.length - 4096))
  const changes = { config: { data, home: data } }
  const [damaged] = linesOf(await look(changes), 'store')
  assert.match(damaged?.join(' ') ?? '', /^failure the store is damaged: /)
  writeFileSync(file, 'this is a text')
  const [none] = linesOf(await look(changes), 'store')
  assert.match(none?.join(' ') ?? '', /^failure .* cannot be used: file is not a database$/)
  const [inMemory] = linesOf(await look({ config: { data: IN_MEMORY, home: IN_MEMORY } }), 'store')
  assert.equal(inMemory?.[0], 'warning')
})

test('a database that is away is one failure, without the password of its URL', async () => {
  const { look } = await startPatient()
  const reports = await look({ config: { data: 'postgres://understudy:hunter22@127.0.0.1:1/none' } })
  const [away] = linesOf(reports, 'store')
  assert.match(away?.join(' ') ?? '', /^failure postgres:\/\/understudy:\*\*\*@127\.0\.0\.1:1\/none cannot be used: /)
  assert.doesNotMatch(JSON.stringify(reports), /hunter22/)
})
