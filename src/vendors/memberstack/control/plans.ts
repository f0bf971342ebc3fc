import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Context } from '../../../platform/context.ts'
import { listOf } from '../../../platform/web/list-query.ts'
import * as apps from '../apps.ts'
import { NewPlan, PlanChange } from '../plan-schema.ts'
import * as store from '../plans.store.ts'
import * as plans from '../plans.ts'
import { operatorOf } from './principal.ts'
import * as schema from './schema.ts'

const ByApp = Type.Object({ app: Type.String() })
const ById = Type.Object({ app: Type.String(), id: Type.String() })

/** Plans, which the vendor's own API never makes. */
export function planRoutes(ctx: Context): FastifyPluginAsyncTypebox {
  return async app => {
    const tags = ['Plans']
    const base = '/apps/:app/plans'
    app.get(
      base,
      { schema: { tags, summary: 'List plans', params: ByApp, response: { 200: listOf(schema.Plan) } } },
      async request => {
        const { id } = await apps.get(ctx, request.params.app)
        return { data: (await store.listAll(ctx, id)).map(schema.planOf), next: null }
      },
    )
    app.post(
      base,
      { schema: { tags, summary: 'Create a plan', params: ByApp, body: NewPlan, response: { 201: schema.Plan } } },
      async (request, reply) => {
        const principal = { ...operatorOf(request), tenant: request.params.app }
        return reply.code(201).send(schema.planOf(await plans.create(ctx, principal, request.body)))
      },
    )
    app.get(
      `${base}/:id`,
      { schema: { tags, summary: 'Read a plan', params: ById, response: { 200: schema.Plan } } },
      async request => schema.planOf(await plans.get(ctx, request.params.app, request.params.id)),
    )
    app.patch(
      `${base}/:id`,
      {
        schema: {
          tags,
          summary: 'Change a plan, for those who hold it too',
          description: 'What is left out stays. The type cannot be changed.',
          params: ById,
          body: PlanChange,
          response: { 200: schema.Plan },
        },
      },
      async request => {
        const principal = { ...operatorOf(request), tenant: request.params.app }
        return schema.planOf(await plans.update(ctx, principal, request.params.id, request.body))
      },
    )
    app.delete(
      `${base}/:id`,
      {
        schema: {
          tags,
          summary: 'Remove a plan that nobody holds',
          params: ById,
          response: { 204: schema.Empty },
        },
      },
      async (request, reply) => {
        await plans.remove(ctx, { ...operatorOf(request), tenant: request.params.app }, request.params.id)
        return reply.code(204).send(null)
      },
    )
  }
}
