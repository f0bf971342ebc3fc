// A yardstick: Fastify with the routes of the Members API that are read, and nothing behind them but ready-made objects
// in memory. `node bare-fastify.ts FILE`, where FILE holds a JSON object of replies by path.

import Fastify from 'fastify'
import { repliesIn } from './replies.ts'

const replies = repliesIn(process.argv[2] ?? '')
const server = Fastify()
server.get<{ Params: { id: string } }>('/admin/2022-01/memberships/:id', async request => replies.get(request.url))
server.get('/admin/2022-01/memberships', async request => replies.get(request.url))
console.log(await server.listen({ host: '127.0.0.1', port: 0 }))
process.on('SIGTERM', () => server.close())
