// What a caller may see and do: contract sections 2, 3 and 5. A user that is neither the caller nor its child does not
// exist for it.

import type { Context } from '../../platform/context.ts'
import { DomainError } from '../../platform/errors.ts'
import type { Caller } from './auth.ts'
import { refusal } from './errors.ts'
import type { User } from './users.store.ts'
import * as users from './users.ts'

/** Which keys open a route. `ownInTest`: a test key too, for its own user alone. */
export type RouteAccess = 'anyMode' | 'production' | 'ownInTest'

/** Throws `MODE.UNAUTHORIZED`, before any id is looked at. `id` is the user in the path, if the path names one. */
export function requireMode(caller: Caller, access: RouteAccess, id: string | undefined): void {
  if (caller.mode === 'production' || access === 'anyMode') return
  if (access === 'ownInTest' && (id === undefined || id === caller.userId)) return
  throw refusal('productionOnly', 'forbidden', 'this needs a production key')
}

/** Self, or a parent's own child. Throws `notFound` for everybody else, who may exist or not. */
export async function visibleUser(ctx: Context, caller: Caller, id: string): Promise<User> {
  if (id !== caller.userId && !caller.isParent) throw new DomainError('notFound', 'no such user for a child')
  return users.get(ctx, caller.principal.tenant, id)
}

/** Throws `USER.PARENT.INVALID`. */
export function requireParent(caller: Caller): void {
  if (!caller.isParent) throw refusal('childHasNoChildren', 'forbidden', 'a child has no children')
}

/** The parent pays, so a child sets no recharge fields. Throws `forbidden`. */
export function requirePayer(caller: Caller): void {
  if (!caller.isParent) throw new DomainError('forbidden', 'only the parent sets recharge fields')
}

/** Nobody deletes itself: contract section 8. Throws `forbidden`. */
export function requireOther(caller: Caller, user: User): void {
  if (user.id === caller.userId) throw new DomainError('forbidden', 'the own user cannot be deleted')
}

/** Whose keys a caller may change: a parent all of its tenant's (undefined), a child its own. */
export function ownerWithin(caller: Caller): string | undefined {
  return caller.isParent ? undefined : caller.userId
}
