// Mails are claimed one by one: whichever nodes send, each leaves once, and a killed node's are taken over.

import assert from 'node:assert/strict'
import test from 'node:test'
import { type Principal, withTransaction } from '../src/platform/context.ts'
import * as outbox from '../src/platform/mail/outbox.ts'
import { MINUTE, startApp } from './support.ts'

const principal: Principal = { vendor: 'test', tenant: 'acme', actor: 'key:test' }

/** A store with this many mails to be sent. */
async function start(count: number) {
  const { app, clock } = await startApp('', { smtp: { url: 'smtp://127.0.0.1:1', from: 'noreply@understudy.test' } })
  const ctx = app.context
  for (let index = 0; index < count; index++) {
    const mail = { to: `person${index}@acme.test`, subject: 'Hello', text: 'Hello' }
    await withTransaction(ctx, principal, tx => outbox.enqueue(tx, principal, mail))
  }
  return { ctx, clock, claim: () => outbox.claimDue(ctx, clock.now() + MINUTE) }
}

test('nodes that look at once never get the same mail, and together get all', async () => {
  const { claim } = await start(12)
  const claimed = new Set<string>()
  const node = async () => {
    for (let mail = await claim(); mail; mail = await claim()) {
      assert.equal(claimed.has(mail.id), false)
      claimed.add(mail.id)
    }
  }
  await Promise.all([node(), node(), node()])
  assert.equal(claimed.size, 12)
})

test('a killed node’s mail is due again when its lease ends, and only the later outcome counts', async () => {
  const { ctx, clock, claim } = await start(1)
  const first = await claim()
  clock.advance(MINUTE - 1)
  assert.equal(await claim(), undefined)
  clock.advance(1)
  const second = await claim()
  assert.ok(first && second)
  assert.equal(second.id, first.id)
  await outbox.settle(ctx, first, { status: 'failed', attempts: 1, next_attempt_at: null, last_error: 'too late' })
  await outbox.settle(ctx, second, { status: 'sent', attempts: 1, sent_at: null })
  const { status, lastError } = await outbox.get(ctx, first.id)
  assert.deepEqual([status, lastError], ['sent', null])
})

test('a mail that is put in the queue again while it is being sent goes out once more', async () => {
  const { ctx, claim } = await start(1)
  const first = await claim()
  assert.ok(first)
  await outbox.resend(ctx, principal, first.id)
  await outbox.settle(ctx, first, { status: 'sent', attempts: 1, sent_at: null })
  assert.equal((await claim())?.id, first.id)
})
