// The rules for members: contract sections 4 and 6. Called alike by Admin, the client API, the control API and the seed.

import { isDeepStrictEqual } from 'node:util'
import { timestamp } from '../../platform/clock.ts'
import { type Context, withTransaction } from '../../platform/context.ts'
import { isUniqueViolation } from '../../platform/db/engine.ts'
import { DomainError } from '../../platform/errors.ts'
import * as appStore from './apps.store.ts'
import * as apps from './apps.ts'
import { recordMember, recordQuietly } from './changes.ts'
import * as codes from './codes.ts'
import { refusal, unknownMember, wrongType } from './errors.ts'
import { hold } from './held-member.ts'
import { newMemberId } from './ids.ts'
import type { JsonObject, Member } from './member.ts'
import type { MemberChanges } from './member-input.ts'
import * as memberPlans from './member-plans.ts'
import * as store from './members.store.ts'
import type { AppPrincipal } from './realm.ts'
import type { AppSettings } from './settings.ts'
import * as tokens from './tokens.store.ts'

/** A new member; what is left out is empty. The password comes hashed: hashing has no place in a transaction. */
export interface NewMember {
  email: string
  passwordHash: string | null
  planIds?: readonly string[] | undefined
  customFields?: JsonObject | undefined
  metaData?: JsonObject | undefined
  json?: JsonObject | unknown[] | undefined
  loginRedirect?: string | null | undefined
  verified?: boolean | undefined
  /** Signed up by themselves: logged in at once, and bound by what members may not do. */
  bySelf?: boolean | undefined
  /** Operators alone may set these. */
  id?: string | undefined
  permissions?: readonly string[] | undefined
  profileImage?: string | null | undefined
  stripeCustomerId?: string | null | undefined
}

/** A value of this many characters as JSON is the most that merges may add up to. */
const FIELDS_MAX = 1024 * 1024

/**
 * Makes a member, with its plans or not at all. Throws planNotFound, planNotFree, planRestricted, emailTaken, sandboxFull,
 * and `conflict` when a pinned id is taken.
 */
export async function create(ctx: Context, principal: AppPrincipal, input: NewMember): Promise<Member> {
  return withTransaction(ctx, principal, async tx => {
    const { settings } = await apps.get(tx, principal.tenant)
    const plans = await memberPlans.choose(tx, principal, input.planIds ?? [], input.bySelf ?? false)
    // First: it lets one create at a time into an environment, so that what is checked below stays so.
    const { number, members } = await appStore.takeNumber(tx, principal)
    if (await store.findByEmail(tx, principal, input.email)) throw emailTaken()
    if (input.id !== undefined && (await store.findAny(tx, principal, input.id))) throw idTaken()
    requireRoom(principal, settings, members)
    const now = timestamp(tx.clock.now())
    const member: Member = {
      id: input.id ?? newMemberId(tx, principal.environment),
      number,
      email: input.email,
      passwordHash: input.passwordHash,
      verified: input.verified ?? false,
      customFields: allowedFields(settings, input.customFields ?? {}, input.bySelf ?? false),
      metaData: input.metaData ?? {},
      json: input.json ?? {},
      permissions: input.permissions ?? [],
      loginRedirect: input.loginRedirect ?? null,
      profileImage: input.profileImage ?? null,
      stripeCustomerId: input.stripeCustomerId ?? null,
      lastLogin: input.bySelf ? now : null,
      suspendedBy: [],
      createdAt: now,
      updatedAt: now,
      deletedAt: null,
      connections: [],
    }
    await refusingTaken(() => store.insert(tx, principal, member))
    for (const plan of plans) member.connections.push(await memberPlans.connect(tx, principal, member, plan))
    await recordMember(tx, principal, 'member.created', member)
    for (const connection of member.connections) await memberPlans.recordAdded(tx, principal, member, connection)
    return member
  })
}

/**
 * What `create` takes, made of a password in clear. Refuses beforehand what can be refused without the cost of a hash:
 * throws as `create`, and `rateLimited` when too many passwords wait. Not inside a transaction.
 */
export async function withHashedPassword(
  ctx: Context,
  principal: AppPrincipal,
  { password, ...input }: Omit<NewMember, 'passwordHash'> & { password: string },
): Promise<NewMember> {
  await memberPlans.choose(ctx, principal, input.planIds ?? [], input.bySelf ?? false)
  if (await store.findByEmail(ctx, principal, input.email)) throw emailTaken()
  return { ...input, passwordHash: await ctx.passwords.hash(password) }
}

/** Throws memberUnknown. */
export async function get(ctx: Context, principal: AppPrincipal, id: string): Promise<Member> {
  const member = await store.find(ctx, principal, id)
  if (!member) throw unknownMember()
  return member
}

/**
 * Changes what is given: `customFields` and `metaData` are merged one level deep, all else is replaced. No change, no
 * event. `bySelf`: a member's own wish, which cannot write fields that are restricted to Admin. Throws memberUnknown,
 * emailTaken and `invalid` (merged beyond 1 MiB).
 */
