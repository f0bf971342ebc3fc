import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Context } from '../../../platform/context.ts'
import { numberOf, pageByNumber } from '../../../platform/db/keyset.ts'
import { DomainError } from '../../../platform/errors.ts'
import { ListQuery, listOf, listReply, pageQuery } from '../../../platform/web/list-query.ts'
import * as parents from '../parents.ts'
import * as removal from '../removal.ts'
import * as store from '../users.store.ts'
import { tenantOf } from './principal.ts'
import * as schema from './schema.ts'

const ByParent = Type.Object({ parent: Type.String() })
const ByChild = Type.Object({ parent: Type.String(), id: Type.String() })

/** Children, deleted ones too, and the way back that the vendor does not have. */
export function childRoutes(ctx: Context): FastifyPluginAsyncTypebox {
  return async app => {
    const tags = ['Children']
    const base = '/parents/:parent/children'
    app.get(
      base,
      {
        schema: {
          tags,
          summary: 'List children, oldest first',
          description: '`status=deleted` lists those that can still be restored.',
          params: ByParent,
          querystring: Type.Object({ ...ListQuery, status: Type.Optional(schema.ChildState) }),
          response: { 200: listOf(schema.Child) },
        },
      },
      async request => {
        const { user } = await parents.get(ctx, request.params.parent)
        const { limit, after } = pageQuery(request.query)
        const filter = { after: numberOf(after, store.PARENT_POSITION), deleted: request.query.status === 'deleted' }
        const rows = await store.listForOperator(ctx, user.id, filter, limit + 1)
        return listReply(
          pageByNumber(rows, limit, row => row.position),
          schema.childOf,
        )
      },
    )
    app.get(
      `${base}/:id`,
      { schema: { tags, summary: 'Read a child, deleted or not', params: ByChild, response: { 200: schema.Child } } },
      async request => {
        const child = await store.findAny(ctx, request.params.parent, request.params.id)
        if (!child || child.parentId === null) throw new DomainError('notFound', 'no such child')
        return schema.childOf(child)
      },
    )
    app.post(
      `${base}/:id/restore`,
      {
        schema: {
          tags,
          summary: 'Take a deletion back',
          description: 'With exactly the keys that it ended; its webhooks stay gone. Refused when the email is taken.',
          params: ByChild,
          response: { 200: schema.Child },
        },
      },
      async request => {
        const { parent, id } = request.params
        return schema.childOf(await removal.restore(ctx, tenantOf(request, parent), id))
      },
    )
  }
}
