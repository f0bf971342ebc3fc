import assert from 'node:assert/strict'
import test from 'node:test'
import { webhookDialect } from './webhooks.ts'

test('14 attempts, with the pauses of contract section 9', () => {
  const table = [30, 60, 120, 240, 480, 960, 1920, 3840, 7680, 15360, 30720, 61440, 122880]
  assert.deepEqual(webhookDialect.retryAfterS, table)
  assert.equal(
    webhookDialect.retryAfterS.reduce((sum, pause) => sum + pause),
    245_730,
  )
})

test('the signature is the base64 HMAC-SHA-256 of the body, and nothing else is in the headers', () => {
  // RFC 4231, test case 2.
  const message = { messageId: 'id', body: 'what do ya want for nothing?' }
  assert.deepEqual(webhookDialect.headers(message, 'Jefe', 0), {
    'aftership-hmac-sha256': Buffer.from(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
      'hex',
    ).toString('base64'),
  })
  assert.deepEqual(webhookDialect.headers(message, undefined, 0), {})
})
