// A yardstick: argon2id and nothing else, at the cost and the concurrency that the server has.
// `GET /?ms=MILLISECONDS` hashes for so long, and answers how many hashes were made a second.

import { argon2, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import Fastify from 'fastify'
import { readConfig } from '../../src/config.ts'

const { memoryKiB: memory, passes, parallelism, concurrency } = (await readConfig({}, {})).passwords
const hash = promisify(argon2)

async function hashesPerSecond(ms: number): Promise<number> {
  const startedAt = performance.now()
  let made = 0
  const worker = async () => {
    while (performance.now() - startedAt < ms) {
      const message = `the password of member ${made}`
      await hash('argon2id', { message, nonce: randomBytes(16), memory, passes, parallelism, tagLength: 32 })
      made++
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  return (made * 1000) / (performance.now() - startedAt)
}

const server = Fastify()
server.get<{ Querystring: { ms: string } }>('/', async request => hashesPerSecond(Number(request.query.ms)))
console.log(await server.listen({ host: '127.0.0.1', port: 0 }))
process.on('SIGTERM', () => server.close())
