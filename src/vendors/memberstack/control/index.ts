// Memberstack's part of the control API, under /understudy/v1/memberstack: what Memberstack's clients never see. Errors
// and authentication are the control API's own.

import type { FastifyPluginAsync } from 'fastify'
import type { Context } from '../../../platform/context.ts'
import { appRoutes } from './apps.ts'
import { deliveryRoutes } from './deliveries.ts'
import { memberRoutes } from './members.ts'
import { planRoutes } from './plans.ts'
import { signingKeyRoutes } from './signing-keys.ts'
import { webhookRoutes } from './webhooks.ts'

export function controlApi(ctx: Context): FastifyPluginAsync {
  return async app => {
    await app.register(appRoutes(ctx))
    await app.register(planRoutes(ctx))
    await app.register(memberRoutes(ctx))
    await app.register(webhookRoutes(ctx))
    await app.register(deliveryRoutes(ctx))
    await app.register(signingKeyRoutes(ctx))
  }
}
