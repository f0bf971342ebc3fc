// Mails are written into the outbox in the transaction that causes them, sealed, since they carry links that sign
// people in. A job sends them (smtp.ts) when SMTP is configured; else they wait here to be read.

import { type Selectable, sql } from 'kysely'
import { timestamp } from '../clock.ts'
import { type Context, type Principal, withTransaction } from '../context.ts'
import { deleteSome, heldByNobody } from '../db/engine.ts'
import { type Page, type PageQuery, pageOf, placeOf } from '../db/keyset.ts'
import { preparedChange } from '../db/prepared.ts'
import { emailKey } from '../email.ts'
import { DomainError } from '../errors.ts'
import * as events from '../events/events.ts'

/** `held`: there was no SMTP when it was written. `failed`: given up after the last attempt. */
type MailStatus = 'held' | 'queued' | 'sent' | 'failed'

interface MailTable {
  id: string
  vendor: string
  tenant: string
  recipient: string
  /** What recipients are found by. */
  recipient_key: string
  subject: string
  sealed_text: string
  status: MailStatus
  attempts: number
  /** The next attempt's time or, while one is under way, the end of its lease. */
  next_attempt_at: string | null
  /** Whose attempt is under way: its outcome counts only while this stands. */
  claim: string | null
  last_error: string | null
  created_at: string
  sent_at: string | null
}

declare module '../db/database.ts' {
  interface Database {
    mails: MailTable
  }
}

export type MailRow = Selectable<MailTable>

/** A mail without its text. */
export interface Mail {
  id: string
  vendor: string
  tenant: string
  to: string
  subject: string
  status: MailStatus
  attempts: number
  lastError: string | null
  createdAt: string
  sentAt: string | null
}

type NewMail = Omit<MailRow, 'attempts' | 'claim' | 'last_error' | 'sent_at'>

const insert = preparedChange<NewMail, never>((db, value) =>
  db.insertInto('mails').values({
    id: value('id'),
    vendor: value('vendor'),
    tenant: value('tenant'),
    recipient: value('recipient'),
    recipient_key: value('recipient_key'),
    subject: value('subject'),
    sealed_text: value('sealed_text'),
    status: value('status'),
    attempts: 0,
    next_attempt_at: value('next_attempt_at'),
    claim: null,
    last_error: null,
    created_at: value('created_at'),
    sent_at: null,
  }),
)

/** Writes a mail to be sent. Call it inside the transaction that causes it. */
export async function enqueue(
  tx: Context,
  principal: Principal,
  mail: { to: string; subject: string; text: string },
): Promise<void> {
  const id = tx.ids.hex32()
  const now = timestamp(tx.clock.now())
  await insert(tx, {
    id,
    vendor: principal.vendor,
    tenant: principal.tenant,
    recipient: mail.to,
    recipient_key: emailKey(mail.to),
    subject: mail.subject,
    sealed_text: tx.vault.seal(mail.text, textOwner(id)),
    status: tx.settings.smtp ? 'queued' : 'held',
    next_attempt_at: now,
    created_at: now,
  })
}

/** Newest first, without texts. */
export async function list(ctx: Context, to: string | undefined, page: PageQuery): Promise<Page<Mail>> {
  let query = ctx.db.selectFrom('mails').selectAll()
  if (to !== undefined) query = query.where('recipient_key', '=', emailKey(to))
  if (page.after !== undefined) {
    const place = placeOf(page.after)
    query = query.where(eb => eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(place.createdAt, place.id)))
  }
  const rows = await query
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit + 1)
    .execute()
  return pageOf(rows.map(mailOf), page.limit)
}

/** One mail with its text in clear. Throws `notFound`. */
export async function get(ctx: Context, id: string): Promise<Mail & { text: string }> {
  const row = await ctx.db.selectFrom('mails').selectAll().where('id', '=', id).executeTakeFirst()
  if (!row) throw new DomainError('notFound', 'no such mail')
  return { ...mailOf(row), text: textOf(ctx, row) }
}

