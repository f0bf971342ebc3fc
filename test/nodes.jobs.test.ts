// A job is run by one node at a time, and its pause counts for all of them. The nodes here are calls on one store.

import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { runUnderLease } from '../src/platform/job-lease.ts'
import * as store from '../src/platform/jobs.store.ts'
import { MINUTE, SECOND, startApp } from './support.ts'

const LEASE_MS = 30 * SECOND

/** A job, and nodes that look whether they are to run it. */
async function start() {
  const { app, clock } = await startApp('')
  const ctx = app.context
  let runs = 0
  return {
    clock,
    runs: () => runs,
    /** Gives how long the node would wait until it looks again. */
    look: (run?: (lost: AbortSignal) => Promise<void>) =>
      runUnderLease(ctx, { name: 'tidying', everyMs: MINUTE }, async lost => {
        runs++
        await run?.(lost)
      }),
    row: () => store.find(ctx, 'tidying'),
    ctx,
  }
}

/** Lets the renewal timer strike; everything else goes by real time. */
function renewals(t: TestContext): () => void {
  t.mock.timers.enable({ apis: ['setInterval'] })
  return () => t.mock.timers.tick(10 * SECOND)
}

test('of nodes that look at once, one runs the job', async () => {
  const node = await start()
  const waits = await Promise.all([1, 2, 3, 4, 5].map(() => node.look()))
  assert.equal(node.runs(), 1)
  for (const wait of waits) assert.ok(wait > 0 && wait <= MINUTE)
})

test('the pause begins with the end of a run, and holds for every node', async () => {
  const node = await start()
  await node.look(async () => node.clock.advance(10 * SECOND))
  node.clock.advance(MINUTE - 1)
  assert.equal(await node.look(), 1, 'it looks again when the job is due')
  assert.equal(node.runs(), 1)
  node.clock.advance(1)
  await node.look()
  assert.equal(node.runs(), 2)
})

test('the job of a node that was killed is taken over when its lease ends, and not before', async () => {
  const node = await start()
  const killed = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  const end = node.look(() => {
    begun.resolve()
    return killed.promise
  })
  await begun.promise
  node.clock.advance(LEASE_MS - 1)
  assert.equal(await node.look(), 1)
  assert.equal(node.runs(), 1)
  node.clock.advance(1)
  const after = await new Promise<unknown>((resolve, reject) => {
    node
      .look(async () => {
        const claimed = await node.row()
        // Not killed after all, only slow: its end changes nothing of the other's.
        killed.resolve()
        await end
        resolve([claimed, await node.row()])
      })
      .catch(reject)
  })
  assert.equal(node.runs(), 2)
  const [claimed, still] = after as unknown[]
  assert.deepEqual(still, claimed)
})

test('a run that lasts keeps its lease', async t => {
  const strike = renewals(t)
  const node = await start()
  await node.look(async () => {
    for (let turn = 0; turn < 5; turn++) {
      node.clock.advance(20 * SECOND)
      strike()
      const end = new Date(node.clock.now() + LEASE_MS).toISOString()
      while ((await node.row())?.claimed_until !== end) await setImmediate()
    }
    assert.equal(await node.look(), LEASE_MS)
  })
  assert.equal(node.runs(), 1)
})

test('a run whose job was taken over is told', async t => {
  const strike = renewals(t)
  const node = await start()
  await node.look(async lost => {
    const { claim } = (await node.row()) ?? {}
    assert.ok(claim)
    await store.update(node.ctx, 'tidying', claim, { claim: 'another' })
    // A renewal that fails is followed by others.
    while (!lost.aborted) {
      strike()
      await setImmediate()
    }
  })
  assert.equal((await node.row())?.claim, 'another')
})

test('a run that fails ends its claim; the next one comes after the pause', async () => {
  const node = await start()
  await assert.rejects(
    node.look(async () => {
      throw new Error('no luck')
    }),
    /no luck/,
  )
  assert.equal(await node.look(), MINUTE)
  node.clock.advance(MINUTE)
  await node.look()
  assert.equal(node.runs(), 2)
})

test('what a node whose clock is a little ahead did is not done again', async () => {
  const node = await start()
  node.clock.advance(LEASE_MS)
  await node.look()
  node.clock.advance(-LEASE_MS)
  assert.equal(await node.look(), MINUTE)
  assert.equal(node.runs(), 1)
})

test('a job that a wrong clock put off for years is due', async () => {
  const node = await start()
  await node.look()
  node.clock.advance(-365 * 24 * 60 * MINUTE)
  await node.look()
  assert.equal(node.runs(), 2)
})
