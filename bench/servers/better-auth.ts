// The peer: better-auth behind node:http, as its documentation mounts it. `node better-auth.ts FILE SIZE` makes a store
// in FILE with an organization of SIZE members, writes the owner's cookies to FILE.cookie, and serves it.

import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { toNodeHandler } from 'better-auth/node'
import { fillBetterAuth, openBetterAuth } from '../stores/better-auth.ts'

const [file = '', size] = process.argv.slice(2)
const server = createServer()
server.listen(0, '127.0.0.1', async () => {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const opened = openBetterAuth(file, url)
  writeFileSync(`${file}.cookie`, await fillBetterAuth(opened, Number(size)))
  server.on('request', toNodeHandler(opened.auth))
  console.log(url)
})
process.on('SIGTERM', () => process.exit(0))
