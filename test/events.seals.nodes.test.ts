// Sealing by several nodes on one store, beside writers, and over restarts.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { createApp } from '../src/app.ts'
import { type Config, readConfig } from '../src/config.ts'
import { type Context, type Principal, withTransaction } from '../src/platform/context.ts'
import * as events from '../src/platform/events/events.ts'
import { sealing } from '../src/platform/events/seals-job.ts'
import { verify } from '../src/platform/events/seals-verify.ts'
import { temporaryDirectory } from './process.ts'
import { freshStore } from './store.ts'

/** A store that several apps can be opened on, one after the other or at once. */
async function sharedStore(): Promise<() => Promise<{ context: Context; close(): Promise<void> }>> {
  const store = await freshStore()
  const defaults = await readConfig({ data: temporaryDirectory(), port: '0' }, { UNDERSTUDY_LOG_LEVEL: 'silent' })
  const config: Config = { ...defaults, ...store.config }
  const open = new Set<() => Promise<void>>()
  after(async () => {
    for (const close of open) await close()
    await store.release()
  })
  return async () => {
    const app = await createApp(config)
    const close = async () => {
      open.delete(close)
      await app.close()
    }
    open.add(close)
    return { context: app.context, close }
  }
}

const principalOf = (tenant: string): Principal => ({ vendor: 'test', tenant, actor: 'key:test' })

function write(ctx: Context, tenant: string, count = 1): Promise<void> {
  const principal = principalOf(tenant)
  return withTransaction(ctx, principal, async tx => {
    for (let index = 0; index < count; index++) await events.record(tx, principal, 'thing.made', String(index), {})
  })
}

const seal = (ctx: Context) => sealing.run(ctx, new AbortController().signal)

test('two nodes that seal the same events at once: each event has one seal', async () => {
  const start = await sharedStore()
  const nodes = [await start(), await start(), await start()]
  for (let round = 0; round < 5; round++) {
    for (const [index, { context }] of nodes.entries()) await write(context, `t${index}`, 3)
    await Promise.all(nodes.map(({ context }) => seal(context)))
  }
  const { context } = nodes[0] ?? assert.fail()
  await seal(context)
  const { sealed, tenants, unsealed, findings } = await verify(context)
  assert.deepEqual({ sealed, tenants, unsealed, findings }, { sealed: 45, tenants: 3, unsealed: 0, findings: [] })
})

test('sealing and verifying while others write: nothing is left out, and nothing is told', async () => {
  const start = await sharedStore()
  const [first, second] = [await start(), await start()]
  let writing = true
  const sealers = [first, second].map(async ({ context }) => {
    while (writing) {
      await seal(context)
      await setImmediate()
    }
  })
  const verifier = (async () => {
    while (writing) {
      assert.deepEqual((await verify(second.context)).findings, [])
      await setImmediate()
    }
  })()
  for (let round = 0; round < 15; round++) {
    const writers = [...'abcdef'].map((tenant, index) => write((index % 2 ? first : second).context, tenant, 2))
    await Promise.all(writers)
  }
  writing = false
  await Promise.all([...sealers, verifier])
  await seal(first.context)
  const { sealed, tenants, unsealed, findings } = await verify(first.context)
  assert.deepEqual({ sealed, tenants, unsealed, findings }, { sealed: 180, tenants: 6, unsealed: 0, findings: [] })
})

test('a chain goes on where it ended, with the next process', async () => {
  const start = await sharedStore()
  for (let round = 1; round <= 3; round++) {
    const { context, close } = await start()
    await write(context, 'acme', 2)
    await seal(context)
    await write(context, 'acme')
    const { sealed, unsealed, findings } = await verify(context)
    assert.deepEqual({ sealed, unsealed, findings }, { sealed: round * 3 - 1, unsealed: 1, findings: [] })
    await close()
  }
})
