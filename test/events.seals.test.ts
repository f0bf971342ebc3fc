// The event log is sealed: whatever is done to it past the server is found, and told of the row that it was done to.

import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import type { Kysely } from 'kysely'
import { type Context, type Principal, withTransaction } from '../src/platform/context.ts'
import type { Database } from '../src/platform/db/database.ts'
import * as events from '../src/platform/events/events.ts'
import { type Verdict, verify } from '../src/platform/events/seals-verify.ts'
import { startApp, type TestApp } from './support.ts'

type Db = Kysely<Database>
type Row = events.EventRow

const server: Principal = { vendor: 'understudy', tenant: '', actor: 'cli:test' }
const acme: Principal = { vendor: 'test', tenant: 'acme', actor: 'key:test' }
const globex: Principal = { ...acme, tenant: 'globex' }

function write(ctx: Context, principal: Principal, subject: string): Promise<void> {
  return withTransaction(ctx, principal, tx => events.record(tx, principal, 'thing.made', subject, { subject }))
}

/** Three events of each tenant in turn, sealed; then one more each, which are not. */
async function startSealed(): Promise<TestApp & { db: Db; rows: Row[] }> {
  const started = await startApp('{}')
  const { context } = started.app
  for (const round of ['1', '2', '3']) {
    for (const principal of [acme, server, globex]) await write(context, principal, round)
  }
  await started.app.runJobs()
  for (const principal of [acme, globex]) await write(context, principal, '4')
  const rows = await context.db.selectFrom('events').selectAll().orderBy('sequence').execute()
  return { ...started, db: context.db, rows }
}

/** The rows by number: acme has 0, 3, 6 and 9, the server 1, 4, 7, globex 2, 5, 8 and 10. */
function nth(rows: readonly Row[], index: number): Row {
  const row = rows[index]
  assert.ok(row)
  return row
}

function told({ findings, found }: Verdict): { kind: string; id: string | undefined; message: string }[] {
  assert.equal(found, findings.length)
  return findings.map(({ kind, id, message }) => ({ kind, id, message }))
}

async function moveTo(db: Db, from: number, to: number): Promise<void> {
  await db.updateTable('events').set({ sequence: to }).where('sequence', '=', from).execute()
}

async function removeEvent(db: Db, { sequence }: Row): Promise<void> {
  await db.deleteFrom('events').where('sequence', '=', sequence).execute()
}

async function removeSeal(db: Db, { sequence }: Row): Promise<void> {
  await db.deleteFrom('event_seals').where('sequence', '=', sequence).execute()
}

async function removeAll(db: Db): Promise<void> {
  await db.deleteFrom('event_seals').execute()
  await db.deleteFrom('event_chains').execute()
  await db.deleteFrom('event_watermarks').execute()
}

/** What puts everything back. */
async function copyOf(db: Db): Promise<() => Promise<void>> {
  const rows = await db.selectFrom('events').selectAll().execute()
  const seals = await db.selectFrom('event_seals').selectAll().execute()
  const heads = await db.selectFrom('event_chains').selectAll().execute()
  const watermarks = await db.selectFrom('event_watermarks').selectAll().execute()
  return async () => {
    await removeAll(db)
    await db.deleteFrom('events').execute()
    await db.insertInto('events').values(rows).execute()
    await db.insertInto('event_seals').values(seals).execute()
    await db.insertInto('event_chains').values(heads).execute()
    await db.insertInto('event_watermarks').values(watermarks).execute()
  }
}

const changes: [column: string, values: Partial<Row>][] = [
  ['data', { data: '{"subject":"9"}' }],
  ['type', { type: 'thing.gone' }],
  ['subject', { subject: '9' }],
  ['actor', { actor: 'key:other' }],
  ['request id', { request_id: 'r' }],
  ['time', { created_at: '2020-01-01T00:00:00.000Z' }],
  ['tenant', { tenant: 'globex' }],
  ['vendor', { vendor: 'other' }],
]

interface Tampering {
  name: string
  tamper(db: Db, rows: Row[]): Promise<unknown>
  /** What is told, and of which row; of none that is in the log. */
  told: [kind: string, index: number | undefined, message: RegExp][]
}

