import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Context } from '../../platform/context.ts'
import { numberOf, pageByNumber } from '../../platform/db/keyset.ts'
import * as events from '../../platform/events/events.ts'
import { ListQuery, listOf, listReply, pageQuery } from '../../platform/web/list-query.ts'

const Event = Type.Object({
  sequence: Type.Integer({ description: 'Grows with each event.' }),
  id: Type.String(),
  vendor: Type.String(),
  tenant: Type.String(),
  type: Type.String(),
  subject: Type.String({ description: 'The id of what changed.' }),
  actor: Type.String({ description: 'key:ID, grant:ID, token:ID, account:ID, system:JOB or cli:COMMAND.' }),
  requestId: Type.Union([Type.String(), Type.Null()]),
  data: Type.Object({}, { additionalProperties: true }),
  createdAt: Type.String(),
})

const Filter = {
  vendor: Type.Optional(Type.String()),
  tenant: Type.Optional(Type.String()),
  type: Type.Optional(Type.String()),
  subject: Type.Optional(Type.String()),
}

/** The event log as a feed: oldest first, resumed with the last `next` or the last event's `sequence`. */
export function eventRoutes(ctx: Context): FastifyPluginAsyncTypebox {
  return async app => {
    app.get(
      '/events',
      {
        schema: {
          tags: ['Events'],
          summary: 'Read the event log',
          description: 'Oldest first. `after` takes the sequence number of the last event seen.',
          querystring: Type.Object({ ...ListQuery, ...Filter }),
          response: { 200: listOf(Event) },
        },
      },
      async request => {
        const { limit, after } = pageQuery(request.query)
        const { vendor, tenant, type, subject } = request.query
        const found = await events.list(ctx, { vendor, tenant, type, subject }, numberOf(after, 0), limit + 1)
        return listReply(
          pageByNumber(found, limit, event => event.sequence),
          event => event,
        )
      },
    )
  }
}
