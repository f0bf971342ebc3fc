// EasyPost's part of the control API, under /understudy/v1/easypost: what EasyPost's clients never see. Errors and
// authentication are the control API's own.

import type { FastifyPluginAsync } from 'fastify'
import type { Context } from '../../../platform/context.ts'
import { childRoutes } from './children.ts'
import { deliveryRoutes } from './deliveries.ts'
import { parentRoutes } from './parents.ts'

export function controlApi(ctx: Context): FastifyPluginAsync {
  return async app => {
    await app.register(parentRoutes(ctx))
    await app.register(childRoutes(ctx))
    await app.register(deliveryRoutes(ctx))
  }
}