export async function update(
  ctx: Context,
  principal: AppPrincipal,
  id: string,
  changes: MemberChanges,
  bySelf = false,
): Promise<Member> {
  return withTransaction(ctx, principal, async tx => {
    const member = await hold(tx, principal, id)
    const { customFields, metaData, ...rest } = changes
    const merged = { ...member, ...rest }
    if (customFields) {
      const { settings } = await apps.get(tx, principal.tenant)
      const allowed = allowedFields(settings, customFields, bySelf)
      merged.customFields = mergedOver('customFields', member.customFields, allowed, value => value === null)
    }
    if (metaData) {
      merged.metaData = mergedOver('metaData', member.metaData, metaData, value => value === null || value === '')
    }
    return save(tx, principal, member, merged)
  })
}

/** For operators: what no client may set of a member. No change, no event. Throws memberUnknown. */
export async function set(
  ctx: Context,
  principal: AppPrincipal,
  id: string,
  { permissions, stripeCustomerId }: Pick<NewMember, 'permissions' | 'stripeCustomerId'>,
): Promise<Member> {
  return withTransaction(ctx, principal, async tx => {
    const member = await hold(tx, principal, id)
    return save(tx, principal, member, {
      ...member,
      permissions: permissions ?? member.permissions,
      stripeCustomerId: stripeCustomerId === undefined ? member.stripeCustomerId : stripeCustomerId,
    })
  })
}

/** Stores `wanted` in place of `member`, with its event; nothing when they are the same. Throws emailTaken. */
export async function save(tx: Context, principal: AppPrincipal, member: Member, wanted: Member): Promise<Member> {
  // As it will be read again: JSON has no `-0`.
  const changed = JSON.parse(JSON.stringify(wanted)) as Member
  if (isDeepStrictEqual(member, changed)) return member
  const updated = { ...changed, updatedAt: timestamp(tx.clock.now()) }
  await refusingTaken(() => store.update(tx, principal, member, updated))
  await recordMember(tx, principal, 'member.updated', updated)
  return updated
}

/**
 * Gives a member another password, hashed before. Its reset code is void, and its tokens end, but for the one issued at
 * `keep` where that is given. Call it inside a transaction.
 */
export async function setPassword(
  tx: Context,
  principal: AppPrincipal,
  member: Member,
  passwordHash: string,
  keep?: number,
): Promise<Member> {
  await tokens.endAll(tx, principal, member.id, 'password', keep)
  await codes.voidReset(tx, principal, member.email)
  return storePassword(tx, principal, member, passwordHash)
}

/** The first password of a member; its tokens go on. Call it inside a transaction. */
export async function storePassword(
  tx: Context,
  principal: AppPrincipal,
  member: Member,
  passwordHash: string,
): Promise<Member> {
  const updated = { ...member, passwordHash, updatedAt: timestamp(tx.clock.now()) }
  await store.update(tx, principal, member, updated)
  await recordQuietly(tx, principal, 'member.password_changed', member.id)
  return updated
}

export function emailTaken(): DomainError {
  return refusal('emailTaken', 'conflict', 'another member has this email', [{ path: 'email', problem: 'invalid' }])
}

function idTaken(): DomainError {
  return new DomainError('conflict', 'a member with this id exists already')
}

/** Writes a member, whose email another may take at the same moment. */
async function refusingTaken(write: () => Promise<void>): Promise<void> {
  try {
    await write()
  } catch (error) {
    if (isUniqueViolation(error)) throw emailTaken()
    throw error
  }
}

function requireRoom({ environment, operator }: AppPrincipal, settings: AppSettings, members: number): void {
  const limit = settings.sandboxMemberLimit
  if (environment !== 'sandbox' || limit === null || operator) return
  if (members > limit) throw refusal('sandboxFull', 'conflict', `this sandbox has its ${limit} members already`)
}

/** Contract section 6: with a list of fields, others are dropped, and restricted ones too where the member asks. */
function allowedFields(settings: AppSettings, fields: JsonObject, bySelf: boolean): JsonObject {
  const { customFields: known } = settings
  if (known === null) return fields
  const writable = known.filter(({ restrictToAdmin }) => !(bySelf && restrictToAdmin)).map(({ key }) => key)
  return Object.fromEntries(Object.entries(fields).filter(([key]) => writable.includes(key)))
}

/** One level deep; `removes` says which values take their key away. */
function mergedOver(
  name: string,
  before: JsonObject,
  changes: JsonObject,
  removes: (value: unknown) => boolean,
): JsonObject {
  const entries = Object.entries({ ...before, ...changes }).filter(
    ([key, value]) => !(Object.hasOwn(changes, key) && removes(value)),
  )
  const merged = Object.fromEntries(entries)
  if (JSON.stringify(merged).length > FIELDS_MAX) throw wrongType(name, 'must be at most 1 MiB when merged')
  return merged
}
