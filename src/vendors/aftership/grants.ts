// What a member allowed an app to do in one organization: contract section 8. Tokens open a grant and live no longer
// than it does.

import { timestamp } from '../../platform/clock.ts'
import { type Context, type Principal, withTransaction } from '../../platform/context.ts'
import { type Page, type PageQuery, pageOf, placeOf } from '../../platform/db/keyset.ts'
import { DomainError } from '../../platform/errors.ts'
import * as events from '../../platform/events/events.ts'
import * as store from './grants.store.ts'

/** What ends a grant for good. A removed membership (any other cause) only suspends it. */
const FINAL_CAUSES = [
  'operator',
  'revoked',
  'code_reused',
  'refresh_token_reused',
  'expired',
  'partner_lost',
  'app_deleted',
  'offboarded',
] as const

export type FinalCause = (typeof FINAL_CAUSES)[number]

/** Stores a member's consent for the principal's organization and its `grant.created` event. */
export async function create(
  tx: Context,
  principal: Principal,
  input: Pick<store.Grant, 'appId' | 'accountId' | 'scopes'>,
): Promise<store.Grant> {
  const grant: store.Grant = {
    id: tx.ids.hex32(),
    appId: input.appId,
    organizationId: principal.tenant,
    accountId: input.accountId,
    scopes: input.scopes,
    createdAt: timestamp(tx.clock.now()),
    endedAt: null,
    endedBy: null,
  }
  await store.insert(tx, grant)
  await record(tx, principal, 'grant.created', grant)
  return grant
}

/** What this access token opens; cached. Undefined when it is unknown or expired, or when its grant has ended. */
export async function findByAccessToken(
  ctx: Context,
  token: string,
): Promise<Pick<store.Access, 'id' | 'organizationId' | 'scopes'> | undefined> {
  const tokenHash = ctx.vault.lookupHash(token)
  const access = await ctx.lookups.get(`aftership-access:${tokenHash}`, () => store.findAccess(ctx, tokenHash))
  return access && access.expiresAt > timestamp(ctx.clock.now()) ? access : undefined
}

/** A page of the principal's organization in creation order, ended grants included. */
export async function list(ctx: Context, principal: Principal, page: PageQuery): Promise<Page<store.Grant>> {
  return pageOf(await store.list(ctx, principal.tenant, placeOf(page.after), page.limit + 1), page.limit)
}

/** Ends a grant of the principal's organization for good. Again: no change, no event. Throws `notFound`. */
export async function end(
  ctx: Context,
  principal: Principal,
  id: string,
  cause: FinalCause = 'operator',
): Promise<void> {
  await withTransaction(ctx, principal, async tx => {
    const grant = await store.find(tx, principal.tenant, id)
    if (!grant) throw new DomainError('notFound', 'no such grant')
    // A suspended one ends too: the restored membership must not bring it back.
    if (!isFinal(grant.endedBy)) await endOne(tx, principal, grant, cause)
  })
}

/** Ends all grants of an app for good, suspended ones too; an event each. */
export async function endOfApp(tx: Context, principal: Principal, appId: string, cause: FinalCause): Promise<void> {
  await endForGood(tx, principal, await store.listOfApp(tx, appId, FINAL_CAUSES), cause)
}

/** Ends all grants of an account, in every organization, for good, suspended ones too; an event each. */
export async function endOfAccount(tx: Context, principal: Principal, accountId: string, cause: FinalCause) {
  await endForGood(tx, principal, await store.listOfAccount(tx, accountId, FINAL_CAUSES), cause)
}

/** Ends all live grants of an account in the principal's organization because of `cause`; an event each. */
export async function endOfMember(tx: Context, principal: Principal, accountId: string, cause: string): Promise<void> {
  for (const grant of await store.listOfMember(tx, principal.tenant, accountId)) {
    await endOne(tx, principal, grant, cause)
  }
}

/** Takes back what `endOfMember` ended for the same `cause`, and nothing else; an event each. */
export async function resumeEndedBy(tx: Context, principal: Principal, cause: string): Promise<void> {
  for (const grant of await store.listEndedBy(tx, principal.tenant, cause)) {
    await store.setEnded(tx, grant, null, null)
    await record(tx, principal, 'grant.resumed', grant)
  }
}

/** Ends grants of many organizations, each as it is when its organization's turn has come. */
async function endForGood(tx: Context, principal: Principal, grants: store.Grant[], cause: FinalCause): Promise<void> {
  const inOrder = grants.toSorted((a, b) => (a.organizationId < b.organizationId ? -1 : 1))
  for (const { id, organizationId: tenant } of inOrder) {
    await withTransaction(tx, { vendor: 'aftership', tenant }, async () => {
      const grant = await store.find(tx, tenant, id)
      if (grant && !isFinal(grant.endedBy)) await endOne(tx, principal, grant, cause)
    })
  }
}

async function endOne(tx: Context, principal: Principal, grant: store.Grant, cause: string): Promise<void> {
  await store.setEnded(tx, grant, timestamp(tx.clock.now()), cause)
  await record(tx, principal, 'grant.ended', grant, { cause })
}

/** Every change of a grant ends here: its event, and the caches forget what its tokens opened. */
async function record(tx: Context, principal: Principal, type: string, grant: store.Grant, extra: object = {}) {
  const { id, appId, organizationId, accountId, scopes } = grant
  tx.afterCommit(() => tx.lookups.clear())
  const data = { grant: { id, appId, accountId, scopes }, ...extra }
  await events.record(tx, { ...principal, tenant: organizationId }, type, id, data)
}

function isFinal(cause: string | null): boolean {
  return FINAL_CAUSES.some(final => final === cause)
}
