// How SQLite goes about lists of the few among many: through an index of theirs. A look at all others would keep everybody
// waiting, the longer the larger the store.

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { CompiledQuery, type KyselyPlugin } from 'kysely'
import { openContext } from './app.ts'
import { readConfig } from './config.ts'
import type { Context } from './platform/context.ts'
import * as deliveries from './platform/events/deliveries.store.ts'
import * as memberships from './vendors/aftership/memberships.store.ts'
import * as users from './vendors/easypost/users.store.ts'
import * as members from './vendors/memberstack/members.store.ts'

/** A context, and the plan of the last query. */
async function explained(t: TestContext): Promise<{ ctx: Context; plan(): Promise<string> }> {
  const { context, close } = await openContext(await readConfig({ data: ':memory:' }, {}))
  t.after(close)
  const { db } = context
  let last: CompiledQuery | undefined
  const plugin: KyselyPlugin = {
    transformQuery({ node, queryId }) {
      last = db.getExecutor().compileQuery(node, queryId)
      return node
    },
    transformResult: async ({ result }) => result,
  }
  const plan = async () => {
    const query = CompiledQuery.raw(`explain query plan ${last?.sql}`, [...(last?.parameters ?? [])])
    const { rows } = await db.executeQuery<{ detail: string }>(query)
    return rows.map(({ detail }) => detail).join('\n')
  }
  return { ctx: { ...context, db: db.withPlugin(plugin) }, plan }
}

test('what was not delivered is listed without a look at all that was, by tenant and by endpoint', async t => {
  const { ctx, plan } = await explained(t)
  for (const status of ['queued', 'retrying', 'failed'] as const) {
    for (const endpointId of [undefined, 'an endpoint']) {
      await deliveries.list(ctx, 'vendor', 'tenant', { status, endpointId }, 1000, 10)
      const through = 'webhook_deliveries_undelivered (vendor=? AND tenant=? AND status=? AND sequence<?)'
      assert.equal(await plan(), `SEARCH webhook_deliveries USING INDEX ${through}`)
    }
  }
  await deliveries.list(ctx, 'vendor', 'tenant', { status: 'failed', eventId: 'an event' }, 1000, 10)
  assert.match(await plan(), /webhook_deliveries_event/)
})

test('what was deleted, or is pending, is listed without a look at all that is there, and without sorting', async t => {
  const { ctx, plan } = await explained(t)
  const assertThrough = async (index: string) => {
    const [searched = '', ...others] = (await plan()).split('\n').filter(line => !/CO-ROUTINE/.test(line))
    assert.ok(searched.includes(` USING INDEX ${index} (`), searched)
    assert.doesNotMatch(others[0] ?? '', /ORDER BY/)
  }
  const realm = { tenant: 'app', environment: 'live' } as const
  const deleted = { after: 1, deleted: true }
  await memberships.listAfter(ctx, 'org', deleted, 10)
  await assertThrough('aftership_memberships_restorable')
  await memberships.listAfter(ctx, 'org', { after: 1, status: 'pending', deleted: false }, 10)
  await assertThrough('aftership_memberships_pending')
  await memberships.listAfter(ctx, 'org', { after: 1, status: 'active', deleted: false }, 10)
  await assertThrough('aftership_memberships_position')
  await members.listForOperator(ctx, realm, deleted, 10)
  await assertThrough('memberstack_members_restorable')
  await members.listForOperator(ctx, realm, { after: 1, deleted: false }, 10)
  await assertThrough('memberstack_members_number')
  await users.listForOperator(ctx, 'user_parent', deleted, 10)
  await assertThrough('easypost_users_restorable')
})

test('who is suspended is listed without a look at all members', async t => {
  const { ctx, plan } = await explained(t)
  await members.listSuspendedBy(ctx, 'a cause')
  assert.match(await plan(), /USING INDEX memberstack_members_suspended \(/)
})
