// Mistakes that the guide warns about: the wire behaves as documented, and the operator is told. Contract section 16.

import type { FastifyRequest } from 'fastify'
import type { Context } from '../../platform/context.ts'
import { pagesByNumber } from './paging.ts'

type Trap = 'offset-on-cursor-route' | 'all-child-keys-exposed' | 'permanent-delete' | 'shared-billing' | 'polling-only'

export function report(ctx: Context, request: FastifyRequest, trap: Trap): void {
  const { vendor, tenant } = request.easypost.caller.principal
  ctx.traps(trap, { vendor, tenant, requestId: request.id, route: request.routeOptions.url })
}

/** On list routes: `page` and `offset` are ignored, so page one comes again and again. */
export function reportPagingByNumber(ctx: Context, request: FastifyRequest): void {
  if (pagesByNumber(request.query as Record<string, unknown>)) report(ctx, request, 'offset-on-cursor-route')
}
