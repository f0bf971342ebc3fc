// The limit: node:http alone with ready-made objects in memory. `node bare-http.ts FILE`, where FILE holds a JSON object
// of replies by path.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { repliesIn } from './replies.ts'

const replies = repliesIn(process.argv[2] ?? '')
const server = createServer((request, response) => {
  const text = JSON.stringify(replies.get(request.url ?? ''))
  response.writeHead(200, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  })
  response.end(text)
})
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
process.on('SIGTERM', () => process.exit(0))
