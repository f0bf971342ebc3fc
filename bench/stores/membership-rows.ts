// The n-th member of a benchmark's organization, counted from 0: what it is called, and the rows of many, with the event
// that the rules would have written. They are made inside the store, in SQL that both engines read: nothing else fills
// one with a million in a minute.

import { type RawBuilder, sql } from 'kysely'
import type { Context } from '../../src/platform/context.ts'

export const ORGANIZATION = 'org_bench'

/** Everybody joined at once, before the organization's owner. */
const JOINED = sql.lit('2024-01-01T00:00:00.000Z')
/** The owner has the first. */
const FIRST_POSITION = 1
/** As in memberships.store.ts. */
const BLOCK_SIZE = 4096

/** Odd, and so each n below 2^32 has another product: ids in no order, as real ones are. As long as real ones, too. */
const FACTOR = 2_654_435_761
const MODULUS = 2 ** 32
const ID_TAIL = '9f86d081884c7d659a2f'

/** Exact: n is far below 2^21. */
export function idOf(n: number): string {
  return `${(n * FACTOR) % MODULUS}${ID_TAIL}`
}

export function emailOf(n: number): string {
  return `member${n}@example.com`
}

/** The same in SQL, of the column `n`. */
const number = sql`cast(n as bigint) * ${sql.lit(FACTOR)} % ${sql.lit(MODULUS)}`
const membershipId = sql`(${number}) || ${sql.lit(ID_TAIL)}`
const accountId = sql`'acc' || ${membershipId}`
const email = sql`'member' || n || '@example.com'`

/** Registers people `from` to `to`. */
export async function insertAccounts({ db }: Context, from: number, to: number): Promise<void> {
  await sql`insert into aftership_accounts (id, email, email_key, verified, created_at)
    ${people(from, to)} select ${accountId}, ${email}, ${email}, 1, ${JOINED} from people`.execute(db)
}

/** Makes people `from` to `to` members. */
export async function insertMemberships({ db }: Context, from: number, to: number): Promise<void> {
  const organization = sql.lit(ORGANIZATION)
  await sql`insert into aftership_memberships
    (organization_id, id, position, account_id, role_code, status, created_at, updated_at)
    ${people(from, to)} select ${organization}, ${membershipId}, n + ${sql.lit(FIRST_POSITION)}, ${accountId},
      'member', 'active', ${JOINED}, ${JOINED} from people`.execute(db)
  const data = sql`'{"membership":{"id":"' || ${membershipId} || '","organization":{"id":"' || ${organization}
    || '"},"account":{"id":"' || ${accountId} || '","email":"' || ${email}
    || '"},"role":{"code":"member","name":"Member"}}}'`
  await sql`insert into events (id, vendor, tenant, type, subject, actor, data, created_at)
    ${people(from, to)} select 'evt' || ${membershipId}, 'aftership', ${organization}, 'membership.created',
      ${membershipId}, 'cli:bench', ${data}, ${JOINED} from people`.execute(db)
}

/** Brings what is counted beside the memberships into line with them. */
export async function recount({ db }: Context): Promise<void> {
  const members = sql`from aftership_memberships where organization_id = ${sql.lit(ORGANIZATION)}`
  await sql`delete from aftership_membership_blocks`.execute(db)
  await sql`insert into aftership_membership_blocks (organization_id, block, members)
    select organization_id, position / ${sql.lit(BLOCK_SIZE)}, count(*) ${members} group by 1, 2
    union all select organization_id, -1, count(*) ${members} group by 1`.execute(db)
  await sql`update aftership_organizations set next_position = (select max(position) + 1 ${members})`.execute(db)
}

function people(from: number, to: number): RawBuilder<unknown> {
  return sql`with recursive people(n) as
    (select ${sql.lit(from)} where ${sql.lit(from)} < ${sql.lit(to)}
      union all select n + 1 from people where n + 1 < ${sql.lit(to)})`
}
