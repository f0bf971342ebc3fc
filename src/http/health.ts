import type { FastifyPluginAsync } from 'fastify'
import type { Context } from '../platform/context.ts'
import { isMigrated, type Migrations } from '../platform/db/migrate.ts'
import { DomainError } from '../platform/errors.ts'
import type { Metrics } from './metrics.ts'

/** `/health`: the process is up. `/ready`: the store answers and has its newest shape. `/metrics`: for Prometheus. */
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
        if (await isMigrated(context.db, migrations)) return { status: 'ready' }
        return reply
          .code(503)
          .send({ status: 'unready', reason: 'migrations are missing; start the server anew to apply them' })
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
