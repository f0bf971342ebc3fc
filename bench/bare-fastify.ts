// The yardstick of read-by-id.ts: one Fastify route that answers with ready-made objects from memory. Run as
// `node bare-fastify.ts FILE`, where FILE holds a JSON object of replies by membership id.

import { readFileSync } from 'node:fs'
import Fastify from 'fastify'

const replies = new Map(
  Object.entries(JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Record<string, object>),
)

const server = Fastify()
server.get<{ Params: { id: string } }>('/admin/2022-01/memberships/:id', async request =>
  replies.get(request.params.id),
)
console.log(await server.listen({ host: '127.0.0.1', port: 0 }))
process.on('SIGTERM', () => server.close())
