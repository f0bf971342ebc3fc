import type { Kysely } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import { endpointOf } from '../platform/events/endpoints.store.ts'
import { probe } from '../platform/outbound/probe.ts'
import { allowsPrivateAddresses } from '../platform/settings.ts'
import { checkOfStore, countOf, type Finding, failure, ok, orOk, quoted, skipped, warning } from './check.ts'
import type { Subject } from './subject.ts'
import { judgeEnd } from './tls.ts'

/** As many are looked at, and connected to at once. */
const ENDPOINTS_MAX = 50
const CONNECT_MS = 4000
/** As many of the last deliveries of an endpoint are counted. */
const DELIVERIES = 100

interface Receiver {
  /** Shown without the path and the user info, which are often secrets. */
  name: string
  id: string
  url: URL
}

/** Connects to receivers, and says nothing to them. */
export const webhooks = checkOfStore('webhooks', async (subject, db) => {
  const { vault, config } = subject
  if (!vault) return [skipped('endpoints cannot be read without the master key')]
  const query = db.selectFrom('webhook_endpoints').selectAll().where('disabled_at', 'is', null).where('owner', '=', '')
  const rows = await query.orderBy('sequence').limit(ENDPOINTS_MAX).execute()
  const receivers = rows.map(row => {
    const { id, vendor, tenant, url } = endpointOf({ vault }, row)
    const parsed = new URL(url)
    return { id, name: `${vendor}/${tenant} endpoint ${id} at ${parsed.host}`, url: parsed }
  })
  const allowPrivateAddresses = await allowsPrivateAddresses({
    db,
    settings: { allowPrivateAddresses: config.webhooks.allowPrivateAddresses },
  })
  const connections = await Promise.all(receivers.map(receiver => connect(subject, receiver, allowPrivateAddresses)))
  const failing = await Promise.all(receivers.map(receiver => failures(db, receiver)))
  const findings = [...connections.flat(), ...failing.flat()]
  if (receivers.length === 0) return [ok('no enabled endpoint')]
  return orOk(findings, `${countOf(receivers.length, 'enabled endpoint', ENDPOINTS_MAX)}, all of them reached`)
})

async function connect(subject: Subject, { name, url }: Receiver, allowPrivateAddresses: boolean): Promise<Finding[]> {
  try {
    const destination = { url, lookup: subject.lookup, allowPrivateAddresses }
    const { certificateEndsAt } = await probe(destination, CONNECT_MS)
    if (certificateEndsAt === undefined) return []
    const whose = `the certificate of ${name}`
    return judgeEnd(Date.parse(certificateEndsAt), certificateEndsAt, whose, subject.clock.now())
  } catch (error) {
    const found = `${name} is not reached: ${quoted(subject, error)}`
    return [failure(found, 'see that the receiver runs, or disable the endpoint')]
  }
}

async function failures(db: Kysely<Database>, { id, name }: Receiver): Promise<Finding[]> {
  const query = db.selectFrom('webhook_deliveries').select('status').where('endpoint_id', '=', id)
  const last = await query.orderBy('sequence', 'desc').limit(DELIVERIES).execute()
  const failed = last.filter(({ status }) => status === 'failed' || status === 'retrying').length
  if (failed === 0) return []
  const found = `${name} did not take ${failed} of the last ${last.length} that were sent to it`
  return [warning(found, 'its attempts in the control API say why')]
}
