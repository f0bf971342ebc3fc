// The keys that sign member tokens: contract section 9. One for the server, sealed; after a rotation the old one's
// public half stays listed until its last token expired.

import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { timestamp } from '../../platform/clock.ts'
import { type Context, type Principal, withTransaction } from '../../platform/context.ts'
import * as events from '../../platform/events/events.ts'
import { VENDOR } from './realm.ts'
import * as store from './signing-keys.store.ts'

const BITS = 2048
/** A token may be under way between the choice of its key and the store: retired keys stay this long in any case. */
const GRACE_MS = 3_600_000

/** A public key as the key set lists it: RFC 7517. */
export interface PublicJwk {
  kty: string
  n: string
  e: string
  alg: 'RS256'
  use: 'sig'
  kid: string
}

export interface SigningKeys {
  /** The one that signs. */
  current: { kid: string; privateKey: KeyObject }
  /** All whose tokens count, the newest first. */
  public: { kid: string; jwk: PublicJwk; publicKey: KeyObject }[]
}

const makeKeyPair = promisify(generateKeyPair)

/** The keys as they are, made at the first call on a store; cached. Not inside a transaction. */
export async function load(ctx: Context): Promise<SigningKeys> {
  const known = await ctx.lookups.get('memberstack-signing-keys', () => read(ctx))
  if (known) return known
  await makeFirst(ctx)
  const made = await read(ctx)
  if (!made) throw new Error('the signing key that was just made is not there')
  return made
}

/** The key set that verifiers fetch. */
export async function keySet(ctx: Context): Promise<{ keys: PublicJwk[] }> {
  const keys = await load(ctx)
  return { keys: keys.public.map(({ jwk }) => jwk) }
}

/** Signs with a new key from now on; tokens of the old one stay valid until they expire. Returns the new key's id. */
export async function rotate(ctx: Context, principal: Principal): Promise<string> {
  const row = await newKey(ctx)
  const { kid } = row
  await withTransaction(ctx, principal, async tx => {
    await store.retire(tx, row.created_at)
    await store.insertIfNone(tx, row)
    tx.afterCommit(() => tx.lookups.clear())
    // The key is the server's, not an app's.
    await events.record(tx, { ...principal, vendor: VENDOR, tenant: '' }, 'signing_key.rotated', kid, { kid })
  })
  return kid
}

/** Forgets retired keys of which no token lives on. */
export async function purge(ctx: Context): Promise<void> {
  const now = ctx.clock.now()
  const found = await store.purge(ctx, timestamp(now - GRACE_MS), Math.floor(now / 1000))
  if (found) ctx.lookups.clear()
}

async function read(ctx: Context): Promise<SigningKeys | undefined> {
  const rows = await store.list(ctx)
  const current = rows.find(row => row.retired_at === null)
  return current && { current: privateOf(ctx, current), public: rows.map(publicOf) }
}

function privateOf(ctx: Context, { kid, sealed_private_key }: store.SigningKeyRow): SigningKeys['current'] {
  return { kid, privateKey: createPrivateKey(ctx.vault.open(sealed_private_key, place(kid))) }
}

function publicOf({ kid, public_jwk }: store.SigningKeyRow): SigningKeys['public'][number] {
  const jwk = JSON.parse(public_jwk) as PublicJwk
  return { kid, jwk, publicKey: createPublicKey({ key: { ...jwk }, format: 'jwk' }) }
}

/** Where a first key is being made just now: logins at once share it. */
const underWay = new WeakMap<Context['vault'], Promise<void>>()

/** Two processes that do this at once agree on one key: the other's is not stored. */
function makeFirst(ctx: Context): Promise<void> {
  const making = underWay.get(ctx.vault) ?? newKey(ctx).then(row => store.insertIfNone(ctx, row))
  underWay.set(ctx.vault, making)
  return making.finally(() => underWay.delete(ctx.vault))
}

async function newKey(ctx: Context): Promise<store.SigningKeyRow> {
  const { publicKey, privateKey } = await makeKeyPair('rsa', { modulusLength: BITS })
  const { kty, n, e } = publicKey.export({ format: 'jwk' })
  const der = publicKey.export({ type: 'spki', format: 'der' })
  // Opaque to clients: 64 hex digits.
  const kid = createHash('sha256').update(der).digest('hex')
  const jwk: PublicJwk = { kty: kty ?? '', n: n ?? '', e: e ?? '', alg: 'RS256', use: 'sig', kid }
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return {
    kid,
    sealed_private_key: ctx.vault.seal(pem, place(kid)),
    public_jwk: JSON.stringify(jwk),
    created_at: timestamp(ctx.clock.now()),
    retired_at: null,
  }
}

const place = (kid: string) => `signing-key:${kid}`
