import type { FastifyRequest } from 'fastify'
import type { Visitor } from '../sign-in-limits.ts'
import type { TokenClaims } from '../tokens.ts'

/** Who is at the door of an app. */
export function visitorOf(request: FastifyRequest): Visitor {
  const { principal, app } = request.memberstack.caller
  return { principal, app, address: request.ip }
}

/** On routes that need a member token: what it says. */
export function claimsOf(request: FastifyRequest): TokenClaims {
  const { member } = request.memberstack
  if (!member) throw new Error('this route is not marked as one that needs a member token')
  return member
}
