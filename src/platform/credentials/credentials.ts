// Keys and tokens of every kind: made, found, disabled, enabled, removed. The secret itself is stored nowhere but as a
// keyed hash; what a vendor needs in clear (signing secrets) is sealed.

import { timestamp } from '../clock.ts'
import { type Context, type Principal, withTransaction } from '../context.ts'
import { isUniqueViolation } from '../db/engine.ts'
import { type Page, type PageQuery, pageOf, placeOf } from '../db/keyset.ts'
import { emailKey } from '../email.ts'
import { DomainError } from '../errors.ts'
import * as events from '../events/events.ts'
import * as store from './credentials.store.ts'

export interface Credential {
  id: string
  vendor: string
  tenant: string
  mode: string
  name: string
  scopes: readonly string[]
  holder: string | null
  /** Names the key in logs, events and lists without giving it away: 12 characters of its keyed hash. */
  fingerprint: string
  publicKey: string | null
  sealedSecret: string | null
  createdAt: string
  expiresAt: string | null
  lastUsedAt: string | null
  disabledAt: string | null
  disabledBy: string | null
}

export interface NewCredential {
  id?: string | undefined
  vendor: string
  tenant: string
  mode: string
  name: string
  /** The key in clear: what a client will send. */
  key: string
  /** The signing secret in clear, for modes that sign. */
  secret?: string | undefined
  publicKey?: string | undefined
  scopes: readonly string[]
  /** The email of the person who holds it. */
  holder?: string | undefined
  /** When it stops working, as a timestamp. */
  expiresAt?: string | undefined
}

/** Stores a credential and its `credential.created` event. Throws `conflict` when the key is in use already. */
export async function create(ctx: Context, principal: Principal, input: NewCredential): Promise<Credential> {
  const id = input.id ?? ctx.ids.hex32()
  const row: store.CredentialRow = {
    id,
    vendor: input.vendor,
    tenant: input.tenant,
    mode: input.mode,
    name: input.name,
    lookup_hash: ctx.vault.lookupHash(input.key),
    sealed_secret: input.secret === undefined ? null : ctx.vault.seal(input.secret, secretOwner(id)),
    public_key: input.publicKey ?? null,
    scopes: JSON.stringify(input.scopes),
    holder: input.holder === undefined ? null : emailKey(input.holder),
    created_at: timestamp(ctx.clock.now()),
    expires_at: input.expiresAt ?? null,
    last_used_at: null,
    disabled_at: null,
    disabled_by: null,
  }
  const credential = credentialOf(row)
  return withTransaction(ctx, async tx => {
    try {
      await store.insert(tx, row)
    } catch (error) {
      if (isUniqueViolation(error)) throw new DomainError('conflict', 'a credential with this key or id exists already')
      throw error
    }
    await record(tx, principal, 'credential.created', credential)
    return credential
  })
}

/** The credential that this key opens, whatever its state; cached. Whether it may be used, `isUsable` says. */
export async function find(ctx: Context, key: string): Promise<Credential | undefined> {
  const lookupHash = ctx.vault.lookupHash(key)
  return ctx.lookups.get(`credential:${lookupHash}`, async () => {
    const row = await store.findByHash(ctx, lookupHash)
    return row && credentialOf(row)
  })
}

/** Neither disabled nor expired. */
export function isUsable(ctx: Context, credential: Credential): boolean {
  if (credential.disabledAt !== null) return false
  return credential.expiresAt === null || credential.expiresAt > timestamp(ctx.clock.now())
}

/** The signing secret in clear. Throws when the credential has none. */
export function signingSecret(ctx: Context, credential: Credential): string {
  if (credential.sealedSecret === null) throw new DomainError('internal', 'this credential has no signing secret')
  return ctx.vault.open(credential.sealedSecret, secretOwner(credential.id))
}

/** Throws `notFound`. */
export async function get(ctx: Context, id: string): Promise<Credential> {
  const row = await store.findById(ctx, id)
  if (!row) throw new DomainError('notFound', 'no such key')
  return credentialOf(row)
}

