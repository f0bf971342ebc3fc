// What is still to be delivered: the server does it beside its requests, and under full load behind them.

import { setTimeout as sleep } from 'node:timers/promises'
import { Connection, expect, request } from '../../bench/connection.ts'
import { ORGANIZATION } from '../../bench/stores/membership-rows.ts'
import { jsonOf } from './exchange.ts'
import type { LoadStore } from './store.ts'
import { APP } from './visit.ts'

const CONTROL = '/understudy/v1'
const LOOK_EVERY_MS = 50

/** Waits until every delivery is made. Returns what is left after `seconds`, a sentence each; one that failed is left too. */
export async function settle(url: string, { operator, children }: LoadStore, seconds: number): Promise<string[]> {
  const tenants = [
    `aftership/organizations/${ORGANIZATION}`,
    `easypost/parents/${children.parent}`,
    `memberstack/apps/${APP}`,
  ]
  const looks = tenants.flatMap(tenant => ['queued', 'retrying', 'failed'].map(status => ({ tenant, status })))
  const headers = { authorization: `Bearer ${operator}` }
  const connection = await Connection.open(url)
  const end = performance.now() + seconds * 1000
  try {
    for (;;) {
      const left: string[] = []
      for (const { tenant, status } of looks) {
        const bytes = request('GET', `${CONTROL}/${tenant}/deliveries?limit=1&status=${status}`, headers)
        const { data } = jsonOf<{ data: unknown[] }>(await expect(200, connection, bytes))
        if (data.length > 0) left.push(`${tenant} has deliveries that are ${status}`)
      }
      if (left.length === 0 || performance.now() > end) return left
      await sleep(LOOK_EVERY_MS)
    }
  } finally {
    connection.close()
  }
}
