// AfterShip's part of the control API, under /understudy/v1/aftership: what AfterShip's clients never see. Errors and
// authentication are the control API's own.

import type { FastifyPluginAsync } from 'fastify'
import type { Context } from '../../../platform/context.ts'
import { allOf } from '../../../platform/web/all-of.ts'
import { accountRoutes } from './accounts.ts'
import { appRoutes } from './apps.ts'
import { deliveryRoutes } from './deliveries.ts'
import { grantRoutes } from './grants.ts'
import { membershipRoutes } from './memberships.ts'
import { organizationRoutes } from './organizations.ts'
import { roleRoutes } from './roles.ts'
import { webhookRoutes } from './webhooks.ts'

export function controlApi(ctx: Context): FastifyPluginAsync {
  return allOf([
    organizationRoutes(ctx),
    roleRoutes(ctx),
    membershipRoutes(ctx),
    webhookRoutes(ctx),
    deliveryRoutes(ctx),
    accountRoutes(ctx),
    appRoutes(ctx),
    grantRoutes(ctx),
  ])
}
