// A server whose mails do not get away, as people run it.

import assert from 'node:assert/strict'
import test from 'node:test'
import { ACME } from '../operator.ts'
import { fileWith, serve } from '../process.ts'
import { startSilentServer } from '../silent.ts'

test('a mail server that hangs does not keep the server from stopping', async t => {
  const silent = await startSilentServer(t)
  const { url, from } = silent.settings
  const server = await serve(['--data', ':memory:', '--seed', fileWith('seed.yaml', ACME)], {
    UNDERSTUDY_SMTP_URL: url,
    UNDERSTUDY_SMTP_FROM: from,
  })
  const invited = await fetch(`${server.url}/admin/2022-01/memberships`, {
    method: 'POST',
    headers: { 'as-api-key': 'as_plain_key', 'content-type': 'application/json' },
    body: JSON.stringify({ account: { email: 'nina@acme.test' }, role: { code: 'member' } }),
  })
  assert.equal(invited.status, 201)
  await silent.connected()
  const { code, stderr } = await server.end('SIGTERM')
  assert.equal(code, 0, stderr)
})
