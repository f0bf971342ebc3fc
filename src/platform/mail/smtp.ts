import type { Transporter } from 'nodemailer'
import { timestamp } from '../clock.ts'
import type { Context } from '../context.ts'
import * as outbox from './outbox.ts'
import { reasonOf } from './refusal.ts'

export interface SmtpSettings {
  /** `smtp://user:password@host:port` or `smtps://…`. */
  url: string
  from: string
}

export interface Mailer {
  /**
   * Sends what is due. A mail that fails is tried again later, or given up after the last attempt. When `stop` is aborted
   * it waits for nobody: what was being sent stays in the queue.
   */
  sendDue(ctx: Context, stop: AbortSignal): Promise<void>
  close(): void
}

/** A server that accepts a connection and then says nothing must not hold the queue. */
const TIME_LIMITS = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000 }
/** For who only asks whether it would take a mail. */
const CHECK_LIMITS = { connectionTimeout: 4000, greetingTimeout: 4000, socketTimeout: 4000, dnsTimeout: 4000 }
/** No attempt takes longer, however slowly the server talks. */
const SEND_MAX_MS = 120_000
/** How long no other node takes a mail: as long as an attempt, and time to write down the outcome. */
const LEASE_MS = SEND_MAX_MS + 30_000
/** Seconds before attempts 2, 3, …; after the last one a mail is given up. A link in it lives 48 h at most. */
const RETRY_AFTER_S = [60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600]

/** A mailer over SMTP. The library is loaded here, so that a server without SMTP starts without it. */
export async function openMailer(settings: SmtpSettings): Promise<Mailer> {
  const { createTransport } = await import('nodemailer')
  const transport = createTransport({ url: settings.url, ...TIME_LIMITS }, { from: settings.from })
  return {
    async sendDue(ctx, stop) {
      while (!stop.aborted) {
        const mail = await outbox.claimDue(ctx, ctx.clock.now() + LEASE_MS)
        if (!mail) return
        await sendOne(ctx, { transport, url: settings.url }, mail, stop)
      }
    },
    close: () => transport.close(),
  }
}

/** Connects, signs in where the URL has a user, and leaves. Throws what the server says against it. */
export async function checkSmtp(settings: SmtpSettings, { requireTLS = false }): Promise<void> {
  const { createTransport } = await import('nodemailer')
  const transport = createTransport({ url: settings.url, requireTLS, ...CHECK_LIMITS })
  try {
    await transport.verify()
  } finally {
    transport.close()
  }
}

async function sendOne(
  ctx: Context,
  { transport, url }: { transport: Transporter; url: string },
  mail: outbox.ClaimedMail,
  stop: AbortSignal,
): Promise<void> {
  const attempts = mail.attempts + 1
  const text = outbox.textOf(ctx, mail)
  const timeLimit = AbortSignal.timeout(SEND_MAX_MS)
  try {
    // An address and no header of addresses, where `x<a@b.c` would be somebody else's: a@b.c.
    const to = { name: '', address: mail.recipient }
    // Aborted, it ends the connection too: a server that talks for ever would keep it.
    const signal = AbortSignal.any([stop, timeLimit])
    await transport.sendMail({ to, subject: mail.subject, text, messageId: idOf(mail), signal })
  } catch (error) {
    const now = ctx.clock.now()
    if (stop.aborted) return outbox.settle(ctx, mail, { next_attempt_at: timestamp(now) })
    const wait = RETRY_AFTER_S[mail.attempts]
    const reason = timeLimit.aborted ? `not sent within ${SEND_MAX_MS} ms` : reasonOf(error, url)
    await outbox.settle(ctx, mail, {
      status: wait === undefined ? 'failed' : 'queued',
      attempts,
      next_attempt_at: wait === undefined ? null : timestamp(now + wait * 1000),
      last_error: reason,
    })
    ctx.countSend('mail', mail.vendor, wait === undefined ? 'given_up' : 'failed')
    ctx.warnings.raise('mail')
    ctx.log.warn({ mail: mail.id, attempt: attempts, reason, givenUp: wait === undefined }, 'mail not sent')
    return
  }
  await outbox.settle(ctx, mail, { status: 'sent', attempts, sent_at: timestamp(ctx.clock.now()) })
  ctx.countSend('mail', mail.vendor, 'taken')
  ctx.warnings.withdraw('mail')
}

/** The same Message-ID each time, so that a mail sent twice over a crash is known as one. */
const idOf = ({ id }: outbox.MailRow) => `<${id}@understudy>`
