// A request of the storm: a good one, mostly made hostile in one to three ways; now and then one for nothing that exists.

import type { Random } from '../random.ts'
import { type Draft, goodRequest, shotOf } from './draft.ts'
import { bodyChanges, heavyBodyChanges } from './hostile-body.ts'
import { headerChanges } from './hostile-headers.ts'
import { pathChanges, queryChanges } from './hostile-target.ts'
import type { Operation } from './operations.ts'
import type { Shot } from './shot.ts'
import { signed } from './signing.ts'
import { hostileText } from './values.ts'
import type { World } from './world.ts'

const AS_IT_IS = 0.12
const NOWHERE = 0.03
const HEAVY = 0.004
/** Of AfterShip's. */
const SIGNED = 0.4
const ANY_BODY = 0.1
/** Operations that cost as much as a hundred others (keys that are made, all that there is in one answer). */
const COSTLY = /signing-keys\/rotate|^\/metrics|^\/docs|^\/openapi/
const COSTLY_TAKEN = 0.1

const PLACES = [
  '/',
  '/admin',
  '/admin/2022-01',
  '/v2',
  '/v2/users',
  '/beta',
  '/member',
  '/understudy',
  '/understudy/v1',
]
const MORE_PLACES = [
  '/docs',
  '/openapi',
  '/oauth/aftership',
  '/invitations/aftership',
  '/v1/data-tables',
  '/nowhere',
  '*',
]

export async function hostileRequest(operations: readonly Operation[], world: World, random: Random): Promise<Shot> {
  const operation = pickOperation(operations, random)
  const draft = await goodRequest(operation, world, random)
  const signs = operation.api === 'aftership' && random.chance(SIGNED)
  if (random.chance(AS_IT_IS)) return signs ? signed(shotOf(draft), random) : shotOf(draft)
  // What is signed before it is changed has to be refused for it.
  if (signs && random.chance(0.5)) draft.headers = signed(shotOf(draft), random).headers
  if (random.chance(NOWHERE)) sendElsewhere(draft, random)
  for (let times = random.pick([1, 1, 1, 2, 2, 3]); times > 0; times--) change(draft, random)
  if (random.chance(HEAVY)) draft.changes.push(random.pick(heavyBodyChanges)(draft, random))
  const shot = shotOf(draft)
  return signs && !isSigned(shot) ? signed(shot, random) : shot
}

function isSigned({ headers }: Shot): boolean {
  return headers.some(([name]) => name.startsWith('as-signature-'))
}

function pickOperation(operations: readonly Operation[], random: Random): Operation {
  for (;;) {
    const operation = random.pick(operations)
    if (!COSTLY.test(operation.template) || random.chance(COSTLY_TAKEN)) return operation
  }
}

function change(draft: Draft, random: Random): void {
  const hasBody = draft.body !== undefined || random.chance(ANY_BODY)
  const kinds = hasBody
    ? [bodyChanges, bodyChanges, bodyChanges, headerChanges, pathChanges, queryChanges]
    : [headerChanges, pathChanges, pathChanges, queryChanges]
  const kind = draft.query.length > 0 && random.chance(0.3) ? queryChanges : random.pick(kinds)
  draft.changes.push(random.pick(kind)(draft, random))
}

function sendElsewhere(draft: Draft, random: Random): void {
  const text = encodeURIComponent(hostileText(random).toWellFormed().slice(0, 100))
  draft.path = `${random.pick([...PLACES, ...MORE_PLACES])}${random.chance(0.7) ? `/${text}` : ''}`
  draft.changes.push('elsewhere')
}
