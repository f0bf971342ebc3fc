import { addAbortListener } from 'node:events'
import type { Transporter } from 'nodemailer'
import type { Context } from '../context.ts'
import * as outbox from './outbox.ts'

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

const BATCH = 20
/** A server that accepts a connection and then says nothing must not hold the queue. */
const TIME_LIMITS = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000 }
/** Seconds before attempts 2, 3, …; after the last one a mail is given up. A link in it lives 48 h at most. */
const RETRY_AFTER_S = [60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600]

/** A mailer over SMTP. The library is loaded here, so that a server without SMTP starts without it. */
export async function openMailer(settings: SmtpSettings): Promise<Mailer> {
  const { createTransport } = await import('nodemailer')
  const transport = createTransport({ url: settings.url, ...TIME_LIMITS }, { from: settings.from })
  return {
    async sendDue(ctx, stop) {
      for (const row of await outbox.listDue(ctx, BATCH)) {
        if (stop.aborted) return
        await sendOne(ctx, transport, row, stop)
      }
    },
    close: () => transport.close(),
  }
}

async function sendOne(ctx: Context, transport: Transporter, row: outbox.MailRow, stop: AbortSignal): Promise<void> {
  const stopped = Promise.withResolvers<undefined>()
  const listening = addAbortListener(stop, () => stopped.resolve(undefined))
  try {
    const text = outbox.textOf(ctx, row)
    // An address and no header of addresses, where `x<a@b.c` would be somebody else's: a@b.c.
    const mail = { to: { name: '', address: row.recipient }, subject: row.subject, text, messageId: idOf(row) }
    const sent = await Promise.race([transport.sendMail(mail), stopped.promise])
    if (sent) await outbox.markSent(ctx, row.id)
  } catch (error) {
    const wait = RETRY_AFTER_S[row.attempts]
    const reason = error instanceof Error ? error.message : String(error)
    await outbox.markFailed(ctx, row.id, reason, wait === undefined ? null : ctx.clock.now() + wait * 1000)
    ctx.log.warn({ mail: row.id, attempt: row.attempts + 1, reason, givenUp: wait === undefined }, 'mail not sent')
  } finally {
    listening[Symbol.dispose]()
  }
}

/** The same Message-ID each time, so that a mail sent twice over a crash is known as one. */
const idOf = ({ id }: outbox.MailRow) => `<${id}@understudy>`
