// What chance could miss: every place of every path, and every parameter of every query, with each of a few texts that
// stores, routers and parsers do not take alike.

import type { Random } from '../random.ts'
import { goodRequest, shotOf } from './draft.ts'
import type { Operation } from './operations.ts'
import type { Shot } from './shot.ts'
import type { World } from './world.ts'

const TEXTS = ['%00', 'a%00b', '%zz', '%ff', '%2f', '%20', '%F0%9F%98%80', "'%20or%201=1--", 'x'.repeat(3000)]
/** What ids of the vendors begin with: without it some are refused before they are looked for. */
const PREFIXES = ['', 'mem_sb_', 'mem_', 'user_', 'evt_', 'p@open.test']

/** One request a place and text: good ones, but for that. */
export async function sweep(operations: readonly Operation[], world: World, random: Random): Promise<Shot[]> {
  const shots: Shot[] = []
  for (const operation of operations) {
    for (const place of operation.template.matchAll(/\{\w+\}/g)) {
      for (const text of TEXTS) {
        const value = random.pick(PREFIXES) + text
        const template = operation.template.replace(place[0], value)
        const draft = await goodRequest({ ...operation, template }, world, random)
        shots.push(shotOf({ ...draft, changes: [`${place[0]} is ${value.slice(0, 20)}`] }))
      }
    }
    for (const name of operation.query) {
      for (const text of TEXTS) {
        const draft = await goodRequest(operation, world, random)
        draft.query = [...draft.query.filter(([known]) => known !== name), [name, text]]
        shots.push(shotOf({ ...draft, changes: [`${name}=${text.slice(0, 20)}`] }))
      }
    }
  }
  return shots
}
