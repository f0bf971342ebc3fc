// Keys and tokens of every kind: made, found, listed, given to a holder, removed. The secret itself is stored nowhere but as a
// keyed hash; what a vendor needs in clear (signing secrets) is sealed.

import { timestamp } from '../clock.ts'
import { type Context, type Principal, withTransaction } from '../context.ts'
import { isUniqueViolation } from '../db/engine.ts'
import { numberOf, type Page, type PageQuery, pageByNumber } from '../db/keyset.ts'
import { emailKey } from '../email.ts'
import { DomainError } from '../errors.ts'
import * as events from '../events/events.ts'
import { type Credential, credentialOf, isUsable, keyPlace, secretPlace } from './credential.ts'
import * as store from './credentials.store.ts'

export interface NewCredential {
  id?: string | undefined
  vendor: string
  tenant: string
  owner?: string | undefined
  mode: string
  name: string
  /** The key in clear: what a client will send. */
  key: string
  /** Whether the vendor shows the key again: then it is kept, sealed. */
  keepKey?: boolean | undefined
  /** The signing secret in clear, for modes that sign. */
  secret?: string | undefined
  publicKey?: string | undefined
  scopes: readonly string[]
  /** The email of the person who holds it. */
  holder?: string | undefined
  /** When it stops working, as a timestamp. */
  expiresAt?: string | undefined
}

/**
 * What a vendor calls a key in its events: `api_key` makes `api_key.disabled`. A change that the vendor's own feed must
 * not show (keys made and lost together with their user) is a `credential` like all others.
 */
export type EventNoun = 'credential' | 'api_key'

/** Stores a credential and its `….created` event. Throws `conflict` when the key is in use already. */
export async function create(
  ctx: Context,
  principal: Principal,
  input: NewCredential,
  noun: EventNoun = 'credential',
): Promise<Credential> {
  const id = input.id ?? ctx.ids.hex32()
  const row: store.NewCredentialRow = {
    id,
    vendor: input.vendor,
    tenant: input.tenant,
    owner: input.owner ?? '',
    mode: input.mode,
    name: input.name,
    lookup_hash: ctx.vault.lookupHash(input.key),
    sealed_key: input.keepKey ? ctx.vault.seal(input.key, keyPlace(id)) : null,
    sealed_secret: input.secret === undefined ? null : ctx.vault.seal(input.secret, secretPlace(id)),
    public_key: input.publicKey ?? null,
    scopes: JSON.stringify(input.scopes),
    holder: input.holder === undefined ? null : emailKey(input.holder),
    created_at: timestamp(ctx.clock.now()),
    expires_at: input.expiresAt ?? null,
    last_used_at: null,
    disabled_at: null,
    disabled_by: '[]',
  }
  const credential = credentialOf(row)
  return withTransaction(ctx, principal, async tx => {
    try {
      await store.insert(tx, row)
    } catch (error) {
      if (isUniqueViolation(error)) throw new DomainError('conflict', 'a credential with this key or id exists already')
      throw error
    }
    await record(tx, principal, `${noun}.created`, credential)
    return credential
  })
}

/** The credential that this key opens, whatever its state; cached. Whether it may be used, `isUsable` says. */
export async function find(ctx: Context, key: string): Promise<Credential | undefined> {
  return ctx.lookups.get(`credential:${ctx.vault.memoryHash(key)}`, async () => {
    const row = await store.findByHash(ctx, ctx.vault.lookupHash(key))
    return row && credentialOf(row)
  })
}

/**
 * Takes the time of an unknown key, which the store is asked for each time: what is remembered, and refused, would be
 * refused sooner.
 */
export async function lookInVain(ctx: Context, key: string): Promise<void> {
  await store.findByHash(ctx, ctx.vault.lookupHash(key))
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
  const rows = await store.list(ctx, { ...filter, holder }, numberOf(page.after, 0), page.limit + 1)
  const { items, next } = pageByNumber(rows, page.limit, row => row.sequence)
  return { items: items.map(credentialOf), next }
}

/** Every key of these owners of one tenant, each owner's in creation order. For many, call it with as many each time. */
export async function listOwned(
  ctx: Context,
  which: { vendor: string; tenant: string; owners: readonly string[] },
): Promise<Credential[]> {
  return (await store.listOwned(ctx, which)).map(credentialOf)
}

/** Gone for good. Throws `notFound`. */
export async function remove(
  ctx: Context,
  principal: Principal,
  id: string,
  noun: EventNoun = 'credential',
): Promise<void> {
  await changing(ctx, id, async (tx, credential) => {
    await store.remove(tx, id)
    await record(tx, principal, `${noun}.deleted`, credential)
  })
}

/** Every key of an owner is gone for good; an event each. */
export async function removeOwned(
  tx: Context,
  principal: Principal,
  which: { vendor: string; tenant: string; owner: string },
): Promise<void> {
  for (const { id } of await store.listAll(tx, which)) await remove(tx, principal, id)
}

/** Says who holds a key; null for nobody. No change, no event. Throws `notFound`. */
export async function setHolder(
  ctx: Context,
  principal: Principal,
  id: string,
  holder: string | null,
): Promise<Credential> {
  return changing(ctx, id, async (tx, credential) => {
    const updated = { ...credential, holder: holder === null ? null : emailKey(holder) }
    if (updated.holder === credential.holder) return credential
    await store.update(tx, id, { holder: updated.holder })
    await record(tx, principal, 'credential.updated', updated)
    return updated
  })
}

/** The working keys that a person holds, at any vendor. */
export async function listUsableHeld(ctx: Context, holder: string): Promise<Credential[]> {
  const rows = await store.listAll(ctx, { holder: emailKey(holder) })
  return rows.map(credentialOf).filter(credential => isUsable(ctx, credential))
}

/** Changes a credential as it is, with no other change of its tenant beside it. Throws `notFound`. */
export async function changing<T>(
  ctx: Context,
  id: string,
  change: (tx: Context, credential: Credential) => Promise<T>,
): Promise<T> {
  const tenancy = await get(ctx, id)
  return withTransaction(ctx, tenancy, async tx => change(tx, await get(tx, id)))
}

/** Every change of a credential ends here: its event, and the caches forget what they knew. */
export async function record(
  tx: Context,
  principal: Principal,
  type: string,
  credential: Credential,
  extra: object = {},
) {
  const { id, vendor, tenant, owner, mode, name, holder, fingerprint, createdAt, disabledAt } = credential
  tx.afterCommit(() => tx.lookups.clear())
  await events.record(tx, { ...principal, vendor, tenant }, type, id, {
    id,
    owner,
    mode,
    name,
    holder,
    fingerprint,
    createdAt,
    active: disabledAt === null,
    ...extra,
  })
}