const tamperings: Tampering[] = [
  ...changes.flatMap(([column, values]) =>
    // The first, one in the middle, and the last of the chain.
    [0, 3, 6].map(
      (index): Tampering => ({
        name: `the ${column} of event ${index} was changed`,
        tamper: (db, rows) => db.updateTable('events').set(values).where('id', '=', nth(rows, index).id).execute(),
        told: [['event-changed', index, / is not as it was sealed$/]],
      }),
    ),
  ),
  {
    name: 'two events were changed',
    tamper: (db, rows) =>
      db
        .updateTable('events')
        .set({ actor: 'key:other' })
        .where('id', 'in', [nth(rows, 0).id, nth(rows, 3).id])
        .execute(),
    told: [
      ['event-changed', 0, /acme/],
      ['event-changed', 3, /acme/],
    ],
  },
  ...[0, 3, 6].map(
    (index): Tampering => ({
      name: `event ${index} was removed`,
      tamper: (db, rows) => removeEvent(db, nth(rows, index)),
      told: [['event-removed', index, / was removed$/]],
    }),
  ),
  {
    name: 'an event got another id',
    tamper: (db, rows) => db.updateTable('events').set({ id: 'new\nid' }).where('id', '=', nth(rows, 4).id).execute(),
    told: [['event-removed', 4, / was removed; in its place stands "new\\nid", thing\.made$/]],
  },
  {
    name: 'an event was removed with its seal',
    async tamper(db, rows) {
      await removeEvent(db, nth(rows, 3))
      await removeSeal(db, nth(rows, 3))
    },
    told: [['seals-removed', undefined, /^seal 2 of test\/acme is gone, of events between sequence 1 and 7$/]],
  },
  {
    name: 'the first events were removed with their seals',
    async tamper(db, rows) {
      for (const index of [2, 5]) {
        await removeEvent(db, nth(rows, index))
        await removeSeal(db, nth(rows, index))
      }
    },
    told: [['seals-removed', undefined, /^seals 1 to 2 of test\/globex are gone, of events between sequence 0 and 9$/]],
  },
  {
    name: 'the end was cut off: events with their seals',
    async tamper(db, rows) {
      for (const index of [5, 8, 10]) {
        await removeEvent(db, nth(rows, index))
        await removeSeal(db, nth(rows, index))
      }
    },
    told: [['seals-removed', undefined, /^seals 2 to 3 of test\/globex are gone, at the end of the chain$/]],
  },
  {
    name: 'a whole chain was removed, but for its head',
    async tamper(db) {
      await db.deleteFrom('events').where('tenant', '=', 'acme').execute()
      await db.deleteFrom('event_seals').where('tenant', '=', 'acme').execute()
    },
    told: [['seals-removed', undefined, /^seals 1 to 3 of test\/acme are gone, which is the whole chain$/]],
  },
  {
    name: 'a whole chain was removed with its head',
    async tamper(db) {
      await db.deleteFrom('events').where('tenant', '=', 'acme').execute()
      await db.deleteFrom('event_seals').where('tenant', '=', 'acme').execute()
      await db.deleteFrom('event_chains').where('tenant', '=', 'acme').execute()
    },
    told: [['seals-removed', undefined, /^9 events were sealed, and the chains hold 6: /]],
  },
  {
    name: 'two events changed places',
    async tamper(db) {
      await moveTo(db, 4, -1)
      await moveTo(db, 7, 4)
      await moveTo(db, -1, 7)
    },
    told: [
      ['event-moved', 3, /\(sequence 7, .* was sealed at sequence 4$/],
      ['event-moved', 6, /\(sequence 4, .* was sealed at sequence 7$/],
    ],
  },
  {
    name: 'an event was moved to the end',
    tamper: db => moveTo(db, 4, 1000),
    told: [['event-moved', 3, /\(sequence 1000, .* was sealed at sequence 4$/]],
  },
  {
    name: 'an event was moved before the first',
    tamper: db => moveTo(db, 4, -7),
    told: [['event-moved', 3, /\(sequence -7, .* was sealed at sequence 4$/]],
  },
  {
    name: 'an event was put in',
    tamper: (db, rows) =>
      db
        .insertInto('events')
        .values({ ...nth(rows, 3), sequence: -5, id: nth(rows, 3).id.replace(/^./, 'x') })
        .execute(),
    told: [['event-unsealed', undefined, /^event x.* \(sequence -5, test\/acme, thing\.made\) has no seal/]],
  },
  {
    name: 'a seal was removed',
    tamper: (db, rows) => removeSeal(db, nth(rows, 3)),
    told: [
      ['seals-removed', undefined, /^seal 2 of test\/acme is gone/],
      ['event-unsealed', 3, /has no seal/],
    ],
  },
  ...[0, 3, 6].map(
    (index): Tampering => ({
      name: `the hash of seal ${index} was changed`,
      tamper: (db, rows) =>
        db.updateTable('event_seals').set({ hash: 'x' }).where('sequence', '=', nth(rows, index).sequence).execute(),
      told: [['seal-changed', index, /^seal \d of test\/acme was changed; its event is as it was sealed$/]],
    }),
  ),
  {
    name: 'the hash of an event was changed in its seal, and the event',
    async tamper(db, rows) {
      const { sequence } = nth(rows, 3)
      await db.updateTable('events').set({ type: 'thing.gone' }).where('sequence', '=', sequence).execute()
      await db.updateTable('event_seals').set({ event_hash: 'x' }).where('sequence', '=', sequence).execute()
    },
    told: [['seal-changed', 3, /^seal 2 of test\/acme was changed; nothing can be told of its event$/]],
  },
  {
    name: 'a head was put further back, as far as that goes without the key',
    tamper: db => db.updateTable('event_chains').set({ number: 2 }).where('tenant', '=', 'acme').execute(),
    told: [['head-changed', undefined, /^the head of the chain of test\/acme was changed$/]],
  },
  {
    name: 'a head was removed',
    tamper: db => db.deleteFrom('event_chains').where('vendor', '=', 'understudy').execute(),
    told: [['head-removed', undefined, /^the head of the chain of understudy is gone$/]],
  },
  {
    name: 'the watermark was put back',
    tamper: db => db.updateTable('event_watermarks').set({ sequence: 3, seals: 3 }).execute(),
    told: [['watermark-changed', undefined, /watermark/]],
  },
  {
    name: 'the watermark was removed',
    tamper: db => db.deleteFrom('event_watermarks').execute(),
    told: [['watermark-removed', undefined, /watermark/]],
  },
]

const sealed = await startSealed()
const restore = await copyOf(sealed.db)

describe('whatever is done to the store is told, and nothing else', () => {
  afterEach(restore)

  for (const { name, tamper, told: expected } of tamperings) {
    test(name, async () => {
      const { app, db, rows } = sealed
      assert.deepEqual(told(await verify(app.context)), [])
      await tamper(db, rows)
      const found = told(await verify(app.context))
      assert.equal(found.length, expected.length, JSON.stringify(found))
      for (const [index, [kind, row, message]] of expected.entries()) {
        assert.equal(found[index]?.kind, kind)
        assert.match(found[index]?.message ?? '', message)
        assert.doesNotMatch(found[index]?.message ?? '', /\n/)
        if (row !== undefined) assert.equal(found[index]?.id, nth(rows, row).id)
      }
    })
  }
})

test('what is committed is sealed, a chain a tenant; what came after is counted', async () => {
  const { app } = await startSealed()
  const verdict = await verify(app.context)
  assert.deepEqual({ ...verdict, head: '' }, { sealed: 9, tenants: 3, unsealed: 2, head: '', findings: [], found: 0 })
  await app.runJobs()
  const { sealed, unsealed } = await verify(app.context)
  assert.deepEqual([sealed, unsealed], [11, 0])
})

test('a store in which nothing was ever sealed has nothing to tell', async () => {
  const { app } = await startApp('{}')
  const { sealed, tenants, unsealed, found } = await verify(app.context)
  assert.deepEqual([sealed, tenants, unsealed, found], [0, 0, 0, 0])
})

test('seals that were removed and made anew, and a store put back, are told to who noted a head', async () => {
  const { app, db, rows } = await startSealed()
  const { head } = await verify(app.context)
  await app.runJobs()
  const later = (await verify(app.context, head)).head
  assert.notEqual(later, head)
  assert.equal((await verify(app.context, later)).found, 0)

  await removeAll(db)
  await app.runJobs()
  assert.equal((await verify(app.context, later)).found, 0, 'the same events have the same seals')
  await removeAll(db)
  await db.updateTable('events').set({ actor: 'key:other' }).where('id', '=', nth(rows, 3).id).execute()
  await app.runJobs()
  assert.equal((await verify(app.context)).found, 0)
  for (const noted of [head, later]) {
    assert.deepEqual(
      told(await verify(app.context, noted)).map(({ kind }) => kind),
      ['history-changed'],
    )
  }
  const [sequence = '', hash = ''] = later.split(':')
  const ahead = await verify(app.context, `${Number(sequence) + 1}:${hash}`)
  assert.deepEqual(
    told(ahead).map(({ kind }) => kind),
    ['history-changed'],
  )
})

test('where its own rows were changed the job goes no further, says so, and goes on once they are put back', async () => {
  const { app, db } = await startSealed()
  const [head] = await db.selectFrom('event_chains').selectAll().where('tenant', '=', 'acme').execute()
  assert.ok(head)
  const chain = db.updateTable('event_chains').where('tenant', '=', 'acme')
  await chain.set({ hash: 'x' }).execute()
  await assert.rejects(app.runJobs(), /the head of the chain test:acme was changed/)
  await chain.set({ hash: head.hash }).execute()
  const watermark = await db.selectFrom('event_watermarks').selectAll().executeTakeFirstOrThrow()
  await db.updateTable('event_watermarks').set({ seals: 8 }).execute()
  await assert.rejects(app.runJobs(), /the watermark was changed/)
  await db.deleteFrom('event_watermarks').execute()
  await assert.rejects(app.runJobs(), /the watermark was removed/)
  assert.equal((await verify(app.context)).unsealed, 2)
  await db.insertInto('event_watermarks').values(watermark).execute()
  await app.runJobs()
  const { sealed, unsealed, found } = await verify(app.context)
  assert.deepEqual([sealed, unsealed, found], [11, 0, 0])
})

test('more findings than anybody reads are counted, and the first are told', async () => {
  const { app } = await startApp('{}')
  const { context } = app
  // More than a batch of the job takes, and more than one page of what reads them.
  await withTransaction(context, acme, async tx => {
    for (let index = 0; index < 1200; index++) await events.record(tx, acme, 'thing.made', String(index), {})
  })
  await app.runJobs()
  const { sealed, unsealed, found } = await verify(context)
  assert.deepEqual([sealed, unsealed, found], [1200, 0, 0])
  await context.db.deleteFrom('events').where('subject', 'like', '1%').execute()
  const verdict = await verify(context)
  assert.deepEqual([verdict.found, verdict.findings.length], [1 + 10 + 100 + 200, 100])
})