/** A page in creation order. `filter.holder` is matched without case. */
export async function list(ctx: Context, filter: store.CredentialFilter, page: PageQuery): Promise<Page<Credential>> {
  const holder = filter.holder === undefined ? undefined : emailKey(filter.holder)
  const rows = await store.list(ctx, { ...filter, holder }, placeOf(page.after), page.limit + 1)
  return pageOf(rows.map(credentialOf), page.limit)
}

/** Refused from the next request on. Again: no change, no event. */
export async function disable(ctx: Context, principal: Principal, id: string): Promise<Credential> {
  return withTransaction(ctx, async tx => {
    const credential = await get(tx, id)
    return credential.disabledAt === null ? disableOne(tx, principal, credential, 'operator') : credential
  })
}

/** Works again from the next request on. Again: no change, no event. */
export async function enable(ctx: Context, principal: Principal, id: string): Promise<Credential> {
  return withTransaction(ctx, async tx => {
    const credential = await get(tx, id)
    return credential.disabledAt === null ? credential : enableOne(tx, principal, credential)
  })
}

/** Gone for good. Throws `notFound`. */
export async function remove(ctx: Context, principal: Principal, id: string): Promise<void> {
  await withTransaction(ctx, async tx => {
    const credential = await get(tx, id)
    await store.remove(tx, id)
    await record(tx, principal, 'credential.deleted', credential)
  })
}

/** Disables every working key that `holder` holds with this tenant, because of `cause`; an event each. */
export async function disableHeld(
  tx: Context,
  principal: Principal,
  { vendor, tenant, holder, cause }: { vendor: string; tenant: string; holder: string; cause: string },
): Promise<void> {
  for (const row of await store.listActiveHeld(tx, vendor, tenant, emailKey(holder))) {
    await disableOne(tx, principal, credentialOf(row), cause)
  }
}

/** Enables what `disableHeld` disabled for the same `cause`, and nothing else; an event each. */
export async function enableDisabledBy(
  tx: Context,
  principal: Principal,
  { vendor, tenant, cause }: { vendor: string; tenant: string; cause: string },
): Promise<void> {
  for (const row of await store.listDisabledBy(tx, vendor, tenant, cause)) {
    await enableOne(tx, principal, credentialOf(row))
  }
}

/** Writes down what `Usage` collected: when each credential was last used. Run by a job and at the end. */
export async function saveUsage(ctx: Context): Promise<void> {
  const used = ctx.usage.take()
  if (used.size === 0) return
  await withTransaction(ctx, async tx => {
    for (const [id, ms] of used) await store.update(tx, id, { last_used_at: timestamp(ms) })
  })
}

async function disableOne(tx: Context, principal: Principal, credential: Credential, cause: string) {
  const disabledAt = timestamp(tx.clock.now())
  await store.update(tx, credential.id, { disabled_at: disabledAt, disabled_by: cause })
  await record(tx, principal, 'credential.disabled', credential, { cause })
  return { ...credential, disabledAt, disabledBy: cause }
}

async function enableOne(tx: Context, principal: Principal, credential: Credential) {
  await store.update(tx, credential.id, { disabled_at: null, disabled_by: null })
  await record(tx, principal, 'credential.enabled', credential)
  return { ...credential, disabledAt: null, disabledBy: null }
}

/** Every change of a credential ends here: its event, and the caches forget what they knew. */
async function record(tx: Context, principal: Principal, type: string, credential: Credential, extra: object = {}) {
  const { id, vendor, tenant, mode, name, holder, fingerprint } = credential
  tx.afterCommit(() => tx.lookups.clear())
  await events.record(tx, { ...principal, vendor, tenant }, type, id, { id, mode, name, holder, fingerprint, ...extra })
}

function credentialOf(row: store.CredentialRow): Credential {
  return {
    id: row.id,
    vendor: row.vendor,
    tenant: row.tenant,
    mode: row.mode,
    name: row.name,
    scopes: JSON.parse(row.scopes) as string[],
    holder: row.holder,
    fingerprint: row.lookup_hash.slice(0, 12),
    publicKey: row.public_key,
    sealedSecret: row.sealed_secret,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    disabledAt: row.disabled_at,
    disabledBy: row.disabled_by,
  }
}

const secretOwner = (id: string) => `credential:${id}`
