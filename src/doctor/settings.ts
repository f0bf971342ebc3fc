import { allowsPrivateAddresses } from '../platform/settings.ts'
import { type Check, type Finding, failure, orOk, warning } from './check.ts'
import { isForOthers, isLoopback } from './reach.ts'
import type { Subject } from './subject.ts'

/** What OWASP holds for enough of argon2id, any of them: docs/decisions/0008-passwords.md. */
const PASSWORD_COSTS = [
  { memoryKiB: 47_104, passes: 1 },
  { memoryKiB: 19_456, passes: 2 },
  { memoryKiB: 12_288, passes: 3 },
  { memoryKiB: 9216, passes: 4 },
  { memoryKiB: 7168, passes: 5 },
]

/** Settings that are valid, and weak. */
export const settings: Check = {
  name: 'settings',
  async run(subject) {
    const findings = [...passwords(subject), ...log(subject), ...proxy(subject), ...certificates(subject)]
    return orOk([...findings, ...(await addresses(subject))], 'none is weak')
  },
}

function passwords({ config }: Subject): Finding[] {
  const { memoryKiB, passes } = config.passwords
  if (PASSWORD_COSTS.some(cost => memoryKiB >= cost.memoryKiB && passes >= cost.passes)) return []
  const found = `passwords cost ${memoryKiB} KiB and ${passes} passes, less than OWASP's least`
  return [warning(found, 'remove passwords.memoryKiB and passwords.passes: the default is enough')]
}

function log({ config: { logLevel } }: Subject): Finding[] {
  if (['fatal', 'silent'].includes(logLevel)) {
    return [warning(`logLevel is ${logLevel}: nobody learns of what fails`, 'set it to info')]
  }
  if (!['debug', 'trace'].includes(logLevel)) return []
  return [warning(`logLevel is ${logLevel}: far more is written than is read`, 'set it to info')]
}

function proxy({ config: { trustProxy, host } }: Subject): Finding[] {
  if (!trustProxy || isLoopback(host)) return []
  const found = `trustProxy is on, and ${host} may be reached past the proxy: a client then chooses its own address`
  return [warning(found, 'listen on loopback, or let nobody but the proxy reach the port')]
}

function certificates({ env }: Subject): Finding[] {
  if (env.NODE_TLS_REJECT_UNAUTHORIZED !== '0') return []
  const found = 'NODE_TLS_REJECT_UNAUTHORIZED is 0: the certificate of no receiver and no mail server is checked'
  return [failure(found, 'unset it; name own authorities in NODE_EXTRA_CA_CERTS')]
}

async function addresses({ config, store }: Subject): Promise<Finding[]> {
  const { allowPrivateAddresses } = config.webhooks
  const allowed =
    store.state === 'ready'
      ? await allowsPrivateAddresses({ db: store.look.db, settings: { allowPrivateAddresses } })
      : allowPrivateAddresses
  if (!allowed || !isForOthers(config)) return []
  const found = 'webhooks may go to private addresses: who registers one can reach your network through the server'
  return [warning(found, 'set webhooks.allowPrivateAddresses to false')]
}
