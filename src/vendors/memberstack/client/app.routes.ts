// What a page asks of its app, and tells it: contract section 10. Nothing that pages tell is stored.

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Context } from '../../../platform/context.ts'
import * as planStore from '../plans.store.ts'
import * as plans from '../plans.ts'
import * as schema from '../schema.ts'
import { appOf, contentGroupsOf, ownMemberOf, planOf, singlePlanOf } from '../wire.ts'
import { route } from './route.ts'
import { memberOfToken } from './visitor.ts'

interface ById {
  Params: { id: string }
}

const TAG = 'App'
const AppAndMember = Type.Object({
  app: schema.App,
  member: Type.Union([schema.OwnMember, Type.Null()]),
  sessionData: schema.SessionData,
})
const PlansQuery = Type.Object({
  status: Type.Optional(Type.String({ description: '`ALL` (default), `ACTIVE` or `INACTIVE`.' })),
})
/** Longer ones are thrown away by the package. */
const SESSION_ID = /^[A-Za-z0-9_-]{1,26}$/
const SESSION_ID_LENGTH = 26

export function appRoutes(ctx: Context, app: FastifyInstance): void {
  app.get('/app', route('Read the app', TAG, {}, schema.dataOf(schema.App)), async request => ({
    data: await appOfRequest(ctx, request),
  }))
  app.get(
    '/app/plans',
    route('List plans', TAG, { querystring: PlansQuery }, schema.dataOf(Type.Array(schema.Plan))),
    async request => {
      const { tenant, environment } = request.memberstack.caller.principal
      const { status } = request.query as { status?: unknown }
      const all = (await planStore.listAll(ctx, tenant)).filter(plan => plans.serves(plan, environment))
      const wanted = status === 'ACTIVE' || status === 'INACTIVE' ? all.filter(plan => plan.status === status) : all
      return { data: wanted.map(planOf) }
    },
  )
  app.get<ById>(
    '/app/plans/:id',
    route('Read a plan', TAG, { params: schema.ById }, schema.dataOf(schema.SinglePlan)),
    async request => {
      const { principal } = request.memberstack.caller
      return { data: singlePlanOf(await plans.visible(ctx, principal, request.params.id)) }
    },
  )
  app.get(
    '/app/content-groups',
    route('List content groups', TAG, {}, schema.dataOf(Type.Array(schema.ContentGroup))),
    async request => ({ data: contentGroupsOf(request.memberstack.caller.app.settings) }),
  )
  app.route({
    method: ['GET', 'POST'],
    url: '/app-member',
    ...route('Read the app and oneself', TAG, { security: schema.signedBy.keyOrMember }, schema.dataOf(AppAndMember), {
      anyBody: true,
    }),
    handler: async request => {
      const member = await memberOfToken(ctx, request)
      const data = { app: await appOfRequest(ctx, request), member: member ? ownMemberOf(member) : null }
      return { data: { ...data, sessionData: sessionOf(ctx, request) } }
    },
  })
  app.post(
    '/page-view',
    route('Tell of a page view', TAG, {}, schema.dataOf(Type.Object({ sessionData: schema.SessionData })), {
      anyBody: true,
    }),
    async request => ({ data: { sessionData: sessionOf(ctx, request) } }),
  )
  app.post(
    '/event',
    route('Tell of an event', TAG, {}, schema.dataOf(schema.Success), { anyBody: true }),
    async () => ({ data: { success: true } }),
  )
}

async function appOfRequest(ctx: Context, request: FastifyRequest) {
  const { app, principal } = request.memberstack.caller
  return appOf(app, await planStore.listAll(ctx, app.id), principal.environment)
}

function sessionOf(ctx: Context, request: FastifyRequest): { sessionId: string } {
  const sent = request.headers['x-session-id']
  if (typeof sent === 'string' && SESSION_ID.test(sent)) return { sessionId: sent }
  return { sessionId: ctx.ids.hex32().slice(0, SESSION_ID_LENGTH) }
}