/** Puts a mail in the queue again, whatever became of it. Throws `notFound`, and `conflict` without SMTP. */
export async function resend(ctx: Context, principal: Principal, id: string): Promise<Mail> {
  if (!ctx.settings.smtp) throw new DomainError('conflict', 'no SMTP server is configured: read the mail here instead')
  return withTransaction(ctx, principal, async tx => {
    const row = await tx.db
      .updateTable('mails')
      .set({ status: 'queued', attempts: 0, next_attempt_at: timestamp(ctx.clock.now()), claim: null })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirst()
    if (!row) throw new DomainError('notFound', 'no such mail')
    const { vendor, tenant } = row
    await events.record(tx, { ...principal, vendor, tenant }, 'mail.resent', id, { id, to: row.recipient })
    return mailOf(row)
  })
}

export type ClaimedMail = MailRow & { claim: string }

type Outcome = Partial<Pick<MailRow, 'status' | 'attempts' | 'next_attempt_at' | 'last_error' | 'sent_at'>>

/** Takes the mail that is due longest, until `leaseEnd`; undefined when there is none that no other node has. */
export async function claimDue(ctx: Context, leaseEnd: number): Promise<ClaimedMail | undefined> {
  const claim = ctx.ids.hex32()
  const due = ctx.db
    .selectFrom('mails')
    .select('id')
    .where('status', '=', 'queued')
    .where('next_attempt_at', '<=', timestamp(ctx.clock.now()))
    .orderBy('next_attempt_at')
    .limit(1)
  return ctx.db
    .with(
      cte => cte('due').materialized(),
      () => heldByNobody(ctx.db, due),
    )
    .updateTable('mails')
    .set({ claim, next_attempt_at: timestamp(leaseEnd) })
    .where('id', 'in', ({ selectFrom }) => selectFrom('due').select('id'))
    .returningAll()
    .$narrowType<{ claim: string }>()
    .executeTakeFirst()
}

/** Notes what came of an attempt, and ends its claim; nothing where that no longer stands. */
export async function settle(ctx: Context, mail: ClaimedMail, outcome: Outcome): Promise<void> {
  await ctx.db
    .updateTable('mails')
    .set({ ...outcome, claim: null })
    .where('id', '=', mail.id)
    .where('claim', '=', mail.claim)
    .execute()
}

/**
 * Makes due what waits and was written after a time that has not come yet; older ones wait for an hour and more anyway.
 * Returns how many.
 */
export async function hasten(ctx: Context, { after, now }: { after: string; now: string }): Promise<number> {
  const { numUpdatedRows } = await ctx.db
    .updateTable('mails')
    .set({ next_attempt_at: now })
    .where('status', '=', 'queued')
    .where('next_attempt_at', '>', now)
    .where('claim', 'is', null)
    .where('created_at', '>', after)
    .executeTakeFirst()
  return Number(numUpdatedRows)
}

/**
 * Removes mails of these statuses that were written, and put in the queue again if they were, before `time`. Returns how
 * many of at most `limit`.
 */
export function purge(ctx: Context, statuses: readonly MailStatus[], time: string, limit: number): Promise<number> {
  const untouched = sql`created_at < ${time} and (next_attempt_at is null or next_attempt_at < ${time})`
  return deleteSome(ctx.db, 'mails', ['id'], sql`status in (${sql.join(statuses)}) and ${untouched}`, limit)
}

export function textOf(ctx: Context, row: MailRow): string {
  return ctx.vault.open(row.sealed_text, textOwner(row.id))
}

function mailOf(row: MailRow): Mail {
  return {
    id: row.id,
    vendor: row.vendor,
    tenant: row.tenant,
    to: row.recipient,
    subject: row.subject,
    status: row.status,
    attempts: row.attempts,
    lastError: row.last_error,
    createdAt: row.created_at,
    sentAt: row.sent_at,
  }
}

const textOwner = (id: string) => `mail:${id}`
