// The two lists of children: contract section 6. They differ in order, and so in the cursor that walks on.

import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Context } from '../../platform/context.ts'
import { visibleUser } from './access.ts'
import * as children from './children.ts'
import { cursorRequest, type Order } from './paging.ts'
import { route } from './route.ts'
import * as schema from './schema.ts'
import { reportPagingByNumber } from './traps.ts'
import type { User } from './users.store.ts'
import { childOf } from './wire.ts'

interface ById {
  Params: { id: string }
}

const list = { tag: 'Users', access: 'production', list: true } as const
const querystring = schema.CursorQuery
const replies = { 200: schema.ChildrenReply }

export function childrenRoutes(ctx: Context, app: FastifyInstance): void {
  app.get('/users/children', route('List the own children, oldest first', list, { querystring }, replies), request => {
    const { caller } = request.easypost
    return page(ctx, request, caller.isParent, 'oldestFirst')
  })
  app.get<ById>(
    '/users/:id/children',
    route('List children, newest first', list, { params: schema.ById, querystring }, replies),
    async request => {
      const user: User = await visibleUser(ctx, request.easypost.caller, request.params.id)
      return page(ctx, request, user.parentId === null, 'newestFirst')
    },
  )
}

/** A child has no children: its page is empty. */
async function page(ctx: Context, request: FastifyRequest, isParent: boolean, order: Order) {
  reportPagingByNumber(ctx, request)
  const wanted = cursorRequest(request.query as Record<string, unknown>, order)
  if (!isParent) return { children: [], has_more: false }
  const { items, hasMore } = await children.page(ctx, request.easypost.caller.principal.tenant, wanted, order)
  return { children: items.map(childOf), has_more: hasMore }
}
