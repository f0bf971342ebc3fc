// Another master key takes the place of the one that there is. Step by step, each of them whole or not at all, so that
// at every moment a key that is at hand opens the store, and the same again does what is left: decision 0015.

import { type Context, type Principal, withTransaction } from '../context.ts'
import { DomainError } from '../errors.ts'
import * as events from '../events/events.ts'
import {
  fingerprintOf,
  isSameKey,
  keepMasterKey,
  masterKeyKeptIn,
  masterKeysKeptIn,
  nextKeyKeptIn,
  promoteMasterKey,
  proposeMasterKey,
  randomMasterKey,
} from './master-key.ts'
import { holdDataKeys, openingKey, resealDataKeys } from './vault.ts'

export interface Rotation {
  former: Uint8Array
  next: Uint8Array
  /** Whether it had begun before: what was left of it is done now. */
  resumed: boolean
}

/**
 * Rotates to `next`, both keys being the operator's to keep. Throws WrongMasterKeyError where neither opens the store.
 */
export async function rotate(
  ctx: Context,
  principal: Principal,
  former: Uint8Array,
  next: Uint8Array,
): Promise<Rotation> {
  return { former, next, resumed: !(await reseal(ctx, principal, former, next)) }
}

/**
 * Rotates from the key in `directory`'s `master.key` to `given`, or else to a new one, which takes its place there. The
 * former stays beside it. Throws `conflict` where a rotation to another key was interrupted, WrongMasterKeyError, and the
 * file system's error, before which nothing was changed, or all but the last step.
 */
export async function rotateIn(
  directory: string,
  ctx: Context,
  principal: Principal,
  given: Uint8Array | undefined,
): Promise<Rotation> {
  const former = masterKeyKeptIn(directory)
  if (!former) throw new DomainError('notFound', `${directory} has no master.key`)
  const begun = nextKeyKeptIn(directory) !== undefined
  keepMasterKey(directory, former)
  const next = proposeMasterKey(directory, given ?? randomMasterKey())
  if (given && !isSameKey(given, next)) {
    throw new DomainError(
      'conflict',
      `${directory}/master.key.next holds another key, of a rotation that was interrupted: complete that first, without a new key`,
    )
  }
  const resealed = await reseal(ctx, principal, former, next)
  await promote(directory, ctx)
  return { former, next, resumed: begun || !resealed }
}

/** The step in the store, with its event. False where it was done before. */
export async function reseal(
  ctx: Context,
  principal: Principal,
  former: Uint8Array,
  next: Uint8Array,
): Promise<boolean> {
  return withTransaction(ctx, principal, async tx => {
    const resealed = await resealDataKeys(tx.db, former, next)
    const [fingerprint, formerFingerprint] = [fingerprintOf(next), fingerprintOf(former)]
    if (resealed) {
      await events.record(tx, principal, 'master_key.rotated', fingerprint, { fingerprint, formerFingerprint })
    }
    return resealed
  })
}

/** The last step in the directory. The key that is proposed there is not put in place where the store is under another. */
export async function promote(directory: string, ctx: Context): Promise<void> {
  await withTransaction(ctx, null, async tx => {
    await holdDataKeys(tx.db)
    const next = nextKeyKeptIn(directory)
    // Another run of the same rotation may have done it, and one that began since may have proposed a key of its own.
    if (next && isSameKey(next, await openingKey(tx.db, masterKeysKeptIn(directory)))) promoteMasterKey(directory)
  })
}
