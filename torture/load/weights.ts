// What the load is made of, in one table.

import type { Random } from '../random.ts'
import type { Exchange } from './exchange.ts'

/**
 * How often each operation comes, out of a thousand or so. Passwords cost a hundred times as much as anything else: all
 * three that take one come to less than half a hundredth, so that p99 is that of all other requests. What is made and what
 * is removed are in balance (turnover.ts).
 */
export const WEIGHTS = {
  'AfterShip: read by id': 130,
  'AfterShip: page of 20': 40,
  'AfterShip: lookup by email': 60,
  'AfterShip: change a role': 40,
  'AfterShip: create or remove': 40,
  'EasyPost: read a child': 120,
  'EasyPost: page of 20': 30,
  "EasyPost: child's own key": 80,
  'EasyPost: update a child': 30,
  'EasyPost: create or remove': 30,
  'Memberstack: read by id': 110,
  'Memberstack: lookup by email': 50,
  'Memberstack: page of 50': 30,
  'Memberstack: update': 40,
  'Memberstack: verify a token': 90,
  'Memberstack: own record': 40,
  'Memberstack: log in': 2,
  'Memberstack: sign up': 1,
  'Memberstack: create or remove': 4,
  'control: event feed': 25,
  'control: page of memberships': 5,
  'control: deliveries': 5,
  'control: what can be restored': 3,
  'health check': 10,
}
export type OperationName = keyof typeof WEIGHTS

/** Makes the next request of a kind. */
export type Operations = Partial<Record<OperationName, (random: Random) => Omit<Exchange, 'name'>>>
