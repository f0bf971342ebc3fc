import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import type { Context, Principal } from '../../../platform/context.ts'
import type { WebhookEndpoint } from '../../../platform/events/dialect.ts'
import { endpointRoutes } from '../../../platform/events/endpoint-routes.ts'
import * as shared from '../../../platform/events/wire.ts'
import * as apps from '../apps.ts'
import * as webhooks from '../webhooks.ts'
import { operatorOf } from './principal.ts'

const strict = { additionalProperties: false }
const Secret = Type.String({
  maxLength: 200,
  description: '`whsec_` and 24 to 64 bytes in standard base64. Takes the place of an old one at once.',
})
const changeable = {
  events: Type.Optional(
    Type.Array(Type.String({ maxLength: 100 }), {
      maxItems: 50,
      description: 'Names, or `member.*`, `member.plan.*`. Empty: all events.',
    }),
  ),
  secret: Type.Optional(Secret),
}
const Url = Type.String({ maxLength: 2000 })
const Environment = Type.Enum(['sandbox', 'live'], { description: 'Whose events are sent. Cannot be changed.' })
const NewWebhook = Type.Object({ url: Url, environment: Environment, ...changeable }, strict)
const WebhookChange = Type.Object({ url: Type.Optional(Url), ...changeable }, strict)

const webhookFields = { ...shared.Webhook.properties, environment: Type.String() }
const Webhook = Type.Object(webhookFields)
const MadeWebhook = Type.Object({
  ...webhookFields,
  secret: Type.Optional(Type.String({ description: 'Where it was made here. Shown this once.' })),
})

const App = Type.Object({ app: Type.String() })
const AppId = Type.Object({ app: Type.String(), id: Type.String() })

/** Where an app's events are sent, of both environments. What was sent, and how it went: deliveries.ts. */
export function webhookRoutes(ctx: Context): FastifyPluginAsyncTypebox {
  return async app => {
    const tags = ['Webhooks']
    const base = '/apps/:app/webhooks'
    await app.register(
      endpointRoutes(ctx, {
        base: '/apps/:app',
        parameter: 'app',
        principalOf: async (request, id) => tenantOf(request, (await apps.get(ctx, id)).id),
        Webhook,
        webhookOf,
      }),
    )
    app.post(
      base,
      {
        schema: {
          tags,
          summary: 'Register a webhook endpoint',
          description: 'Every endpoint is signed. A secret that is left out is made, and shown in this answer alone.',
          params: App,
          body: NewWebhook,
          response: { 201: MadeWebhook },
        },
      },
      async (request, reply) => {
        const { id } = await apps.get(ctx, request.params.app)
        const { endpoint, secret } = await webhooks.register(ctx, tenantOf(request, id), request.body)
        return reply.code(201).send({ ...webhookOf(endpoint), ...(secret === undefined ? {} : { secret }) })
      },
    )
    app.patch(
      `${base}/:id`,
      {
        schema: {
          tags,
          summary: 'Change a webhook endpoint and enable it',
          description: 'What is left out stays. A disabled endpoint gets what waited for it.',
          params: AppId,
          body: WebhookChange,
          response: { 200: Webhook },
        },
      },
      async request => {
        const { app: tenant, id } = request.params
        return webhookOf(await webhooks.update(ctx, tenantOf(request, tenant), id, request.body))
      },
    )
  }
}

/** The operator, acting inside an app, in no environment in particular. */
function tenantOf(request: FastifyRequest, app: string): Principal {
  return { ...operatorOf(request), tenant: app }
}

/** The platform's mode is the environment here. */
function webhookOf(endpoint: WebhookEndpoint): Static<typeof Webhook> {
  return { ...shared.webhookOf(endpoint), environment: endpoint.mode }
}
