// What software of EasyPost's asks of one parent and its children.

import { type Reply, request } from '../../bench/connection.ts'
import type { Random } from '../random.ts'
import { jsonOf } from './exchange.ts'
import { allBut } from './population.ts'
import type { LoadStore } from './store.ts'
import { Turnover } from './turnover.ts'
import type { Visit } from './visit.ts'
import type { Operations } from './weights.ts'

const USERS = '/v2/users'

export function easypostOperations({ children: store, leaving }: LoadStore, { childKeys }: Visit): Operations {
  const { parent, productionKey, children } = store
  const headers = { authorization: `Bearer ${productionKey}` }
  const staying = children.slice(0, allBut(children.length, leaving))
  const turnover = new Turnover(children.slice(allBut(children.length, leaving)))
  const arrived = (reply: Reply) => turnover.arrived(jsonOf<{ id: string }>(reply).id)
  return {
    'EasyPost: read a child': random => {
      const id = random.pick(staying)
      return { bytes: request('GET', `${USERS}/${id}`, headers), status: 200, holds: id }
    },
    'EasyPost: page of 20': random => {
      const path = `${USERS}/${parent}/children?page_size=20&before_id=${random.pick(staying)}`
      return { bytes: request('GET', path, headers), status: 200, holds: 'has_more' }
    },
    "EasyPost: child's own key": random => {
      const { id, key } = random.pick(childKeys)
      return { bytes: request('GET', USERS, { authorization: `Bearer ${key}` }), status: 200, holds: id }
    },
    'EasyPost: update a child': random => {
      const id = random.pick(staying)
      const user = { name: nameOf(random) }
      return { bytes: request('PATCH', `${USERS}/${id}`, headers, { user }), status: 200, holds: user.name }
    },
    'EasyPost: create or remove': random => {
      const leaver = turnover.leaving()
      if (leaver !== undefined) return { bytes: request('DELETE', `${USERS}/${leaver}`, headers), status: 204 }
      return { bytes: request('POST', USERS, headers, { name: nameOf(random) }), status: 201, learn: arrived }
    },
  }
}

function nameOf(random: Random): string {
  return `Desk ${random.below(1_000_000)}`
}
