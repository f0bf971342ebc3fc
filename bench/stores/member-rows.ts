// The n-th member of a benchmark's store, counted from 0: what it is called, and its rows, with the plans, the fields and
// the event that the rules would have given it.

import { hash, randomUUID } from 'node:crypto'
import type { InsertObject } from 'kysely'
import { timestamp } from '../../src/platform/clock.ts'
import type { Context } from '../../src/platform/context.ts'
import type { Database } from '../../src/platform/db/database.ts'
import * as phc from '../../src/platform/phc.ts'
import { type Connection, type Member, rowOf } from '../../src/vendors/memberstack/member.ts'
import { type Realm, VENDOR } from '../../src/vendors/memberstack/realm.ts'
import { memberOf } from '../../src/vendors/memberstack/wire.ts'
import { inserter } from './filling.ts'

type ConnectionRow = InsertObject<Database, 'memberstack_connections'>
type EventRow = InsertObject<Database, 'events'>

const reader = { id: 'pln_reader', name: 'Reader', type: 'FREE' as const, permissions: ['view:library'] }
const gold = {
  id: 'pln_gold',
  name: 'Gold',
  type: 'SUBSCRIPTION' as const,
  permissions: ['view:library', 'view:archive'],
}
/** Every member has the first; one in `GOLD_EVERY` has the second too. */
export const plans = [reader, gold]
const GOLD_EVERY = 4

/** Contract section 5. */
export const FIRST_NUMBER = 2
const FIRST_JOINED = Date.UTC(2024, 0, 1)
const COST = { memoryKiB: 19_456, passes: 2, parallelism: 1 }
const MINUTE_MS = 60_000
const CITIES = ['Berlin', 'Lisbon', 'Nairobi', 'Osaka', 'Quito', 'Toronto', 'Utrecht']

/** In no order, as real ones are. */
export function idOf(n: number): string {
  return `mem_${cuid(`member ${n}`)}`
}

export function emailOf(n: number): string {
  return `member${n}@example.com`
}

/** As `after`, it leads to the members behind the n-th, in either order. */
export function numberOf(n: number): number {
  return n + FIRST_NUMBER
}

/** Stores the n-th member; without a `passwordHash` its password is one that nobody knows. Inside a transaction. */
export async function insert(tx: Context, realm: Realm, n: number, passwordHash = unknownPassword(n)): Promise<void> {
  const member = memberAt(n, passwordHash)
  await insertMember(tx, rowOf(realm, member))
  for (const [index, connection] of member.connections.entries()) {
    await insertConnection(tx, connectionRow(realm, member, connection, index + 1))
  }
  await insertEvent(tx, eventRow(realm, member))
}

const insertMember = inserter('memberstack_members')
const insertConnection = inserter('memberstack_connections')
const insertEvent = inserter('events')

function memberAt(n: number, passwordHash: string): Member {
  const joined = timestamp(FIRST_JOINED + n * MINUTE_MS)
  const held = n % GOLD_EVERY === 0 ? [reader, gold] : [reader]
  return {
    id: idOf(n),
    number: numberOf(n),
    email: emailOf(n),
    passwordHash,
    verified: n % 2 === 0,
    customFields: {
      'first-name': `Ada ${n}`,
      'last-name': 'Lovelace',
      city: CITIES[n % CITIES.length],
      newsletter: true,
    },
    metaData: { source: 'import', referrer: emailOf(n + 1) },
    json: { onboarding: { step: n % 5, done: n % 5 === 4 }, bookmarks: [n, n + 1, n + 2] },
    permissions: [],
    loginRedirect: null,
    profileImage: null,
    stripeCustomerId: held.includes(gold) ? `cus_${n}` : null,
    lastLogin: joined,
    suspendedBy: [],
    createdAt: joined,
    updatedAt: joined,
    deletedAt: null,
    connections: held.map(plan => connectionTo(plan, n)),
  }
}

function connectionTo({ id: planId, name, type, permissions }: (typeof plans)[number], n: number): Connection {
  const payment = type === 'FREE' ? null : { amount: 900, currency: 'usd', nextBillingDate: 1_772_442_847 }
  return { id: `con_${cuid(`${planId} ${n}`)}`, planId, planName: name, type, status: 'ACTIVE', payment, permissions }
}

function connectionRow(realm: Realm, member: Member, connection: Connection, position: number): ConnectionRow {
  return {
    app_id: realm.tenant,
    environment: realm.environment,
    member_id: member.id,
    plan_id: connection.planId,
    id: connection.id,
    position,
    status: connection.status,
    payment: connection.payment === null ? null : JSON.stringify(connection.payment),
    removed_by: null,
    created_at: member.createdAt,
  }
}

function eventRow({ tenant, environment }: Realm, member: Member): EventRow {
  return {
    id: randomUUID(),
    vendor: VENDOR,
    tenant,
    type: 'member.created',
    subject: member.id,
    actor: 'cli:bench',
    request_id: null,
    data: JSON.stringify({ environment, member: memberOf(member) }),
    created_at: member.createdAt,
  }
}

function unknownPassword(n: number): string {
  const bytes = digest(`password ${n}`)
  return phc.write({ cost: COST, salt: bytes.subarray(0, 16), hash: bytes })
}

function cuid(text: string): string {
  return `c${digest(text).toString('hex', 0, 12)}`
}

function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer')
}
