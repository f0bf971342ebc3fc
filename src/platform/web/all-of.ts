import type { FastifyPluginAsync } from 'fastify'

/**
 * Plugins that need no scope of their own, as one. Registered one by one each would get a scope, and for its name the
 * framework would look through every module that is loaded.
 */
export function allOf(plugins: readonly FastifyPluginAsync[]): FastifyPluginAsync {
  return async (app, options) => {
    for (const plugin of plugins) await plugin(app, options)
  }
}
