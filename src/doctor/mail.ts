import type { Kysely } from 'kysely'
import { timestamp } from '../platform/clock.ts'
import { countOf } from '../platform/count-of.ts'
import type { Database } from '../platform/db/database.ts'
import { reasonOf } from '../platform/mail/refusal.ts'
import { checkSmtp, type SmtpSettings } from '../platform/mail/smtp.ts'
import { type Check, type Finding, failure, ok, quoted, warning } from './check.ts'
import { isLoopback } from './reach.ts'
import type { Subject } from './subject.ts'

const COUNT_MAX = 1000
/** One that is due is sent within seconds. */
const LATE_MS = 5 * 60_000

export const mail: Check = {
  name: 'mail',
  async run(subject) {
    const { config, store } = subject
    const outbox = store.state === 'ready' ? await judgeOutbox(subject, store.look.db) : []
    if (config.smtp) return [await judgeServer(subject, config.smtp), ...outbox]
    return outbox.length > 0 ? outbox : [ok('no SMTP server: mails stay in the outbox, which has none')]
  },
}

/** Signs in and out again; nothing is sent. */
async function judgeServer(subject: Subject, smtp: SmtpSettings): Promise<Finding> {
  const { host, hostname, protocol } = new URL(smtp.url)
  const requireTLS = protocol === 'smtp:' && !isLoopback(hostname)
  try {
    if (await isTaken(smtp, requireTLS)) return ok(`${host} takes our mails`)
    await checkSmtp(smtp, {})
    const found = `${host} takes our mails, and what signs us in, without TLS`
    return warning(found, 'use smtps://, or a server with STARTTLS')
  } catch (error) {
    return failure(`${host} does not take our mails: ${quoted(subject, reasonOf(error, smtp.url))}`, 'mend smtp.url')
  }
}

/** False where the server has no TLS, and it is wanted. Throws what else there is against our mails. */
async function isTaken(smtp: SmtpSettings, requireTLS: boolean): Promise<boolean> {
  try {
    await checkSmtp(smtp, { requireTLS })
    return true
  } catch (error) {
    if (requireTLS && error instanceof Error && 'code' in error && error.code === 'ETLS') return false
    throw error
  }
}

async function judgeOutbox({ config, clock }: Subject, db: Kysely<Database>): Promise<Finding[]> {
  const findings: Finding[] = []
  const held = await count(db, 'held')
  if (held > 0) {
    const found = `${countOf(held, 'mail', COUNT_MAX)} in the outbox, from times without an SMTP server`
    const advice = config.smtp
      ? 'POST /understudy/v1/mails/ID/resend those that are still wanted'
      : 'read them there, or configure one: smtp'
    findings.push(warning(found, advice))
  }
  if (!config.smtp) return findings
  const failed = await count(db, 'failed')
  if (failed > 0) findings.push(warning(`${countOf(failed, 'mail', COUNT_MAX)} given up`, 'their lastError says why'))
  const late = await count(db, 'queued', timestamp(clock.now() - LATE_MS))
  if (late > 0) {
    findings.push(warning(`${countOf(late, 'mail', COUNT_MAX)} due and not sent`, 'start the server, or see its log'))
  }
  return findings
}

async function count(db: Kysely<Database>, status: 'held' | 'failed' | 'queued', dueBefore?: string): Promise<number> {
  let query = db.selectFrom('mails').select('id').where('status', '=', status)
  if (dueBefore !== undefined) query = query.where('next_attempt_at', '<', dueBefore)
  return (await query.limit(COUNT_MAX).execute()).length
}
