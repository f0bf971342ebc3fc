// The secrets of the OAuth flow, each of one kind with one life; stored as keyed hashes only.

import { timestamp } from '../../../platform/clock.ts'
import type { Context } from '../../../platform/context.ts'
import * as store from './tokens.store.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** Contract section 8; that of sessions and refresh tokens is ours. */
const lifeMs: Record<store.SecretKind, number> = {
  link: 15 * MINUTE_MS,
  session: 15 * MINUTE_MS,
  code: 10 * MINUTE_MS,
  access: 30 * DAY_MS,
  refresh: 90 * DAY_MS,
}

export const ACCESS_LIFE_SECONDS = lifeMs.access / 1000
/** Links are counted over this time, and known for as long. */
export const LINK_WINDOW_MS = HOUR_MS

/** So that a token found somewhere tells what it is. */
const prefixOf: Record<store.SecretKind, string> = {
  link: '',
  session: '',
  code: '',
  access: 'asoa_',
  refresh: 'asor_',
}
const SECRET_BYTES = 32

/** Makes and stores a secret, and hands it out in clear, this once. */
export async function issue(
  tx: Context,
  kind: store.SecretKind,
  content: Partial<Pick<store.Secret, 'accountId' | 'grantId' | 'request' | 'scopes'>>,
): Promise<string> {
  const secret = prefixOf[kind] + tx.ids.secret(SECRET_BYTES)
  const now = tx.clock.now()
  await store.insert(tx, {
    tokenHash: tx.vault.lookupHash(secret),
    kind,
    accountId: content.accountId ?? null,
    grantId: content.grantId ?? null,
    request: content.request ?? null,
    scopes: content.scopes ?? null,
    createdAt: timestamp(now),
    expiresAt: timestamp(now + lifeMs[kind]),
    usedAt: null,
    keptUntil: timestamp(now + (kind === 'link' ? LINK_WINDOW_MS : lifeMs[kind])),
  })
  return secret
}

/** A secret of one of these kinds, whatever its state. */
export function find(
  ctx: Context,
  kinds: readonly store.SecretKind[],
  secret: string,
): Promise<store.Secret | undefined> {
  return store.find(ctx, kinds, ctx.vault.lookupHash(secret))
}

export function isExpired(ctx: Context, secret: store.Secret): boolean {
  return secret.expiresAt <= timestamp(ctx.clock.now())
}

/**
 * Uses a secret up; false when it was before. A used code stays known for as long as the tokens it became may live, so
 * that its second use is noticed.
 */
export function use(tx: Context, secret: store.Secret): Promise<boolean> {
  const now = tx.clock.now()
  const keptUntil = secret.kind === 'code' ? timestamp(now + lifeMs.refresh) : secret.keptUntil
  return store.use(tx, secret.tokenHash, timestamp(now), keptUntil)
}
