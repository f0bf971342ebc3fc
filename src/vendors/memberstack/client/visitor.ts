import type { FastifyRequest } from 'fastify'
import type { Context } from '../../../platform/context.ts'
import { bearerIn } from '../auth.ts'
import type { Member } from '../member.ts'
import { find } from '../members.store.ts'
import type { Visitor } from '../sign-in-limits.ts'
import { type TokenClaims, verifyLiving } from '../tokens.ts'

/** Who is at the door of an app. */
export function visitorOf(request: FastifyRequest): Visitor {
  const { principal, app } = request.memberstack.caller
  return { principal, app, address: request.ip }
}

/** The member that a good token names; undefined without one. For routes that anybody may call. */
export async function memberOfToken(ctx: Context, request: FastifyRequest): Promise<Member | undefined> {
  const { principal } = request.memberstack.caller
  const token = bearerIn(request)
  const claims = token === undefined ? undefined : await verifyLiving(ctx, principal, token)
  return claims && find(ctx, principal, claims.id)
}

/** On routes that need a member token: what it says. */
export function claimsOf(request: FastifyRequest): TokenClaims {
  const { member } = request.memberstack
  if (!member) throw new Error('this route is not marked as one that needs a member token')
  return member
}
