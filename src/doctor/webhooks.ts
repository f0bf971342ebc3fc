import type { Kysely } from 'kysely'
import { countOf } from '../platform/count-of.ts'
import type { Vault } from '../platform/credentials/vault.ts'
import type { Database } from '../platform/db/database.ts'
import { endpointOf } from '../platform/events/endpoints.store.ts'
import { probe } from '../platform/outbound/probe.ts'
import { allowsPrivateAddresses } from '../platform/settings.ts'
import { checkOfStore, type Finding, failure, ok, orOk, quoted, skipped, warning } from './check.ts'
import type { Subject } from './subject.ts'
import { judgeEnd } from './tls.ts'

/** As many are read, and connected to, at once. */
const AT_ONCE = 50
/** No look at a receiver begins later: with the time to connect, the check stays within its ten seconds. */
const BEGIN_MS = 5000
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
  const allowPrivateAddresses = await allowsPrivateAddresses({
    db,
    settings: { allowPrivateAddresses: config.webhooks.allowPrivateAddresses },
  })
  const begun = subject.monotonicNow()
  const receivers = receiversWhile(() => subject.monotonicNow() - begun < BEGIN_MS, db, vault)
  const found: Finding[][] = []
  const look = async () => {
    for await (const receiver of receivers) {
      // In the order of the endpoints, whoever answers first.
      const place = found.push([]) - 1
      found[place] = [...(await connect(subject, receiver, allowPrivateAddresses)), ...(await failures(db, receiver))]
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, look))
  const { count } = await enabled(db)
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  const total = Number(count)
  if (total === 0) return [ok('no enabled endpoint')]
  const findings = found.flat()
  if (found.length < total) {
    const looked = `${found.length} of ${countOf(total, 'enabled endpoint')} were looked at before the time was over`
    findings.push(warning(looked, 'mend or disable those that are not reached, and look again'))
  }
  return orOk(findings, `${countOf(total, 'enabled endpoint')}, all of them reached`)
})

/** Every receiver, oldest first, while there is time. */
async function* receiversWhile(isTime: () => boolean, db: Kysely<Database>, vault: Vault): AsyncGenerator<Receiver> {
  let after = 0
  for (;;) {
    const query = enabled(db).selectAll().where('sequence', '>', after)
    const rows = await query.orderBy('sequence').limit(AT_ONCE).execute()
    for (const row of rows) {
      if (!isTime()) return
      const { id, vendor, tenant, url } = endpointOf({ vault }, row)
      const parsed = new URL(url)
      yield { id, name: `${vendor}/${tenant} endpoint ${id} at ${parsed.host}`, url: parsed }
      after = row.sequence
    }
    if (rows.length < AT_ONCE) return
  }
}

/** Those that events go to: others are a child's own. */
function enabled(db: Kysely<Database>) {
  return db.selectFrom('webhook_endpoints').where('disabled_at', 'is', null).where('owner', '=', '')
}

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
