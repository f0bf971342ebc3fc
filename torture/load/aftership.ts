// What software of AfterShip's asks of one organization.

import { request } from '../../bench/connection.ts'
import { emailOf, idOf } from '../../bench/stores/membership-rows.ts'
import { uninvitedIn } from '../../bench/stores/memberships.ts'
import { requestsTo } from '../../bench/targets.ts'
import type { Random } from '../random.ts'
import { jsonOf } from './exchange.ts'
import { allBut, theLast } from './population.ts'
import type { LoadStore } from './store.ts'
import { Turnover } from './turnover.ts'
import type { Operations } from './weights.ts'

const MEMBERSHIPS = '/admin/2022-01/memberships'
const PAGE = 20

interface Membership {
  id: string
  email: string
}

export function aftershipOperations({ memberships, leaving }: LoadStore): Operations {
  const { size, apiKey } = memberships
  const headers = { 'as-api-key': apiKey }
  const { read, readByEmail, list, setRole, create } = requestsTo(memberships)
  const staying = (random: Random) => random.below(allBut(size, leaving))
  const turnover = new Turnover<Membership>(theLast(size, leaving).map(n => ({ id: idOf(n), email: emailOf(n) })))
  /** Registered, and in no organization. */
  const free = uninvitedIn(memberships)
  const invite = (email: string) => ({
    bytes: create(email),
    status: 201,
    learn: (reply: Parameters<typeof jsonOf>[0]) =>
      turnover.arrived({ id: jsonOf<{ data: Membership }>(reply).data.id, email }),
  })
  const remove = ({ id, email }: Membership) => ({
    bytes: request('DELETE', `${MEMBERSHIPS}/${id}`, headers),
    status: 200,
    learn: () => void free.push(email),
  })
  return {
    'AfterShip: read by id': random => {
      const n = staying(random)
      return { bytes: read(n), status: 200, holds: idOf(n) }
    },
    'AfterShip: page of 20': random => ({
      bytes: list(random.below(Math.floor(allBut(size, leaving) / PAGE))),
      status: 200,
    }),
    'AfterShip: lookup by email': random => {
      const n = staying(random)
      return { bytes: readByEmail(emailOf(n)), status: 200, holds: idOf(n) }
    },
    'AfterShip: change a role': random => {
      const n = staying(random)
      return { bytes: setRole(n, random.pick(['admin', 'member'])), status: 200, holds: idOf(n) }
    },
    'AfterShip: create or remove': random => {
      const leaver = turnover.leaving()
      if (leaver) return remove(leaver)
      const email = free.shift()
      // Everybody is being invited just now.
      return email === undefined ? { bytes: read(staying(random)), status: 200 } : invite(email)
    },
  }
}
