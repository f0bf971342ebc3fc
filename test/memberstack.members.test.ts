// Memberstack contract sections 4 and 6: a member made and read by Admin, its fields and its email.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  acme,
  assertAda,
  assertRefused,
  ben,
  CONNECTION_ID,
  call,
  createMember,
  freeConnection,
  getMember,
  globex,
  ids,
  type Json,
  keys,
  LIVE_MEMBER_ID,
  login,
  MEMBER_ID,
  memberRecord,
  ok,
  PASSWORD,
  plans,
  type Refusal,
  SEED,
  seedOf,
} from './memberstack.support.ts'
import { startApp } from './support.ts'

const start = () => startApp(SEED)
const cy = { email: 'cy@acme.example', password: PASSWORD }

describe('create', () => {
  test('every field is stored and shown; its event holds the member, and nowhere is the password', async () => {
    const app = await start()
    const fields = {
      customFields: { 'first-name': 'Cy', nested: { list: [1, null] } },
      metaData: { source: 'form', count: 0 },
      json: { deep: [{ a: null }] },
      loginRedirect: '/welcome',
    }
    const member = await createMember(app, { ...cy, ...fields, plans: [{ planId: plans.free.id }] })
    assert.match(member.id, MEMBER_ID)
    const [connection] = member.planConnections
    assert.match(connection.id, CONNECTION_ID)
    const record = memberRecord({
      id: member.id,
      auth: { email: cy.email },
      ...fields,
      permissions: plans.free.permissions,
      planConnections: [freeConnection(connection.id, plans.free)],
    })
    assert.deepEqual(member, record)
    assert.deepEqual(await getMember(app, member.id), record)

    const [created, added, ...more] = await app.newEvents()
    assert.deepEqual(more, [])
    assert.deepEqual(
      [created?.type, created?.subject, created?.vendor, created?.tenant],
      ['member.created', member.id, 'memberstack', ids.acme],
    )
    assert.deepEqual(created?.data, { environment: 'sandbox', member: record })
    assert.deepEqual([added?.type, added?.subject], ['member.plan.added', member.id])
    assert.deepEqual(added?.data, {
      environment: 'sandbox',
      id: member.id,
      member: { id: member.id, email: cy.email },
      planConnection: connection,
    })
    assert.ok(!JSON.stringify([created, added, app.log]).includes(PASSWORD))
  })

  test('email and password are enough; what create does not take is ignored', async () => {
    const app = await start()
    const ignored = {
      verified: true,
      profileImage: 'a.png',
      permissions: ['x'],
      id: ids.ben,
      stripeCustomerId: 'cus_x',
    }
    const member = await createMember(app, { ...cy, ...ignored })
    assert.deepEqual(member, memberRecord({ id: member.id, auth: { email: cy.email } }))
    assert.notEqual(member.id, ids.ben)
    await app.assertEvents('member.created')
  })

  test('the password logs in, and lastLogin says when', async () => {
    const app = await start()
    const { id } = await createMember(app, cy)
    app.clock.advance(90_001)
    await login(app, cy.email)
    assert.equal((await getMember(app, id)).lastLogin, '2026-03-04T09:31:30.001Z')
  })

  test('a password is 8 to 1,000 characters, whatever each of them takes', async () => {
    const app = await start()
    for (const password of ['🔑'.repeat(8), '🔑'.repeat(1000)]) {
      const { auth } = await createMember(app, { password })
      await login(app, auth.email, password)
    }
  })

  test('in the live environment ids have no infix', async () => {
    const app = await start()
    for (const key of [keys.acmeLive, keys.globexLive]) {
      const member = await createMember(app, cy, { key })
      assert.match(member.id, LIVE_MEMBER_ID)
      assert.deepEqual(await getMember(app, cy.email, { key }), member)
    }
    const events = await app.newEvents()
    assert.deepEqual(
      events.map(({ type, tenant, data }) => [type, tenant, data.environment]),
      [
        ['member.created', ids.acme, 'live'],
        ['member.created', ids.globex, 'live'],
      ],
    )
  })

  test('json may be a list; a key called __proto__ is a key like any other', async () => {
    const app = await start()
    const fields = '"customFields":{"__proto__":{"a":1},"constructor":2},"json":[1,{"__proto__":3}]'
    const reply = await call(app, 'POST', '/members', {
      body: `{"email":"${cy.email}","password":"${PASSWORD}",${fields}}`,
    })
    assert.equal(reply.status, 200)
    const { customFields, json } = await getMember(app, cy.email)
    assert.deepEqual(Object.entries(customFields).toSorted(), [
      ['__proto__', { a: 1 }],
      ['constructor', 2],
    ])
    assert.equal(JSON.stringify(json), '[1,{"__proto__":3}]')
  })

  test('plans: a repeated id counts once, the order given is kept, all or nothing', async () => {
    const app = await start()
    const held = [plans.plus, plans.free].map(({ id: planId }) => ({ planId }))
    const member = await createMember(app, { plans: [...held, held[0]] })
    assert.deepEqual(
      member.planConnections.map(({ planId }: Json) => planId),
      [plans.plus.id, plans.free.id],
    )
    assert.deepEqual(member.permissions, ['view:library', 'view:archive'])
    await app.assertEvents('member.created', 'member.plan.added', 'member.plan.added')

    const refused: [string, Refusal][] = [
      [plans.paid.id, 'planNotFree'],
      [plans.once.id, 'planNotFree'],
      [plans.retired.id, 'planNotFound'],
      [plans.liveOnly.id, 'planNotFound'],
      ['pln_globex', 'planNotFound'],
      ['pln_nowhere', 'planNotFound'],
    ]
    for (const [planId, refusal] of refused) {
      const body = { ...cy, plans: [{ planId: plans.free.id }, { planId }] }
      assertRefused(await call(app, 'POST', '/members', { body }), refusal)
      assert.equal(await getMember(app, cy.email), null)
    }
    await app.assertEvents()
  })
})

