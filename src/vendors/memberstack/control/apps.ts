import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Context } from '../../../platform/context.ts'
import { keyOf } from '../../../platform/credentials/wire.ts'
import { ListQuery, listOf, listReply, pageQuery } from '../../../platform/web/list-query.ts'
import * as apps from '../apps.ts'
import * as keys from '../keys.ts'
import { StripeAccount } from '../seed.ts'
import { appPrincipalOf, operatorOf } from './principal.ts'
import * as schema from './schema.ts'

const List = Type.Object(ListQuery)
const ByApp = Type.Object({ app: Type.String() })
const ByEnvironment = Type.Object({ app: Type.String(), environment: schema.Environment })

/** Apps: the tenants, which the vendor's own API never makes. */
export function appRoutes(ctx: Context): FastifyPluginAsyncTypebox {
  return async app => {
    const tags = ['Apps']
    app.get(
      '/apps',
      { schema: { tags, summary: 'List apps', querystring: List, response: { 200: listOf(schema.App) } } },
      async request => listReply(await apps.list(ctx, pageQuery(request.query)), schema.appOf),
    )
    app.post(
      '/apps',
      { schema: { tags, summary: 'Create an app', body: schema.NewApp, response: { 201: schema.App } } },
      async (request, reply) => reply.code(201).send(await apps.create(ctx, operatorOf(request), request.body)),
    )
    app.get(
      '/apps/:app',
      { schema: { tags, summary: 'Read an app', params: ByApp, response: { 200: schema.App } } },
      async request => apps.get(ctx, request.params.app),
    )
    app.patch(
      '/apps/:app',
      {
        schema: {
          tags,
          summary: 'Change name and settings',
          description: 'What is left out stays.',
          params: ByApp,
          body: schema.AppChange,
          response: { 200: schema.App },
        },
      },
      async request => apps.update(ctx, operatorOf(request), request.params.app, request.body),
    )
    app.post(
      '/apps/:app/keys',
      {
        config: { controlScope: 'admin' },
        schema: {
          tags,
          summary: 'Make a key',
          description: 'The key is shown in this answer and never again. All other calls on keys are under /keys.',
          params: ByApp,
          body: schema.NewKey,
          response: { 201: schema.MadeKey },
        },
      },
      async (request, reply) => {
        const principal = { ...operatorOf(request), tenant: request.params.app }
        const { credential, key } = await keys.create(ctx, principal, request.body)
        return reply.code(201).send({ key: keyOf(ctx, credential), apiKey: key })
      },
    )
    app.get(
      '/apps/:app/stripe/:environment',
      { schema: { tags, summary: 'Read the Stripe account', params: ByEnvironment, response: { 200: schema.Stripe } } },
      async request => {
        const { app: id, environment } = request.params
        await apps.get(ctx, id)
        return stripeOf(ctx, appPrincipalOf(request, id, environment))
      },
    )
    app.put(
      '/apps/:app/stripe/:environment',
      {
        config: { controlScope: 'admin' },
        schema: {
          tags,
          summary: 'Connect an environment to Stripe',
          description: 'The key is kept sealed and never shown.',
          params: ByEnvironment,
          body: StripeAccount,
          response: { 200: schema.Stripe },
        },
      },
      async request => {
        const principal = appPrincipalOf(request, request.params.app, request.params.environment)
        await apps.connectStripe(ctx, principal, request.body)
        return stripeOf(ctx, principal)
      },
    )
    app.delete(
      '/apps/:app/stripe/:environment',
      {
        config: { controlScope: 'admin' },
        schema: { tags, summary: 'Disconnect from Stripe', params: ByEnvironment, response: { 204: schema.Empty } },
      },
      async (request, reply) => {
        await apps.connectStripe(ctx, appPrincipalOf(request, request.params.app, request.params.environment), null)
        return reply.code(204).send(null)
      },
    )
  }
}

async function stripeOf(ctx: Context, principal: Parameters<typeof apps.stripeConnection>[1]) {
  const connection = await apps.stripeConnection(ctx, principal)
  const { environment } = principal
  return { environment, connected: connection !== undefined, apiBase: connection?.apiBase ?? null }
}
