// What operators' software asks: a reader of the event feed that follows it, a look at members and deliveries, and
// whoever watches whether the server is there.

import { request } from '../../bench/connection.ts'
import { ORGANIZATION } from '../../bench/stores/membership-rows.ts'
import { jsonOf } from './exchange.ts'
import type { LoadStore } from './store.ts'
import { APP } from './visit.ts'
import type { Operations } from './weights.ts'

const CONTROL = '/understudy/v1'
const FEED_PAGE = 50

export function controlOperations({ operator, memberships, children }: LoadStore): Operations {
  const headers = { authorization: `Bearer ${operator}` }
  const organization = `${CONTROL}/aftership/organizations/${ORGANIZATION}`
  const restorable = [
    `/aftership/organizations/${ORGANIZATION}/memberships?status=deleted`,
    `/easypost/parents/${children.parent}/children?status=deleted`,
    `/memberstack/apps/${APP}/members?environment=live&state=deleted`,
  ]
  /** How far the feed has been read. */
  let seen = 0
  return {
    'control: event feed': () => ({
      bytes: request('GET', `${CONTROL}/events?limit=${FEED_PAGE}&after=${seen}`, headers),
      status: 200,
      learn: reply => {
        seen = Math.max(seen, jsonOf<{ data: { sequence: number }[] }>(reply).data.at(-1)?.sequence ?? 0)
      },
    }),
    'control: page of memberships': random => ({
      bytes: request('GET', `${organization}/memberships?limit=20&after=${random.below(memberships.size)}`, headers),
      status: 200,
      holds: '"status"',
    }),
    'control: deliveries': random => ({
      bytes: request('GET', `${organization}/deliveries?limit=20${random.pick(['', '&status=failed'])}`, headers),
      status: 200,
      holds: '"next"',
    }),
    'control: what can be restored': random => ({
      bytes: request('GET', `${CONTROL}${random.pick(restorable)}&limit=20`, headers),
      status: 200,
      holds: '"next"',
    }),
    'health check': () => ({ bytes: request('GET', '/health', {}), status: 200 }),
  }
}
