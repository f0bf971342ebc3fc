// The User API: everything under `/v2`, and the older `/beta`, of which nothing is here.

import type { FastifyPluginAsync } from 'fastify'
import type { Context } from '../../platform/context.ts'
import { childrenRoutes } from './children.routes.ts'
import { eventRoutes } from './events.routes.ts'
import { keyRoutes } from './keys.routes.ts'
import { LargeAnswers } from './large-answers.ts'
import { setUpScope } from './scope.ts'
import { userRoutes } from './users.routes.ts'
import { webhookRoutes } from './webhooks.routes.ts'

export const PREFIX = '/v2'
export const ABSENT_PREFIX = '/beta'

export function userApi(ctx: Context): FastifyPluginAsync {
  return async app => {
    const refuseOtherMethods = setUpScope(ctx, app)
    const large = new LargeAnswers()
    userRoutes(ctx, app, large)
    childrenRoutes(ctx, app)
    keyRoutes(ctx, app, large)
    webhookRoutes(ctx, app)
    eventRoutes(ctx, app)
    refuseOtherMethods()
  }
}

/** Contract section 3: all else is 404 with the envelope. */
export function absentApi(ctx: Context): FastifyPluginAsync {
  return async app => {
    setUpScope(ctx, app)
  }
}
