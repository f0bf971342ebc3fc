import type { FastifyPluginAsync } from 'fastify'
import type { Context } from '../platform/context.ts'
import { isMigrated, type Migrations } from '../platform/db/migrate.ts'
import { DomainError } from '../platform/errors.ts'
import type { Metrics } from './metrics.ts'

const UNMIGRATED = 'migrations are missing; start the server anew to apply them'

/**
 * `/health`: the process is up. `/ready`: the store answers, has its newest shape and takes changes; what else should be
 * mended are `warnings` beside it, where there are any. `/metrics`: for Prometheus.
 */
export function healthRoutes(parts: {
  context: Context
  metrics: Metrics
  migrations: Migrations
}): FastifyPluginAsync {
  const { context, metrics, migrations } = parts
  return async app => {
    app.get('/health', async () => ({ status: 'ok' }))
    app.get('/ready', async (request, reply) => {
      try {
        const reason = (await isMigrated(context.db, migrations)) ? context.changesRefused() : UNMIGRATED
        if (reason !== undefined) return reply.code(503).send({ status: 'unready', reason })
        const warnings = context.warnings.list()
        return warnings.length === 0 ? { status: 'ready' } : { status: 'ready', warnings }
      } catch (error) {
        // The store has said in the log that it is away.
        if (error instanceof DomainError) return reply.code(503).send({ status: 'unready', reason: error.message })
        request.log.error({ reqId: request.id, err: error }, 'the store does not answer')
        return reply.code(503).send({ status: 'unready', reason: 'the store does not answer' })
      }
    })
    app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()))
  }
}