describe('what is refused', () => {
  const cases: [what: string, body: object, refusal: Refusal, ...texts: string[]][] = [
    ['no email', { password: PASSWORD }, 'requiredFieldMissing', 'email'],
    ['no password', { email: cy.email }, 'requiredFieldMissing', 'password'],
    ['a short password', { ...cy, password: '1234567' }, 'passwordTooShort'],
    ['a short password of two units a character', { ...cy, password: '🔑'.repeat(7) }, 'passwordTooShort'],
    ['a password past 1,000 characters', { ...cy, password: 'x'.repeat(1001) }, 'badField', 'password'],
    ['and one of two units a character', { ...cy, password: '🔑'.repeat(1001) }, 'badField', 'password'],
    ['a password of half a megabyte', { ...cy, password: 'x'.repeat(512 * 1024) }, 'badField', 'password'],
    ['an email that is a number', { ...cy, email: 5 }, 'badField', 'email'],
    ['an email that is null', { ...cy, email: null }, 'badField', 'email'],
    ['a password that is a number', { ...cy, password: 123456789 }, 'badField', 'password'],
    ['customFields as text', { ...cy, customFields: 'x' }, 'badField', 'customFields'],
    ['customFields as a list', { ...cy, customFields: [] }, 'badField', 'customFields'],
    ['metaData as a list', { ...cy, metaData: ['x'] }, 'badField', 'metaData'],
    ['json as text', { ...cy, json: 'x' }, 'badField', 'json'],
    ['json as a number', { ...cy, json: 0 }, 'badField', 'json'],
    ['json as a boolean', { ...cy, json: false }, 'badField', 'json'],
    ['plans as text', { ...cy, plans: plans.free.id }, 'badField', 'plans'],
    ['plans as texts', { ...cy, plans: [plans.free.id] }, 'badField', 'plans'],
    ['plans as numbers', { ...cy, plans: [{ planId: 1 }] }, 'badField', 'plan'],
    ['loginRedirect as a number', { ...cy, loginRedirect: 1 }, 'badField', 'loginRedirect'],
    ['a taken email', { ...cy, email: ben.email }, 'emailTaken'],
    ['a taken email in another case', { ...cy, email: 'BEN@Acme.Example' }, 'emailTaken'],
    ['types come before rules', { ...cy, email: ben.email, metaData: 1 }, 'badField', 'metaData'],
  ]
  test('create, and nobody is made', async t => {
    const app = await start()
    for (const [what, body, refusal, ...texts] of cases) {
      await t.test(what, async () => {
        assertRefused(await call(app, 'POST', '/members', { body }), refusal, ...texts)
        await app.assertEvents()
        assert.equal((await ok(app, 'GET', '/members')).totalCount, 2)
      })
    }
  })

  const updates: [what: string, body: object, refusal: Refusal, ...texts: string[]][] = [
    ['an email that is null', { email: null }, 'badField', 'email'],
    ['a bad email', { email: 'nowhere' }, 'invalidEmail'],
    ['the email of another', { email: ben.email.toUpperCase() }, 'emailTaken'],
    ['customFields as null', { customFields: null }, 'badField', 'customFields'],
    ['metaData as text', { metaData: 'x' }, 'badField', 'metaData'],
    ['json as a number', { json: 1 }, 'badField', 'json'],
    ['json as text', { json: '{}' }, 'badField', 'json'],
    ['verified as text', { verified: 'true' }, 'badField', 'verified'],
    ['profileImage as a number', { profileImage: 1 }, 'badField', 'profileImage'],
    ['loginRedirect as an object', { loginRedirect: {} }, 'badField', 'loginRedirect'],
  ]
  test('update, and nothing of the rest is stored', async t => {
    const app = await start()
    for (const [what, body, refusal, ...texts] of updates) {
      await t.test(what, async () => {
        for (const method of ['PATCH', 'POST'] as const) {
          const sent = { ...body, metaData: { a: 1 }, ...body }
          assertRefused(await call(app, method, `/members/${ids.ada}`, { body: sent }), refusal, ...texts)
        }
        assertAda(await getMember(app, ids.ada))
        await app.assertEvents()
      })
    }
  })

  test('a type is told before that there is no such member', async () => {
    const app = await start()
    const path = '/members/mem_sb_cnobody000000000000000000'
    assertRefused(await call(app, 'PATCH', path, { body: { verified: 1 } }), 'badField', 'verified')
    assertRefused(await call(app, 'PATCH', path, { body: { verified: true } }), 'noSuchMember')
  })
})

