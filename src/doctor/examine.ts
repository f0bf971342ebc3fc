// Every check, side by side, each within its time.

import { type Check, type Finding, failure, quoted } from './check.ts'
import { clock } from './clock.ts'
import { configuration } from './configuration.ts'
import { dataDirectory } from './data-directory.ts'
import { keys } from './keys.ts'
import { mail } from './mail.ts'
import { masterKey } from './master-key.ts'
import { port } from './port.ts'
import { publicUrl } from './public-url.ts'
import { runtime } from './runtime.ts'
import { samples } from './samples.ts'
import { seals } from './seals.ts'
import { settings } from './settings.ts'
import { store } from './store.ts'
import type { Subject } from './subject.ts'
import { tls } from './tls.ts'
import { webhooks } from './webhooks.ts'

/** In the order in which they are shown. */
const checks: readonly Check[] = [
  configuration,
  runtime,
  dataDirectory,
  masterKey,
  store,
  seals,
  clock,
  port,
  tls,
  publicUrl,
  mail,
  webhooks,
  settings,
  keys,
  samples,
]

export interface Report extends Finding {
  check: string
}

/** What all checks found. One that is not done within `timeLimitMs` has failed. */
export async function examine(subject: Subject, timeLimitMs: number): Promise<Report[]> {
  const reports = await Promise.all(
    checks.map(async check => {
      const findings = await within(timeLimitMs, check, subject)
      return findings.map(finding => ({ check: check.name, ...finding }))
    }),
  )
  return reports.flat()
}

async function within(timeLimitMs: number, check: Check, subject: Subject): Promise<Finding[]> {
  const over = Promise.withResolvers<Finding[]>()
  const advice = 'see whether this machine, or what it talks to, is overloaded, and look again'
  const timer = setTimeout(() => over.resolve([failure(`not done within ${timeLimitMs} ms`, advice)]), timeLimitMs)
  try {
    return await Promise.race([over.promise, check.run(subject)])
  } catch (error) {
    return [failure(`cannot be looked at: ${quoted(subject, error)}`, 'mend what it says, and look again')]
  } finally {
    clearTimeout(timer)
  }
}
