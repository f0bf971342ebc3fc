import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { literalIn } from '../platform/outbound/addresses.ts'
import { type Check, type Finding, failure, ok, orOk, warning } from './check.ts'

const DAY_MS = 24 * 3600 * 1000
const SOON_MS = 21 * DAY_MS

/** That certificate and key fit each other, the configuration was refused without. */
export const tls: Check = {
  name: 'tls',
  run({ config, clock }) {
    if (!config.tls) return [ok('none: the port speaks plain HTTP')]
    const certificate = new X509Certificate(config.tls.cert)
    const host = config.publicUrl ? new URL(config.publicUrl).hostname : config.host
    const findings = [...judgeTimes(certificate, clock.now()), ...judgeHost(certificate, host)]
    return orOk(findings, `the certificate is for ${host}, until ${certificate.validTo}`)
  },
}

function judgeTimes({ validFromDate, validToDate, validTo, validFrom }: X509Certificate, now: number): Finding[] {
  const advice = 'renew it, and start the server anew: it reads its files at its start'
  if (validFromDate.getTime() > now) return [failure(`the certificate is not valid before ${validFrom}`, advice)]
  return judgeEnd(validToDate.getTime(), validTo, 'the certificate', now).map(finding => ({ ...finding, advice }))
}

/** Whether a certificate has ended, or will soon. */
export function judgeEnd(endMs: number, end: string, whose: string, now: number): Finding[] {
  if (endMs <= now) return [failure(`${whose} ended ${end}`, 'it has to be renewed')]
  return endMs - now < SOON_MS ? [warning(`${whose} ends ${end}`, 'it has to be renewed')] : []
}

function judgeHost(certificate: X509Certificate, host: string): Finding[] {
  const bare = literalIn(host) ?? host
  // Every address of the machine: none to be in a certificate.
  if (bare === '0.0.0.0' || bare === '::') return []
  const covered = isIP(bare) ? certificate.checkIP(bare) : certificate.checkHost(bare)
  if (covered !== undefined) return []
  return [failure(`the certificate is not for ${bare}`, 'use one that names it, or set publicUrl to what it names')]
}
