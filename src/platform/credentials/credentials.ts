// Keys and tokens of every kind: made, found, disabled, enabled, removed. The secret itself is stored nowhere but as a
// keyed hash; what a vendor needs in clear (signing secrets) is sealed.

import { timestamp } from '../clock.ts'
import { type Context, type Principal, withTransaction } from '../context.ts'
import { isUniqueViolation } from '../db/engine.ts'
import { numberOf, type Page, type PageQuery, pageByNumber } from '../db/keyset.ts'
import { emailKey } from '../email.ts'
import { DomainError } from '../errors.ts'
import * as events from '../events/events.ts'
import * as store from './credentials.store.ts'

export interface Credential {
  id: string
  vendor: string
  tenant: string
  /** Whose it is inside the tenant; empty when it is the tenant's own. */
  owner: string
  mode: string
  name: string
  scopes: readonly string[]
  holder: string | null
  /** Names the key in logs, events and lists without giving it away: 12 hex digits of its keyed hash. */
  fingerprint: string
  publicKey: string | null
  sealedKey: string | null
  sealedSecret: string | null
  createdAt: string
  expiresAt: string | null
  lastUsedAt: string | null
  disabledAt: string | null
  /** Why it is disabled: `operator`, or what was removed. It works again when the last of these is taken back. */
  disabledBy: readonly string[]
}

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

/** The cause of an explicit `disable`. */
const OPERATOR = 'operator'

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

/** Neither disabled nor expired. */
export function isUsable(ctx: Context, credential: Credential): boolean {
  if (credential.disabledAt !== null) return false
  return credential.expiresAt === null || credential.expiresAt > timestamp(ctx.clock.now())
}

/** The signing secret in clear. Throws when the credential has none. */
export function signingSecret(ctx: Context, credential: Credential): string {
  if (credential.sealedSecret === null) throw new DomainError('internal', 'this credential has no signing secret')
  return ctx.vault.open(credential.sealedSecret, secretPlace(credential.id))
}

/** The key in clear, of vendors that show it again. Throws when it was not kept. */
export function keyInClear(ctx: Context, credential: Credential): string {
  if (credential.sealedKey === null) throw new DomainError('internal', 'the key of this credential is not kept')
  return ctx.vault.open(credential.sealedKey, keyPlace(credential.id))
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

/** Writes down what `Usage` collected: when each credential was last used. Run by a job and at the end. */
export async function saveUsage(ctx: Context): Promise<void> {
  const used = ctx.usage.take()
  if (used.size === 0) return
  // In the order of ids, so that two nodes never wait for each other.
  const inOrder = [...used].toSorted(([one], [other]) => (one < other ? -1 : 1))
  try {
    await withTransaction(ctx, null, async tx => {
      for (const [id, ms] of inOrder) await store.noteUse(tx, id, timestamp(ms))
    })
  } catch (error) {
    ctx.usage.giveBack(used)
    throw error
  }
}

/** Changes a credential as it is, with no other change of its tenant beside it. Throws `notFound`. */
async function changing<T>(
  ctx: Context,
  id: string,
  change: (tx: Context, credential: Credential) => Promise<T>,
): Promise<T> {
  const tenancy = await get(ctx, id)
  return withTransaction(ctx, tenancy, async tx => change(tx, await get(tx, id)))
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
  for (const { id } of rows) {
    const credential = await changing(tx, id, async (_tx, found) => change(found))
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

/** Every change of a credential ends here: its event, and the caches forget what they knew. */
async function record(tx: Context, principal: Principal, type: string, credential: Credential, extra: object = {}) {
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

function credentialOf(row: store.NewCredentialRow): Credential {
  return {
    id: row.id,
    vendor: row.vendor,
    tenant: row.tenant,
    owner: row.owner,
    mode: row.mode,
    name: row.name,
    scopes: JSON.parse(row.scopes) as string[],
    holder: row.holder,
    fingerprint: Buffer.from(row.lookup_hash, 'base64url').toString('hex', 0, 6),
    publicKey: row.public_key,
    sealedKey: row.sealed_key,
    sealedSecret: row.sealed_secret,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    disabledAt: row.disabled_at,
    disabledBy: JSON.parse(row.disabled_by) as string[],
  }
}

/** What a sealed value is bound to: it opens for its own credential alone. */
const keyPlace = (id: string) => `credential-key:${id}`
const secretPlace = (id: string) => `credential:${id}`
