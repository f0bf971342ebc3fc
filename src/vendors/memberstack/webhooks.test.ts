import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { assertRefused, assertVerified, type Captured } from '../../../test/memberstack.verifiers.ts'
import { DomainError } from '../../platform/errors.ts'
import type { WebhookEndpoint } from '../../platform/events/dialect.ts'
import type { RecordedEvent } from '../../platform/events/event.ts'
import { checkSecret, newSecret, webhookDialect } from './webhooks.ts'

const SECRET = 'whsec_dW5kZXJzdHVkeS1jb250cmFjdC1leGFtcGxlLWtleSE='
const NOW = Date.parse('2026-03-02T09:14:07.512Z')
const ID = 'mem_sb_cm4x2v9k10003q8l7t5r1w0zd'

const connection = {
  id: 'con_cm4x2v9k10004q8l7h2k9x3yb',
  active: true,
  status: 'ACTIVE',
  planId: 'pln_reader',
  planName: 'Reader',
  type: 'FREE',
  payment: null,
}
const member = {
  id: ID,
  createdAt: '2026-03-02T09:14:07.512Z',
  lastLogin: null,
  auth: { email: 'ada@example.test' },
  verified: false,
  customFields: { 'first-name': 'Ada' },
  metaData: { source: 'import' },
  json: { score: 3 },
  permissions: ['view:library'],
  loginRedirect: null,
  stripeCustomerId: null,
  profileImage: null,
  planConnections: [connection],
}
const owner = { id: ID, email: 'ada@example.test' }

function eventOf(type: string, data: object): RecordedEvent {
  return {
    id: '0f8fad5b-d9cb-469f-a165-70867728950e',
    vendor: 'memberstack',
    tenant: 'app_cm4x2v9k10000q8l7a1b2c3d4',
    type,
    subject: ID,
    actor: 'key:1',
    requestId: null,
    data: { environment: 'sandbox', ...data },
    createdAt: '2026-03-02T09:14:07.512Z',
  }
}

function endpointOf(mode: string): WebhookEndpoint {
  return {
    id: mode,
    vendor: 'memberstack',
    tenant: 'app_cm4x2v9k10000q8l7a1b2c3d4',
    owner: '',
    mode,
    url: 'https://receiver.test/',
    signed: true,
    events: [],
    customHeaders: [],
    disabledAt: null,
    lastSuccessAt: null,
    createdAt: '2026-03-02T09:00:00.000Z',
    updatedAt: '2026-03-02T09:00:00.000Z',
  }
}

function render(event: RecordedEvent, endpoint = endpointOf('sandbox')) {
  const message = webhookDialect.render(event, endpoint, [endpoint])
  assert.ok(message)
  return message
}

/** What a receiver gets of a change of a member with these fields. */
function sent(fields: object, nowMs = NOW): Captured {
  const message = render(eventOf('member.updated', { member: { ...member, ...fields } }))
  return { headers: webhookDialect.headers(message, SECRET, nowMs), body: message.body }
}

// Not in TypeScript's library yet.
const { rawJSON } = JSON as unknown as { rawJSON(text: string): object }

/** An object with a key that a literal cannot write. */
function parsed(text: string): object {
  return JSON.parse(text) as object
}

describe('the message', () => {
  const canceled = { ...connection, active: false, status: 'CANCELED' }
  const plan = { id: ID, member: owner, planConnection: connection }
  const stripe = { deleteStripeCustomer: false, cancelStripeSubscriptions: false, outcome: 'not asked' }
  const rows: { type: string; data: object; payload: object }[] = [
    { type: 'member.created', data: { member }, payload: member },
    { type: 'member.updated', data: { member, changed: ['json'] }, payload: member },
    { type: 'member.deleted', data: { id: ID, stripe }, payload: { id: ID } },
    { type: 'member.plan.added', data: plan, payload: plan },
    {
      type: 'member.plan.updated',
      data: { ...plan, prevPlanConnection: canceled },
      payload: { ...plan, prevPlanConnection: canceled },
    },
    {
      type: 'member.plan.canceled',
      data: { ...plan, planConnection: canceled },
      payload: { ...plan, planConnection: canceled },
    },
  ]
  for (const { type, data, payload } of rows) {
    test(`${type}: contract section 12, and nothing else that the log knows`, () => {
      const { body } = render(eventOf(type, data))
      assert.equal(body, JSON.stringify({ event: type, timestamp: NOW, payload }))
    })
  }

  test('there are no further events', () => {
    assert.deepEqual(
      webhookDialect.events,
      rows.map(({ type }) => type),
    )
    assert.deepEqual(webhookDialect.silentEvents, [])
  })

  test('goes to endpoints of its own environment alone', () => {
    for (const [environment, mode, isSent] of [
      ['sandbox', 'sandbox', true],
      ['sandbox', 'live', false],
      ['live', 'live', true],
      ['live', 'sandbox', false],
    ] as const) {
      const endpoint = endpointOf(mode)
      const message = webhookDialect.render(eventOf('member.deleted', { environment, id: ID }), endpoint, [endpoint])
      assert.equal(message !== undefined, isSent, `${environment} to ${mode}`)
    }
  })

  test('its id is msg_ and 27 letters or digits; one event, one id', () => {
    const event = eventOf('member.deleted', { id: ID })
    const ids = Array.from({ length: 1000 }, (_, n) => render({ ...event, id: `event ${n}` }).messageId)
    for (const id of ids) assert.match(id, /^msg_[0-9A-Za-z]{27}$/)
    assert.equal(new Set(ids).size, ids.length)
    const elsewhere = { ...endpointOf('sandbox'), id: 'another' }
    assert.equal(render(event).messageId, render(event, elsewhere).messageId)
  })
})

