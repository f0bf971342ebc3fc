// What software of Memberstack's, and members' own pages, ask of one app.

import { type Reply, request } from '../../bench/connection.ts'
import { emailOf, idOf, numberOf } from '../../bench/stores/member-rows.ts'
import type { Random } from '../random.ts'
import { jsonOf } from './exchange.ts'
import { allBut, theLast } from './population.ts'
import { type LoadStore, passwordOf } from './store.ts'
import { Turnover } from './turnover.ts'
import type { Visit } from './visit.ts'
import type { Operations } from './weights.ts'

const MEMBERS = '/members'
const PAGE = 50
const PASSWORD = 'a long password'

export function memberstackOperations(store: LoadStore, { tokens }: Visit): Operations {
  const { size, secretKey, publicKeys } = store.members
  const headers = { 'x-api-key': secretKey }
  const staying = (random: Random) => random.below(allBut(size, store.leaving))
  const turnover = new Turnover(theLast(size, store.leaving).map(idOf))
  let visits = 0
  let joined = 0
  /** One public key after the other: each has its own limit. */
  const visitor = () => ({ 'x-api-key': publicKeys[visits++ % publicKeys.length] ?? '' })
  const somebodyNew = () => ({ email: `new${joined++}@example.com`, password: PASSWORD })
  return {
    'Memberstack: read by id': random => {
      const id = idOf(staying(random))
      return { bytes: request('GET', `${MEMBERS}/${id}`, headers), status: 200, holds: id }
    },
    'Memberstack: lookup by email': random => {
      const n = staying(random)
      const path = `${MEMBERS}/${encodeURIComponent(emailOf(n))}`
      return { bytes: request('GET', path, headers), status: 200, holds: idOf(n) }
    },
    'Memberstack: page of 50': random => {
      const path = `${MEMBERS}?limit=${PAGE}&after=${numberOf(staying(random))}`
      return { bytes: request('GET', path, headers), status: 200, holds: 'endCursor' }
    },
    'Memberstack: update': random => {
      const id = idOf(staying(random))
      const change = { customFields: { visits: random.below(1_000_000) } }
      return { bytes: request('PATCH', `${MEMBERS}/${id}`, headers, change), status: 200, holds: id }
    },
    'Memberstack: verify a token': random => {
      const { id, token } = random.pick(tokens)
      return { bytes: request('POST', `${MEMBERS}/verify-token`, headers, { token }), status: 200, holds: id }
    },
    'Memberstack: own record': random => {
      const { id, token } = random.pick(tokens)
      const bytes = request('GET', '/member', { ...visitor(), authorization: `Bearer ${token}` })
      return { bytes, status: 200, holds: id }
    },
    'Memberstack: log in': random => {
      const n = random.below(store.visitors)
      const login = { email: emailOf(n), password: passwordOf(n) }
      return { bytes: request('POST', '/auth/login', visitor(), login), status: 200, holds: idOf(n) }
    },
    'Memberstack: sign up': () => ({
      bytes: request('POST', '/auth/signup', visitor(), somebodyNew()),
      status: 200,
      learn: (reply: Reply) => turnover.arrived(jsonOf<{ data: { member: { id: string } } }>(reply).data.member.id),
    }),
    'Memberstack: create or remove': () => {
      const leaver = turnover.leaving()
      if (leaver !== undefined) {
        return { bytes: request('DELETE', `${MEMBERS}/${leaver}`, headers), status: 200, holds: leaver }
      }
      return {
        bytes: request('POST', MEMBERS, headers, somebodyNew()),
        status: 200,
        learn: (reply: Reply) => turnover.arrived(jsonOf<{ data: { id: string } }>(reply).data.id),
      }
    },
  }
}
