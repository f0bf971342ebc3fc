import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { CompiledQuery, type KyselyPlugin } from 'kysely'
import type { Context } from '../context.ts'
import { IN_MEMORY, openStore } from '../db/engine.ts'
import { migrate } from '../db/migrate.ts'
import * as platformMigration from '../db/migrations/2026-11-21-platform.ts'
import * as deliveries from './deliveries.store.ts'

/** What the store's functions use of a context, and how SQLite would go about the last query. */
async function explained(t: TestContext): Promise<{ ctx: Context; plan(): Promise<string> }> {
  const { db, close } = await openStore(IN_MEMORY, { poolMax: 1, statementTimeoutMs: 1000 })
  t.after(close)
  await migrate(db, { '2026-11-21-platform': platformMigration })
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
  return { ctx: { db: db.withPlugin(plugin) } as Context, plan }
}

test('what was not delivered is listed without a look at all that was, by tenant and by endpoint', async t => {
  const { ctx, plan } = await explained(t)
  for (const status of ['queued', 'retrying', 'failed'] as const) {
    for (const endpointId of [undefined, 'an endpoint']) {
      await deliveries.list(ctx, 'vendor', 'tenant', { status, endpointId }, 1000, 10)
      assert.equal(
        await plan(),
        'SEARCH webhook_deliveries USING INDEX webhook_deliveries_undelivered (vendor=? AND tenant=? AND status=? AND sequence<?)',
      )
    }
  }
  await deliveries.list(ctx, 'vendor', 'tenant', { status: 'failed', eventId: 'an event' }, 1000, 10)
  assert.match(await plan(), /webhook_deliveries_event/)
})