describe('the headers', () => {
  const worked = {
    messageId: 'msg_2Lh9KRb0pzN4LePd3XiA4v12Axj',
    body: '{"event":"member.deleted","timestamp":1767225600123,"payload":{"id":"mem_sb_cm4x2v9k10003q8l7t5r1w0zd"}}',
  }

  test('the worked value of contract section 12', () => {
    const changedAt = new Date(1767225600123).toISOString()
    assert.equal(render({ ...eventOf('member.deleted', { id: ID }), createdAt: changedAt }).body, worked.body)
    const headers = webhookDialect.headers(worked, SECRET, 1767225600999)
    assert.deepEqual(headers, {
      'svix-id': 'msg_2Lh9KRb0pzN4LePd3XiA4v12Axj',
      'svix-timestamp': '1767225600',
      'svix-signature': 'v1,VJPTTaDC71QPprJdZ1hQGDhfztFV0H9RH+4dEquQRkQ=',
    })
    assertVerified({ headers, body: worked.body }, SECRET, 1767225600999)
  })

  test('a later attempt has a fresh timestamp and signature; id and body stay', () => {
    const first = webhookDialect.headers(worked, SECRET, NOW)
    const later = webhookDialect.headers(worked, SECRET, NOW + 5000)
    assert.equal(later['svix-id'], first['svix-id'])
    assert.equal(later['svix-timestamp'], String(Number(first['svix-timestamp']) + 5))
    assert.notEqual(later['svix-signature'], first['svix-signature'])
    assertVerified({ headers: later, body: worked.body }, SECRET, NOW + 5000)
  })

  test('without a secret there is nothing to sign with', () => {
    assert.deepEqual(Object.keys(webhookDialect.headers(worked, undefined, NOW)), ['svix-id', 'svix-timestamp'])
  })
})

describe('both official verifiers', () => {
  const awkward: [string, object][] = [
    ['keys that look like integers', { customFields: { b: 1, 10: 'ten', 2: 'two', a: 2, '01': 3, '-1': 4, '1.5': 5 } }],
    ['integers beyond an array’s', { customFields: { z: 0, 4294967296: 1, 4294967295: 2, 4294967294: 3 } }],
    ['text of all scripts', { customFields: { 'näme ключ 名': 'é e\u0301 \u{1f469}\u200d\u{1f680} \u2028\u2029' } }],
    ['control characters', { metaData: { '\u0000': '\u0000\u001f\u007f\b\t\n"\\/' } }],
    ['lone surrogates', { json: { '\ud800': '\udc00', text: 'a\ud83db' } }],
    ['the key __proto__', { json: parsed('{"__proto__":{"admin":true},"constructor":{"prototype":1}}') }],
    ['huge and tiny numbers', { json: parsed('[1e400,-1e400,1e308,5e-324,-0,0.1,123456789012345678901234567890]') }],
    ['numbers at the edge of exactness', { json: [2 ** 53 - 1, 2 ** 53, 2 ** 53 + 2, 1e21, 1e-7, 123456.789e3] }],
    ['nested arrays', { json: [[[]], [[[1, [2, { 3: [null] }]]], {}], []] }],
    ['values that JSON does not have', { json: { gone: undefined, none: [undefined, NaN, Infinity] } }],
    ['numbers in another spelling', { json: [rawJSON('1.0'), rawJSON('1E2'), rawJSON('-0'), rawJSON('1e400')] }],
    ['a long body', { json: { text: 'é'.repeat(100_000) } }],
  ]
  for (const [name, fields] of awkward) {
    test(`accept ${name}`, () => {
      const captured = sent(fields)
      assert.equal(JSON.stringify(JSON.parse(captured.body)), captured.body)
      assertVerified(captured, SECRET, NOW)
    })
  }

  test('accept whatever a member holds', () => {
    const text = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map(unit => String.fromCharCode(unit)) })
    const key = fc.oneof(text, fc.nat().map(String), fc.constantFrom('__proto__', 'toJSON', 'constructor', ''))
    const { value } = fc.letrec(tie => ({
      value: fc.oneof({ depthSize: 'small' }, fc.double(), fc.boolean(), text, tie('list'), tie('object')),
      list: fc.array(tie('value')),
      object: fc.array(fc.tuple(key, tie('value'))).map(pairs => Object.fromEntries(pairs)),
    }))
    fc.assert(
      fc.property(fc.array(fc.tuple(key, value)), value, (pairs, json) => {
        const captured = sent({ customFields: Object.fromEntries(pairs), json })
        assert.equal(JSON.stringify(JSON.parse(captured.body)), captured.body)
        assertVerified(captured, SECRET, NOW)
      }),
      { seed: 12 },
    )
  })

  test('refuse a changed character, wherever it is', () => {
    const { headers, body } = sent({})
    const value = body.indexOf('Ada')
    assertRefused({ headers, body: `${body.slice(0, value)}Eda${body.slice(value + 3)}` }, SECRET, NOW)
    for (const [name, change] of [
      ['svix-id', (id: string) => `${id.slice(0, -1)}${id.endsWith('0') ? '1' : '0'}`],
      ['svix-timestamp', (timestamp: string) => String(Number(timestamp) + 1)],
      ['svix-signature', (signature: string) => `v1,${signature[3] === 'A' ? 'B' : 'A'}${signature.slice(4)}`],
    ] as const) {
      assertRefused({ headers: { ...headers, [name]: change(String(headers[name])) }, body }, SECRET, NOW)
    }
  })

  test('refuse another secret’s signature', () => {
    assertRefused(sent({}), newSecret({ ids: { secret: () => 'A'.repeat(32) } }), NOW)
  })

  test('refuse what is more than 300 s old or ahead, and no less', () => {
    const captured = sent({}, NOW)
    const signedAt = Math.floor(NOW / 1000) * 1000
    for (const seconds of [-300, 300]) assertVerified(captured, SECRET, signedAt + seconds * 1000)
    for (const seconds of [-301, 301]) assertRefused(captured, SECRET, signedAt + seconds * 1000)
  })
})

