// The n-th member of a benchmark's organization, counted from 0: what it is called, and its rows, with the events that
// the rules would have written.

import { hash } from 'node:crypto'
import { sql } from 'kysely'
import { timestamp } from '../../src/platform/clock.ts'
import type { Context } from '../../src/platform/context.ts'
import { inserter } from './filling.ts'

export const ORGANIZATION = 'org_bench'

const VENDOR = 'aftership'
const ACTOR = 'cli:bench'
/** Before the organization's owner, and everybody in order. */
const FIRST_JOINED = Date.UTC(2024, 0, 1)
const MINUTE_MS = 60_000
/** The owner has the first. */
const FIRST_POSITION = 1
/** As in memberships.store.ts. */
const BLOCK_SIZE = 4096

/** In no order, as real ones are. */
export function idOf(n: number): string {
  return digest(`membership ${n}`)
}

export function emailOf(n: number): string {
  return `member${n}@example.com`
}

const account = inserter('aftership_accounts')
const membership = inserter('aftership_memberships')
const event = inserter('events')

/** Registers the n-th person. Inside a transaction. */
export async function insertAccount(tx: Context, n: number): Promise<void> {
  const [id, email, createdAt] = [accountIdOf(n), emailOf(n), joinedAt(n)]
  await account(tx, { id, email, email_key: email, verified: 1, created_at: createdAt })
  await insertEvent(tx, '', 'account.created', id, createdAt, { account: { id, email, verified: true } })
}

/** Makes the n-th person a member. Inside a transaction. */
export async function insertMembership(tx: Context, n: number): Promise<void> {
  const id = idOf(n)
  const createdAt = joinedAt(n)
  await membership(tx, {
    organization_id: ORGANIZATION,
    id,
    position: n + FIRST_POSITION,
    account_id: accountIdOf(n),
    role_code: 'member',
    status: 'active',
    created_at: createdAt,
    updated_at: createdAt,
    deleted_at: null,
  })
  await insertEvent(tx, ORGANIZATION, 'membership.created', id, createdAt, {
    membership: {
      id,
      organization: { id: ORGANIZATION },
      account: { id: accountIdOf(n), email: emailOf(n) },
      role: { code: 'member', name: 'Member' },
    },
  })
}

/** Brings what is counted beside the memberships into line with them. */
export async function recount({ db }: Context): Promise<void> {
  const of = sql`from aftership_memberships where organization_id = ${ORGANIZATION}`
  await sql`delete from aftership_membership_blocks`.execute(db)
  await sql`insert into aftership_membership_blocks (organization_id, block, members)
    select organization_id, position / ${sql.lit(BLOCK_SIZE)}, count(*) ${of} group by 1, 2`.execute(db)
  await sql`update aftership_organizations set next_position = (select max(position) + 1 ${of})`.execute(db)
}

async function insertEvent(tx: Context, tenant: string, type: string, subject: string, at: string, data: object) {
  const id = `${digest(`${type} ${subject}`)}-bench`
  await event(tx, {
    id,
    vendor: VENDOR,
    tenant,
    type,
    subject,
    actor: ACTOR,
    request_id: null,
    data: JSON.stringify(data),
    created_at: at,
  })
}

function accountIdOf(n: number): string {
  return digest(`account ${n}`)
}

function joinedAt(n: number): string {
  return timestamp(FIRST_JOINED + n * MINUTE_MS)
}

function digest(text: string): string {
  return hash('sha256', text, 'hex').slice(0, 32)
}
