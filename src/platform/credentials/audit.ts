// The key audit: one row a key over all vendors, with what an auditor asks of it.

import type { Context } from '../context.ts'
import { type Credential, isUsable } from './credential.ts'
import * as credentials from './credentials.ts'

export interface AuditRow {
  vendor: string
  tenant: string
  owner: string
  name: string
  holder: string | null
  mode: string
  active: boolean
  ageDays: number
  lastUsedAt: string | null
  fingerprint: string
  marks: AuditMark[]
}

/**
 * What is wrong with a working key. `never-used`: not once since it was made. `stale`: not for 90 days. `orphaned`:
 * nobody answers for it, since it has no holder, or its holder has left the tenant.
 */
type AuditMark = 'stale' | 'orphaned' | 'never-used'

/** Whether a person still belongs to a tenant; a vendor that cannot know says yes. */
export type IsPresent = (vendor: string, tenant: string, holder: string) => Promise<boolean>

const DAY_MS = 24 * 3600 * 1000
export const STALE_DAYS = 90
const BATCH = 500

/** Every key, in creation order, read in batches: the caller can write each row away before the next is read. */
export async function* auditRows(ctx: Context, isPresent: IsPresent): AsyncGenerator<AuditRow> {
  let after: string | undefined
  do {
    const page = await credentials.list(ctx, {}, { after, limit: BATCH })
    for (const credential of page.items) yield await rowOf(ctx, credential, isPresent)
    after = page.next ?? undefined
  } while (after !== undefined)
}

async function rowOf(ctx: Context, credential: Credential, isPresent: IsPresent): Promise<AuditRow> {
  const { vendor, tenant, owner, name, holder, mode, lastUsedAt, fingerprint } = credential
  const active = isUsable(ctx, credential)
  const daysSince = (time: string) => Math.floor((ctx.clock.now() - Date.parse(time)) / DAY_MS)
  const marks: AuditMark[] = []
  if (active && lastUsedAt === null) marks.push('never-used')
  if (active && daysSince(lastUsedAt ?? credential.createdAt) >= STALE_DAYS) marks.push('stale')
  if (active && (holder === null || !(await isPresent(vendor, tenant, holder)))) marks.push('orphaned')
  const ageDays = daysSince(credential.createdAt)
  return { vendor, tenant, owner, name, holder, mode, active, ageDays, lastUsedAt, fingerprint, marks }
}
