// EasyPost's part of the control API, under /understudy/v1/easypost: what EasyPost's clients never see. Errors and
// authentication are the control API's own.

import type { FastifyPluginAsync } from 'fastify'
import type { Context } from '../../../platform/context.ts'
import { allOf } from '../../../platform/web/all-of.ts'
import { childRoutes } from './children.ts'
import { deliveryRoutes } from './deliveries.ts'
import { parentRoutes } from './parents.ts'

export function controlApi(ctx: Context): FastifyPluginAsync {
  return allOf([parentRoutes(ctx), childRoutes(ctx), deliveryRoutes(ctx)])
}
