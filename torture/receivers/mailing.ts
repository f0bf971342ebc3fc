// One mail for every way in which a mail server can fail; then the server is well, and every mail has to arrive.

import type { Findings } from '../findings.ts'
import { LOST, TWICE } from './judge.ts'
import { type Mail, mails } from './reading.ts'
import { type HostileSmtp, SMTP_PASSWORD } from './smtp-server.ts'
import type { SmtpWay } from './smtp-ways.ts'
import type { Mailed, Send } from './tenants.ts'

/** The delays before attempts 2 to 8, then a mail is given up. */
export const MAIL_RETRY_AFTER_S = [60, 300, 900, 3600, 10_800, 21_600, 43_200]

export interface Mailing {
  send: Send
  smtp: HostileSmtp
  findings: Findings
  /** Makes a mail; the request has to be acknowledged. */
  change(request: Mailed): Promise<void>
  /** Resolves when the mail to somebody was tried, and rejects when it never is. */
  tried(to: string): Promise<Mail>
}

/** Makes a mail for each way while the mail server fails in it. Gives to whom they went. */
export async function mailEach(
  { smtp, findings, change, tried }: Mailing,
  ways: Record<string, SmtpWay>,
  next: () => Mailed,
): Promise<Map<string, SmtpWay>> {
  const recipients = new Map<string, SmtpWay>()
  for (const [name, way] of Object.entries(ways)) {
    smtp.set(way)
    const request = next()
    await change(request)
    const { status, attempts, lastError } = await tried(request.mailTo)
    findings.count('ways that the mail server failed')
    if (status !== 'queued' || attempts !== 1 || !lastError) {
      findings.fail(`mail server, ${name}: the mail is ${status} after ${attempts} attempts: ${lastError}`)
    }
    recipients.set(request.mailTo, way)
  }
  smtp.set(undefined)
  return recipients
}

/** Once the mail server was well for long enough: every mail is there, and `poisoned` ones are given up. */
export async function judgeMails(
  { send, smtp, findings }: Pick<Mailing, 'send' | 'smtp' | 'findings'>,
  recipients: ReadonlyMap<string, SmtpWay | undefined>,
  poisoned: readonly string[],
): Promise<void> {
  const byRecipient = new Map((await mails(send)).map(mail => [mail.to, mail]))
  for (const to of [...recipients.keys(), ...poisoned]) {
    const mail = byRecipient.get(to)
    if (!mail) {
      findings.count(LOST)
      findings.fail(`the outbox has no mail to ${to}`)
    } else if (poisoned.includes(to)) judgePoisoned(mail, findings)
    else judgeMail(mail, recipients.get(to), smtp, findings)
  }
}

function judgePoisoned({ to, status, attempts, lastError }: Mail, findings: Findings): void {
  findings.count('mails given up, with the reason')
  if (status === 'failed' && attempts === MAIL_RETRY_AFTER_S.length + 1 && lastError?.includes('550')) return
  findings.fail(
    `the mail to ${to}, whom the mail server refuses, is ${status} after ${attempts} attempts: ${lastError}`,
  )
}

function judgeMail(mail: Mail, way: SmtpWay | undefined, smtp: HostileSmtp, findings: Findings): void {
  const { id, to, status, attempts, lastError } = mail
  const messageId = `<${id}@understudy>`
  const acknowledged = smtp.acknowledged.get(messageId) ?? 0
  const copies = smtp.has.get(to)?.get(messageId) ?? 0
  findings.count('mails that arrived', Math.min(1, copies))
  findings.count('mails that came twice, having broken off when they were whole', Math.max(0, copies - 1))
  if (status !== 'sent' || acknowledged === 0) {
    findings.count(LOST)
    findings.fail(
      `the mail to ${to} is ${status} after ${attempts} attempts, and arrived ${copies} times: ${lastError}`,
    )
  }
  if (acknowledged > 1) {
    findings.count(TWICE)
    findings.fail(`the mail to ${to} was sent again after the mail server had acknowledged it`)
  }
  if (copies > (way?.hasIt ? 2 : 1)) findings.fail(`the mail to ${to} came ${copies} times`)
}

/** What nobody may read in a log or a list: the password, and links that sign people in. */
export const MAIL_SECRETS = [
  SMTP_PASSWORD,
  Buffer.from(SMTP_PASSWORD).toString('base64').slice(0, 20),
  '/invitations/aftership/',
]
