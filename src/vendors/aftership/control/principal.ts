import type { FastifyRequest } from 'fastify'
import type { Principal } from '../../../platform/context.ts'

/** The operator, acting on this vendor and no tenant in particular. */
export function operatorOf(request: FastifyRequest): Principal {
  return { ...request.operator, vendor: 'aftership' }
}

/** The operator, acting inside an organization. */
export function tenantOf(request: FastifyRequest, organization: string): Principal {
  return { ...operatorOf(request), tenant: organization }
}
