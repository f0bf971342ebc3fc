// HTTPS on the port: what EasyPost's Ruby and Java clients need.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import test from 'node:test'
import { connect } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { fileWith, run, serve } from '../process.ts'

const cert = fileURLToPath(new URL('../fixtures/tls-cert.pem', import.meta.url))
const key = fileURLToPath(new URL('../fixtures/tls-key.pem', import.meta.url))
const ca = readFileSync(cert)
const SEED = 'easypost: { users: [{ name: Acme, email: a@acme.test, keys: { production: EZAKtlsproduction } }] }'

test('with a certificate and its key the port speaks HTTPS, TLS 1.2 or later', async () => {
  const seed = fileWith('seed.yaml', SEED)
  const server = await serve(['--data', ':memory:', '--seed', seed, '--tls-cert', cert, '--tls-key', key])
  assert.match(server.url, /^https:\/\/127\.0\.0\.1:\d+$/)

  const [response] = (await once(
    request(`${server.url}/v2/users`, { ca, auth: 'EZAKtlsproduction:' }).end(),
    'response',
  )) as [IncomingMessage]
  assert.equal(response.statusCode, 200)
  assert.equal(response.headers['strict-transport-security'], 'max-age=31536000; includeSubDomains; preload')
  const body = JSON.parse((await response.toArray()).join('')) as { name: string }
  assert.equal(body.name, 'Acme')

  const { port } = new URL(server.url)
  const old = connect({ port: Number(port), host: '127.0.0.1', ca, maxVersion: 'TLSv1.1', minVersion: 'TLSv1' })
  const [refused] = (await once(old, 'error')) as [Error & { code?: string }]
  assert.match(String(refused.code), /^ERR_SSL_/)
  await assert.rejects(fetch(`http://127.0.0.1:${port}/health`), 'plain HTTP is not answered')
  const { code } = await server.end('SIGTERM')
  assert.equal(code, 0)
})

test('a certificate without its key, or a key without its certificate: exit code 2, and no server', async () => {
  for (const [flags, message] of [
    [['--tls-cert', cert], /TLS needs both --tls-cert and --tls-key/],
    [['--tls-key', key], /TLS needs both --tls-cert and --tls-key/],
    [['--tls-cert', key, '--tls-key', key], /are no certificate with its key/],
    [['--tls-cert', cert, '--tls-key', `${key}.missing`], /cannot read .*tls-key\.pem\.missing/],
  ] as const) {
    const { code, stderr } = await run(['serve', '--data', ':memory:', ...flags])
    assert.equal(code, 2, stderr)
    assert.match(stderr, message)
  }
})
