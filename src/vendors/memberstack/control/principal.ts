import type { FastifyRequest } from 'fastify'
import type { Principal } from '../../../platform/context.ts'
import { type AppPrincipal, type Environment, environmentOf, VENDOR } from '../realm.ts'

/** The operator, acting on this vendor and no app in particular. */
export function operatorOf(request: FastifyRequest): Principal {
  return { ...request.operator, vendor: VENDOR }
}

/** The operator, acting inside an environment of an app. */
export function appPrincipalOf(request: FastifyRequest, app: string, environment: Environment): AppPrincipal {
  return { ...operatorOf(request), tenant: app, environment }
}

/** The operator, acting on a member, whose id names the environment. */
export function memberPrincipalOf(request: FastifyRequest, app: string, memberId: string): AppPrincipal {
  return appPrincipalOf(request, app, environmentOf(memberId))
}
