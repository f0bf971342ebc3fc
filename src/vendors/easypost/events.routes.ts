// Events and payloads, to be read: contract sections 3 and 10.

import type { FastifyInstance } from 'fastify'
import type { Context } from '../../platform/context.ts'
import * as events from './events.ts'
import { cursorRequest } from './paging.ts'
import { route } from './route.ts'
import * as schema from './schema.ts'
import { reportPagingByNumber } from './traps.ts'

interface ById {
  Params: { id: string }
}
interface ByPayload {
  Params: { id: string; payload: string }
}

const anyMode = { tag: 'Events', access: 'anyMode' } as const
const list = { ...anyMode, list: true } as const
const params = schema.ById

export function eventRoutes(ctx: Context, app: FastifyInstance): void {
  app.get(
    '/events',
    route('List events, newest first', list, { querystring: schema.CursorQuery }, { 200: schema.EventListReply }),
    async request => {
      reportPagingByNumber(ctx, request)
      const wanted = cursorRequest(request.query as Record<string, unknown>, 'newestFirst')
      return events.list(ctx, request.easypost.caller, wanted)
    },
  )
  app.get<ById>('/events/:id', route('Read an event', anyMode, { params }, { 200: schema.Event }), async request =>
    events.get(ctx, request.easypost.caller, request.params.id),
  )
  app.get<ById>(
    '/events/:id/payloads',
    route('List the attempts to deliver an event', list, { params }, { 200: schema.PayloadListReply }),
    async request => {
      reportPagingByNumber(ctx, request)
      return { payloads: await events.payloads(ctx, request.easypost.caller, request.params.id) }
    },
  )
  app.get<ByPayload>(
    '/events/:id/payloads/:payload',
    route('Read an attempt', anyMode, { params: schema.ByPayload }, { 200: schema.Payload }),
    async request => events.payload(ctx, request.easypost.caller, request.params.id, request.params.payload),
  )
}
