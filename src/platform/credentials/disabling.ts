// Keys that are disabled for a set of causes, and work again when the last of them is taken back (decision 0007).

import { timestamp } from '../clock.ts'
import { type Context, type Principal, withTransaction } from '../context.ts'
import { emailKey } from '../email.ts'
import { type Credential, credentialOf } from './credential.ts'
import * as store from './credentials.store.ts'
import { changing, type EventNoun, record } from './credentials.ts'

/** The cause of an explicit `disable`. */
const OPERATOR = 'operator'

/** Refused from the next request on. Again: no change, no event. Throws `notFound`. */
export async function disable(
  ctx: Context,
  principal: Principal,
  id: string,
  noun: EventNoun = 'credential',
): Promise<Credential> {
  return changing(ctx, id, (tx, credential) => addCause(tx, principal, credential, OPERATOR, noun))
}

/** Takes an explicit `disable` back; what else disabled it stays. Again: no change, no event. Throws `notFound`. */
export async function enable(
  ctx: Context,
  principal: Principal,
  id: string,
  noun: EventNoun = 'credential',
): Promise<Credential> {
  return changing(ctx, id, (tx, credential) => removeCause(tx, principal, credential, OPERATOR, noun))
}

/** Which keys a removal concerns: those of a holder, or of an owner, of one tenant or all. */
export type HeldKeys = { vendor: string; tenant?: string } & ({ holder: string } | { owner: string })

/** Disables these keys because of `cause`, those that are disabled already too, so that none comes back by half. */
export async function disableBecause(
  tx: Context,
  principal: Principal,
  which: HeldKeys,
  cause: string,
  noun: EventNoun = 'credential',
): Promise<Credential[]> {
  return forEach(tx, which, credential => addCause(tx, principal, credential, cause, noun))
}

/** Takes `cause` back from these keys. A key works again when it was its only one. Returns those that had it. */
export async function enableBecause(
  tx: Context,
  principal: Principal,
  which: HeldKeys,
  cause: string,
  noun: EventNoun = 'credential',
): Promise<Credential[]> {
  return forEach(tx, which, credential =>
    credential.disabledBy.includes(cause) ? removeCause(tx, principal, credential, cause, noun) : undefined,
  )
}

async function forEach(
  tx: Context,
  which: HeldKeys,
  change: (credential: Credential) => Promise<Credential> | undefined,
): Promise<Credential[]> {
  const filter = 'holder' in which ? { ...which, holder: emailKey(which.holder) } : which
  const changed: Credential[] = []
  // Tenant by tenant, as all work over several tenants.
  const rows = (await store.listAll(tx, filter)).toSorted((a, b) => (a.tenant < b.tenant ? -1 : 1))
  for (const row of rows) {
    const credential = await withTransaction(tx, row, async () => {
      const found = await store.findById(tx, row.id)
      // Deleted since it was listed: there is nothing left to change.
      return found && change(credentialOf(found))
    })
    if (credential) changed.push(credential)
  }
  return changed
}

async function addCause(tx: Context, principal: Principal, credential: Credential, cause: string, noun: EventNoun) {
  if (credential.disabledBy.includes(cause)) return credential
  const disabledAt = credential.disabledAt ?? timestamp(tx.clock.now())
  const updated = { ...credential, disabledAt, disabledBy: [...credential.disabledBy, cause] }
  await saveState(tx, updated)
  const type = credential.disabledAt === null ? `${noun}.disabled` : 'credential.cause_added'
  await record(tx, principal, type, updated, { cause })
  return updated
}

async function removeCause(tx: Context, principal: Principal, credential: Credential, cause: string, noun: EventNoun) {
  if (!credential.disabledBy.includes(cause)) return credential
  const disabledBy = credential.disabledBy.filter(other => other !== cause)
  const works = disabledBy.length === 0
  const updated = { ...credential, disabledAt: works ? null : credential.disabledAt, disabledBy }
  await saveState(tx, updated)
  await record(tx, principal, works ? `${noun}.enabled` : 'credential.cause_removed', updated, { cause })
  return updated
}

function saveState(tx: Context, { id, disabledAt, disabledBy }: Credential): Promise<void> {
  return store.update(tx, id, { disabled_at: disabledAt, disabled_by: JSON.stringify(disabledBy) })
}
