import type { FastifyRequest } from 'fastify'
import type { Principal } from '../../../platform/context.ts'
import { VENDOR } from '../keys.ts'

/** The operator, acting on this vendor and no tenant in particular. */
export function operatorOf(request: FastifyRequest): Principal {
  return { ...request.operator, vendor: VENDOR }
}

/** The operator, acting on a parent and its children. */
export function tenantOf(request: FastifyRequest, parent: string): Principal {
  return { ...operatorOf(request), tenant: parent }
}