describe('emails', () => {
  const taken = `${'a'.repeat(254 - '@acme.example'.length)}@acme.example`
  const good = ['a@b.test', 'first.last+tag@sub.acme.example', 'ünï@acme.example', taken]
  const bad = [
    '',
    ' ',
    'nowhere',
    '@acme.example',
    'cy@',
    'cy@acme',
    'cy@acme.',
    'c y@acme.example',
    ' cy@acme.example',
    'cy@acme.example ',
    'cy@acme.example\n',
    `x${taken}`,
  ]
  test('what is an email', async () => {
    const app = await start()
    for (const email of good) {
      const { auth } = await createMember(app, { email })
      assert.deepEqual(auth, { email })
    }
    await app.newEvents()
    for (const email of bad) {
      assertRefused(await call(app, 'POST', '/members', { body: { ...cy, email } }), 'invalidEmail')
      assertRefused(await call(app, 'PATCH', `/members/${ids.ben}`, { body: { email } }), 'invalidEmail')
    }
    await app.assertEvents()
  })

  test('shown as given, found in any case, unique without case', async () => {
    const app = await start()
    const { id } = await createMember(app, { email: 'MixedCase@Acme.Example' })
    for (const email of ['MixedCase@Acme.Example', 'mixedcase@acme.example', 'MIXEDCASE@ACME.EXAMPLE']) {
      const found = await getMember(app, email)
      assert.deepEqual([found.id, found.auth.email], [id, 'MixedCase@Acme.Example'])
      assertRefused(await call(app, 'POST', '/members', { body: { ...cy, email } }), 'emailTaken')
    }
  })

  test('unique within its app and environment only', async () => {
    const app = await start()
    for (const key of [keys.acme, keys.acmeLive, keys.globex, keys.globexLive]) {
      await createMember(app, cy, { key })
      assertRefused(await call(app, 'POST', '/members', { body: cy, key }), 'emailTaken')
    }
    await app.assertEvents(...Array.from({ length: 4 }, () => 'member.created'))
  })

  test('changed: the old one is free at once; its own in another case is no other’s; verified stays', async () => {
    const app = await start()
    await ok(app, 'PATCH', `/members/${ids.ben}`, { body: { verified: true } })
    const upper = await ok(app, 'PATCH', `/members/${ids.ben}`, { body: { email: 'Ben@Acme.Example' } })
    assert.deepEqual([upper.auth.email, upper.verified], ['Ben@Acme.Example', true])
    const moved = await ok(app, 'PATCH', `/members/${ids.ben}`, { body: { email: 'benjamin@acme.example' } })
    assert.deepEqual([moved.auth.email, moved.verified], ['benjamin@acme.example', true])
    assert.equal(await getMember(app, ben.email), null)
    await createMember(app, { email: ben.email })
    await app.assertEvents('member.updated', 'member.updated', 'member.updated', 'member.created')
    assert.deepEqual(await app.mailsTo('benjamin@acme.example'), [])
  })
})