describe('a secret', () => {
  const base64 = (bytes: number, fill = 0xfb) => Buffer.alloc(bytes, fill).toString('base64')

  for (const secret of [
    SECRET,
    'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    `whsec_${base64(24)}`,
    `whsec_${base64(64)}`,
  ]) {
    test(`taken: ${secret}`, () => {
      checkSecret(secret)
      const message = render(eventOf('member.deleted', { id: ID }))
      const headers = webhookDialect.headers(message, secret, NOW)
      assertVerified({ headers, body: message.body }, secret, NOW)
    })
  }

  const refused: [string, string][] = [
    ['empty', ''],
    ['no prefix', base64(24)],
    ['another prefix', `WHSEC_${base64(24)}`],
    ['the prefix twice', `whsec_whsec_${base64(24)}`],
    ['the prefix alone', 'whsec_'],
    ['base64url with _', `whsec_${Buffer.alloc(24, 0xff).toString('base64url')}`],
    ['base64url with -', `whsec_${Buffer.alloc(24, 0xfb).toString('base64url')}`],
    ['no padding', `whsec_${base64(25).replaceAll('=', '')}`],
    ['too much padding', `whsec_${base64(24)}=`],
    ['bits after the end', `whsec_${base64(25, 0).replace('A==', 'B==')}`],
    ['a space', `whsec_${base64(24)} `],
    ['a line break', `whsec_${base64(24)}\n`],
    ['23 bytes', `whsec_${base64(23)}`],
    ['65 bytes', `whsec_${base64(65)}`],
    ['plain text', 'whsec_a webhook secret that is long enough'],
  ]
  for (const [name, secret] of refused) {
    test(`refused: ${name}`, () => {
      assert.throws(
        () => checkSecret(secret),
        (error: unknown) => {
          assert.ok(error instanceof DomainError)
          assert.deepEqual([error.code, error.issues[0]?.path], ['invalid', 'secret'])
          // The only part of a secret that may be told is the prefix.
          assert.ok(secret.length < 7 || !JSON.stringify([error.message, error.issues]).includes(secret))
          return true
        },
      )
    })
  }

  test('made here: 24 bytes, in standard base64', () => {
    const ids = { secret: (bytes: number) => Buffer.alloc(bytes, Buffer.from('ffefbe', 'hex')).toString('base64url') }
    const secret = newSecret({ ids })
    assert.equal(secret, `whsec_${'/+++'.repeat(8)}`)
    checkSecret(secret)
  })
})

test('7 attempts, with the pauses of contract section 12, inside a day; the endpoint stays', () => {
  assert.deepEqual(webhookDialect.retryAfterS, [5, 300, 1800, 7200, 18_000, 36_000])
  assert.ok(webhookDialect.retryAfterS.reduce((sum, pause) => sum + pause) < 24 * 3600)
  assert.equal(webhookDialect.timeLimitMs, 15_000)
  assert.equal(webhookDialect.disablesOnFailure, false)
})
