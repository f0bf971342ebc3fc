// Memberstack's part of the control API, under /understudy/v1/memberstack: what Memberstack's clients never see. Errors
// and authentication are the control API's own.

import type { FastifyPluginAsync } from 'fastify'
import type { Context } from '../../../platform/context.ts'
import { allOf } from '../../../platform/web/all-of.ts'
import { appRoutes } from './apps.ts'
import { deliveryRoutes } from './deliveries.ts'
import { memberRoutes } from './members.ts'
import { planRoutes } from './plans.ts'
import { signingKeyRoutes } from './signing-keys.ts'
import { webhookRoutes } from './webhooks.ts'

export function controlApi(ctx: Context): FastifyPluginAsync {
  return allOf([
    appRoutes(ctx),
    planRoutes(ctx),
    memberRoutes(ctx),
    webhookRoutes(ctx),
    deliveryRoutes(ctx),
    signingKeyRoutes(ctx),
  ])
}