describe('at the same time', () => {
  test('creates with one email: one member, and the rest are told that it is taken', async () => {
    const app = await start()
    const emails = ['cy@acme.example', 'CY@acme.example', 'Cy@Acme.example', 'cy@ACME.example']
    const replies = await Promise.all(
      emails.map(email => call(app, 'POST', '/members', { body: { email, password: PASSWORD } })),
    )
    const refused = replies.filter(({ status }) => status !== 200)
    assert.equal(refused.length, emails.length - 1)
    for (const reply of refused) assertRefused(reply, 'emailTaken')
    assert.equal((await ok(app, 'GET', '/members')).totalCount, 3)
    await app.assertEvents('member.created')
  })

  test('a create and an update that want one email: one has it', async () => {
    const app = await start()
    const replies = await Promise.all([
      call(app, 'POST', '/members', { body: cy }),
      call(app, 'PATCH', `/members/${ids.ben}`, { body: { email: cy.email } }),
      call(app, 'PATCH', `/members/${ids.ada}`, { body: { email: cy.email } }),
    ])
    assert.deepEqual(replies.map(({ status }) => status).toSorted(), [200, 400, 400])
    for (const reply of replies) if (reply.status !== 200) assertRefused(reply, 'emailTaken')
    assert.equal((await app.newEvents()).length, 1)
  })

  test('updates of different keys all survive', async () => {
    const app = await start()
    const names = Array.from({ length: 12 }, (_, n) => `key-${n}`)
    const replies = await Promise.all(
      names.flatMap(name => [
        call(app, 'PATCH', `/members/${ids.ben}`, { body: { customFields: { [name]: name } } }),
        call(app, 'POST', `/members/${ids.ben}`, { body: { metaData: { [name]: 1 } } }),
      ]),
    )
    for (const { status } of replies) assert.equal(status, 200)
    const { customFields, metaData } = await getMember(app, ids.ben)
    assert.deepEqual(customFields, Object.fromEntries(names.map(name => [name, name])))
    assert.deepEqual(metaData, Object.fromEntries(names.map(name => [name, 1])))
    assert.equal((await app.newEvents()).length, 24)
  })
})

test('a cap on sandbox members: refused when reached, free again after a delete, none for live', async () => {
  const capped = { ...acme, settings: { ...acme.settings, sandboxMemberLimit: 3 } }
  const app = await startApp(seedOf(capped, globex))
  const { id } = await createMember(app, cy)
  const body = { email: 'dee@acme.example', password: PASSWORD }
  assertRefused(await call(app, 'POST', '/members', { body }), 'memberLimit')
  assert.equal(await getMember(app, body.email), null)
  for (let made = 0; made < 4; made++) await createMember(app, {}, { key: keys.acmeLive })
  await ok(app, 'DELETE', `/members/${id}`)
  await ok(app, 'POST', '/members', { body })
  assertRefused(await call(app, 'POST', '/members', { body: cy }), 'memberLimit')
})
