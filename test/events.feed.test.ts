// The event log as a feed: whoever reads on after the last event seen misses none, however many write at once.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { type Context, type Principal, type Tenancy, withTransaction } from '../src/platform/context.ts'
import * as events from '../src/platform/events/events.ts'
import { SERVER_URL } from './postgres.ts'
import { startApp } from './support.ts'

const principalOf = (tenant: string): Principal => ({ vendor: 'test', tenant, actor: 'key:test' })

function write(ctx: Context, tenancy: Tenancy | null, subject: string, before = async () => {}, after = before) {
  return withTransaction(ctx, tenancy, async tx => {
    await before()
    await events.record(tx, principalOf(tenancy?.tenant ?? 'none'), 'thing.made', subject, {})
    await after()
  })
}

async function subjectsOf(ctx: Context): Promise<string[]> {
  return (await events.list(ctx, { vendor: 'test' }, 0, 1000)).map(({ subject }) => subject)
}

test('a reader who follows the feed while many write sees every event, in its order', async () => {
  const { context } = (await startApp('{}')).app
  const seen: number[] = []
  let writing = true
  const read = async () => {
    const found = await events.list(context, {}, seen.at(-1) ?? 0, 1000)
    seen.push(...found.map(({ sequence }) => sequence))
    return found.length
  }
  const reader = (async () => {
    while (writing) {
      await read()
      await setImmediate()
    }
  })()
  const tenancies = [...'abcdefgh'].map(principalOf)
  for (let round = 0; round < 20; round++) {
    const slow = async () => {
      for (let turn = 0; turn < round % 5; turn++) await setImmediate()
    }
    const writers = tenancies.map((tenancy, index) => write(context, index % 4 === 3 ? null : tenancy, 'any', slow))
    await Promise.all(writers)
  }
  writing = false
  await reader
  await read()
  const all = await context.db.selectFrom('events').select('sequence').orderBy('sequence').execute()
  assert.equal(all.length, 160)
  assert.deepEqual(
    seen,
    all.map(({ sequence }) => sequence),
  )
})

/** An open transaction would keep everybody else waiting on SQLite: there a later number cannot be committed first. */
if (process.env[SERVER_URL] !== undefined) {
  const openWays: [name: string, tenancy: Tenancy | null, recorded: boolean][] = [
    ['of a tenant, that has its number', principalOf('slow'), true],
    ['of a tenant, that has no number yet', principalOf('slow'), false],
    ['of no tenant, that has its number', null, true],
  ]
  for (const [name, tenancy, recorded] of openWays) {
    for (const ends of ['is committed', 'is rolled back']) {
      test(`later events are shown once a transaction ${name} ${ends}`, async () => {
        const { context } = (await startApp('{}')).app
        await write(context, principalOf('quick'), 'first')
        const reached = Promise.withResolvers<void>()
        const gate = Promise.withResolvers<void>()
        const hold = async () => {
          reached.resolve()
          await gate.promise
        }
        const pass = async () => {}
        const open = write(context, tenancy, 'slow', recorded ? pass : hold, recorded ? hold : pass)
        await reached.promise
        await write(context, principalOf('quick'), 'second')
        assert.deepEqual(await subjectsOf(context), ['first'])
        if (ends === 'is committed') gate.resolve()
        else gate.reject(new Error('changed its mind'))
        await open.catch(() => {})
        const slow = ends === 'is committed' ? ['slow'] : []
        assert.deepEqual(
          await subjectsOf(context),
          recorded ? ['first', ...slow, 'second'] : ['first', 'second', ...slow],
        )
      })
    }
  }
}
