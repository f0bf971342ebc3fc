// AfterShip contract section 4 but for invitations: list, create, read, change, remove, roles, owners, seats.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  accounts,
  assertCreated,
  assertList,
  assertMembership,
  assertOk,
  assertPage,
  assertRefused,
  BASE,
  call,
  control,
  idIn,
  invite,
  keys,
  M,
  memberOf,
  members,
  northwind,
  seedOf,
  southwind,
} from './aftership.support.ts'
import { startApp } from './support.ts'

const MEMBER = { code: 'member', name: 'Member' }
const ADMIN = { code: 'admin', name: 'Admin' }
const DOCK_LEAD = { code: 'dock_lead', name: 'Dock lead' }
const everyone = Object.values(members)
const automatic = { ...northwind, invitations: 'automatic' }

describe('list', () => {
  test('pages in creation order, empty beyond the last; page and limit echo what was used, total counts all', async () => {
    const app = await startApp(seedOf(northwind))
    assertList(await call(app, {}), everyone)
    const cases: [string, typeof everyone, { page: number; limit: number }][] = [
      ['page=1&limit=2', [members.olga, members.rosa], { page: 1, limit: 2 }],
      ['page=2&limit=2', [members.ben], { page: 2, limit: 2 }],
      ['page=3&limit=2', [], { page: 3, limit: 2 }],
      ['limit=1&page=2', [members.rosa], { page: 2, limit: 1 }],
      ['page=1000000', [], { page: 1_000_000, limit: 100 }],
      ['limit=200', everyone, { page: 1, limit: 200 }],
      ['limit=201', everyone, { page: 1, limit: 200 }],
      ['limit=99999999999999999999', everyone, { page: 1, limit: 200 }],
      ['limit=0&page=0', everyone, { page: 1, limit: 100 }],
      ['limit=-1&page=-1', everyone, { page: 1, limit: 100 }],
      ['limit=1.5&page=1e3', everyone, { page: 1, limit: 100 }],
      ['limit=&page=', everyone, { page: 1, limit: 100 }],
      ['limit&page', everyone, { page: 1, limit: 100 }],
      ['limit=%zz&page=%ff', everyone, { page: 1, limit: 100 }],
      ['limit=2%00&page=+1', everyone, { page: 1, limit: 100 }],
      ['limit[]=2&page[a]=2', everyone, { page: 1, limit: 100 }],
      ['page=2&page=1&limit=2&limit=100', [members.ben], { page: 2, limit: 2 }],
      ['page=x&page=2&limit=&limit=1', everyone, { page: 1, limit: 100 }],
      ['p%61ge=2&lim%69t=%31', [members.rosa], { page: 2, limit: 1 }],
    ]
    for (const [query, expected, used] of cases) {
      assertPage(await call(app, { path: `${M}?${query}` }), expected, { ...used, total: 3 })
    }
    const beyond = await call(app, { path: `${M}?page=${'9'.repeat(40)}` })
    assert.equal(beyond.status, 200)
    assert.match(JSON.stringify(beyond.body.data), /^\{"memberships":\[\],/)
    await app.assertEvents()
  })

  test('an empty organization has an empty list', async () => {
    const app = await startApp(seedOf({ ...northwind, memberships: [] }))
    assertList(await call(app, {}), [])
  })

  test('the default page is 100, the largest 200', async () => {
    const many = Array.from({ length: 201 }, (_, index) => ({ id: `a${index}`, email: `m${index}@northwind.example` }))
    const seed = JSON.stringify({
      aftership: {
        accounts: many,
        organizations: [{ ...northwind, memberships: many.map(({ email }) => ({ email, role: 'member' })) }],
      },
    })
    const app = await startApp(seed)
    const emailsOf = async (query: string) => {
      const reply = await call(app, { path: `${M}${query}` })
      const { memberships, pagination } = reply.body.data as { memberships: typeof everyone; pagination: object }
      return { emails: memberships.map(({ account }) => account.email), pagination }
    }
    const emails = many.map(({ email }) => email)
    const total = 201
    assert.deepEqual(await emailsOf(''), { emails: emails.slice(0, 100), pagination: { page: 1, limit: 100, total } })
    assert.deepEqual(await emailsOf('?page=3'), {
      emails: emails.slice(200),
      pagination: { page: 3, limit: 100, total },
    })
    assert.deepEqual(await emailsOf('?limit=500&page=2'), {
      emails: emails.slice(200),
      pagination: { page: 2, limit: 200, total },
    })
  })

  test('removals move later rows up, and totals follow', async () => {
    const app = await startApp(seedOf(automatic))
    await invite(app, accounts.liu.email)
    await call(app, { method: 'DELETE', path: `${M}/mem_rosa` })
    const page = await call(app, { path: `${M}?limit=1&page=2` })
    assertPage(page, [members.ben], { page: 2, limit: 1, total: 3 })
    const last = await call(app, { path: `${M}?limit=1&page=3` })
    assert.match(JSON.stringify(last.body.data), /liu@northwind/)
  })

  test('email filters exactly: without case, trimmed; empty is no filter; the first of several counts', async () => {
    const app = await startApp(seedOf(northwind, southwind))
    const { olga, rosa, ben } = members
    const cases: [string, typeof everyone][] = [
      ['email=rosa%40northwind.example', [rosa]],
      ['email=rosa@northwind.example', [rosa]],
      ['email=ROSA@NorthWind.Example', [rosa]],
      ['email=olga@northwind.example', [olga]],
      ['email=%20%09rosa@northwind.example%0A+', [rosa]],
      ['email=ben@northwind.example&email=rosa@northwind.example', [ben]],
      ['email=', everyone],
      ['email', everyone],
      ['email=%20%20', everyone],
      ['email=&email=ben@northwind.example', everyone],
      ['email=liu@northwind.example', []],
      ['email=nobody@northwind.example', []],
      ['email=sam@southwind.example', []],
      ['email=rosa', []],
      ['email=%25', []],
      ['email=rosa@northwind.exampl_', []],
      ['email=r+sa@northwind.example', []],
      ['email=%zz', []],
      ["email='%20or%20''='", []],
      ['Email=ben@northwind.example', everyone],
      ['email[]=ben@northwind.example', everyone],
    ]
    for (const [query, expected] of cases) assertList(await call(app, { path: `${M}?${query}` }), expected)
    const second = await call(app, { path: `${M}?email=ben@northwind.example&page=2&limit=1` })
    assertPage(second, [], { page: 2, limit: 1, total: 1 })
  })
})

describe('create', () => {
  test('by email, by id, or by both of one account', async () => {
    const app = await startApp(seedOf(automatic))
    const { email, id } = accounts.liu
    for (const account of [
      { email },
      { id },
      { email, id },
      { email: ' LIU@Northwind.EXAMPLE ' },
      { email: email.toUpperCase(), id },
    ]) {
      const created = await call(app, { method: 'POST', body: { account, role: { code: 'member' } } })
      assertCreated(created, memberOf(idIn(created), accounts.liu, MEMBER))
      assert.match(idIn(created), /^[0-9a-f]{32}$/)
      const path = `${M}/${idIn(created)}`
      assertMembership(await call(app, { path }), memberOf(idIn(created), accounts.liu, MEMBER))
      assertOk(await call(app, { method: 'DELETE', path }), {})
      await app.assertEvents('membership.created', 'membership.deleted')
    }
  })

  test('writes one event with who, where and what', async () => {
    const app = await startApp(seedOf(automatic))
    const created = await invite(app, accounts.liu.email, 'admin')
    const [event, ...others] = await app.newEvents()
    assert.deepEqual(others, [])
    assert.equal(event?.type, 'membership.created')
    assert.equal(event?.vendor, 'aftership')
    assert.equal(event?.tenant, northwind.id)
    assert.equal(event?.subject, idIn(created))
    assert.match(event?.actor ?? '', /^key:[0-9a-f]{32}$/)
    assert.equal(event?.requestId, created.headers['as-trace-id'])
    assert.deepEqual(event?.data, { membership: memberOf(idIn(created), accounts.liu, ADMIN) })
  })

  test('an email is shown as its account registered it', async () => {
    const app = await startApp(seedOf({ ...automatic, memberships: [] }))
    const created = await invite(app, 'oLGA@northWIND.example')
    assertCreated(created, memberOf(idIn(created), accounts.olga, MEMBER))
  })

  test('email and id of different accounts: 422 on account.id', async () => {
    const app = await startApp(seedOf(northwind))
    const { liu, mia, uma } = accounts
    for (const account of [
      { email: liu.email, id: mia.id },
      { email: liu.email, id: 'acc_unknown' },
      { email: uma.email, id: liu.id },
    ]) {
      const reply = await call(app, { method: 'POST', body: { account, role: { code: 'none' } } })
      assertRefused(reply, 'invalid', 'account.id is invalid')
    }
    await app.assertEvents()
  })

  test('of several rules broken the first of contract section 4.2 answers', async () => {
    const app = await startApp(seedOf({ ...northwind, seats: 3 }))
    const post = (account: object, code: string) => call(app, { method: 'POST', body: { account, role: { code } } })
    const { uma, ben, liu } = accounts
    assertRefused(await post({ email: 'no@where.example' }, 'none'), 'accountUnknown', 'account.email is invalid')
    assertRefused(await post({ id: 'acc_none' }, 'none'), 'accountUnknown', 'account.id is invalid')
    assertRefused(await post({ email: uma.email }, 'none'), 'accountUnverified', 'account.email is invalid')
    assertRefused(await post({ id: uma.id }, 'none'), 'accountUnverified', 'account.id is invalid')
    assertRefused(await post({ email: uma.email, id: uma.id }, 'none'), 'accountUnverified', 'account.email is invalid')
    assertRefused(await post({ email: ben.email }, 'none'), 'roleUnknown', 'role.code is invalid')
    assertRefused(await post({ email: ben.email }, 'Member'), 'roleUnknown', 'role.code is invalid')
    assertRefused(await post({ email: ben.email }, ' member'), 'roleUnknown', 'role.code is invalid')
    assertRefused(await post({ email: ben.email }, 'owner'), 'invalid', 'role.code is invalid')
    assertRefused(await post({ email: ben.email }, 'admin'), 'conflict')
    assertRefused(await post({ email: liu.email }, 'admin'), 'noSeats')
    await app.assertEvents()
    assert.deepEqual(await app.mailsTo(liu.email), [])
  })

  test('a pending member is a member already', async () => {
    const app = await startApp(seedOf(northwind))
    await invite(app, accounts.liu.email)
    assertRefused(await invite(app, accounts.liu.email, 'admin'), 'conflict')
    await app.assertEvents('membership.created')
    assert.equal((await app.mailsTo(accounts.liu.email)).length, 1)
  })

  test('of two creates at once for one account one is 409', async () => {
    const app = await startApp(seedOf(automatic))
    const replies = await Promise.all(Array.from({ length: 5 }, () => invite(app, accounts.liu.email)))
    assert.deepEqual(replies.map(reply => reply.status).sort(), [201, 409, 409, 409, 409])
    await app.assertEvents('membership.created')
  })

  test('a member of another organization can join this one', async () => {
    const app = await startApp(seedOf({ ...automatic, memberships: [] }, southwind))
    assert.equal((await invite(app, accounts.sam.email)).status, 201)
    assert.equal((await invite(app, accounts.ben.email)).status, 201)
    await app.assertEvents('membership.created', 'membership.created')
  })

  test('an account registered in the control API can be invited at once, one that verifies its email too', async () => {
    const app = await startApp(seedOf(automatic))
    await control(app, 'POST', '/aftership/accounts', { id: 'acc_new', email: 'new@northwind.example' })
    assert.equal((await invite(app, 'new@northwind.example')).status, 201)
    await control(app, 'PATCH', `/aftership/accounts/${accounts.uma.id}`, { verified: true })
    assert.equal((await invite(app, accounts.uma.email)).status, 201)
    await app.assertEvents('account.created', 'membership.created', 'account.updated', 'membership.created')
  })
})

describe('seats', () => {
  test('count pending and active members, owners included, and are free again after a removal', async () => {
    const app = await startApp(seedOf({ ...northwind, seats: 4 }))
    const pending = await invite(app, accounts.liu.email)
    assert.equal(pending.status, 201)
    assertRefused(await invite(app, accounts.mia.email), 'noSeats')
    await call(app, { method: 'DELETE', path: `${M}/${idIn(pending)}` })
    assert.equal((await invite(app, accounts.mia.email)).status, 201)
    assertRefused(await invite(app, accounts.liu.email), 'noSeats')
    await app.assertEvents('membership.created', 'membership.deleted', 'membership.created')
  })

  test('of creates at once no more succeed than there are seats', async () => {
    const app = await startApp(seedOf({ ...automatic, seats: 4 }))
    const replies = await Promise.all([accounts.liu, accounts.mia, accounts.sam].map(({ email }) => invite(app, email)))
    assert.deepEqual(replies.map(reply => reply.status).sort(), [201, 422, 422])
    await app.assertEvents('membership.created')
  })

  test('are unlimited by default; a limit set later counts who is there, and 0 lets nobody in', async () => {
    const app = await startApp(seedOf(automatic))
    assert.equal((await invite(app, accounts.liu.email)).status, 201)
    await control(app, 'PATCH', `/aftership/organizations/${northwind.id}`, { seats: 0 })
    assertRefused(await invite(app, accounts.mia.email), 'noSeats')
    assert.equal((await call(app, { method: 'PATCH', path: `${M}/mem_ben`, body: { role: ADMIN } })).status, 200)
    await control(app, 'PATCH', `/aftership/organizations/${northwind.id}`, { seats: null })
    assert.equal((await invite(app, accounts.mia.email)).status, 201)
  })
})

describe('change the role', () => {
  test('answers the whole membership, role.name with it, and writes one event', async () => {
    const app = await startApp(seedOf({ ...northwind, roles: [DOCK_LEAD] }))
    const patch = (code: string) => call(app, { method: 'PATCH', path: `${M}/mem_ben`, body: { role: { code } } })
    const changed = { ...members.ben, role: DOCK_LEAD }
    const reply = await patch('dock_lead')
    assertMembership(reply, changed)
    const [event, ...others] = await app.newEvents()
    assert.deepEqual(others, [])
    assert.equal(event?.type, 'membership.updated')
    assert.equal(event?.subject, 'mem_ben')
    assert.equal(event?.requestId, reply.headers['as-trace-id'])
    assert.deepEqual(event?.data, { membership: changed })
    assertMembership(await call(app, { path: `${M}/mem_ben` }), changed)
    assertList(await call(app, {}), [members.olga, members.rosa, changed])
  })

  test('to the role that it has: 200 and no event, for an owner too', async () => {
    const app = await startApp(seedOf(northwind))
    for (const member of everyone) {
      const body = { role: { code: member.role.code } }
      assertMembership(await call(app, { method: 'PATCH', path: `${M}/${member.id}`, body }), member)
    }
    await app.assertEvents()
  })

  test('of several rules broken the first of contract section 4.4 answers', async () => {
    const app = await startApp(seedOf(northwind))
    const patch = (id: string, code: string) =>
      call(app, { method: 'PATCH', path: `${M}/${id}`, body: { role: { code } } })
    assertRefused(await patch('mem_none', 'none'), 'notFound')
    assertRefused(await patch('mem_olga', 'none'), 'roleUnknown', 'role.code is invalid')
    assertRefused(await patch('mem_ben', 'MEMBER'), 'roleUnknown', 'role.code is invalid')
    assertRefused(await patch('mem_olga', 'admin'), 'forbidden')
    assertRefused(await patch('mem_ben', 'owner'), 'invalid', 'role.code is invalid')
    await app.assertEvents()
    assertList(await call(app, {}), everyone)
  })

  test('of a pending member too', async () => {
    const app = await startApp(seedOf(northwind))
    const path = `${M}/${idIn(await invite(app, accounts.liu.email))}`
    const reply = await call(app, { method: 'PATCH', path, body: { role: { code: 'admin' } } })
    assertMembership(reply, memberOf(idIn(reply), accounts.liu, ADMIN))
    await app.assertEvents('membership.created', 'membership.updated')
  })
})

describe('remove', () => {
  test('answers data {}; then it is gone, a second time 404, and the account can be invited under a new id', async () => {
    const app = await startApp(seedOf(automatic))
    const path = `${M}/mem_ben`
    const removed = await call(app, { method: 'DELETE', path })
    assertOk(removed, {})
    const [event, ...others] = await app.newEvents()
    assert.deepEqual(others, [])
    assert.equal(event?.type, 'membership.deleted')
    assert.equal(event?.subject, 'mem_ben')
    assert.equal(event?.requestId, removed.headers['as-trace-id'])
    assert.deepEqual(event?.data, { reason: 'removed', membership: members.ben })

    assertRefused(await call(app, { method: 'DELETE', path }), 'notFound')
    assertRefused(await call(app, { path }), 'notFound')
    assertRefused(await call(app, { method: 'PATCH', path, body: { role: { code: 'admin' } } }), 'notFound')
    assertList(await call(app, {}), [members.olga, members.rosa])
    assertList(await call(app, { path: `${M}?email=${accounts.ben.email}` }), [])
    const account = await control<{ email: string }>(app, 'GET', `/aftership/accounts/${accounts.ben.id}`)
    assert.equal(account.email, accounts.ben.email)

    const again = await invite(app, accounts.ben.email, 'admin')
    const rejoined = memberOf(idIn(again), accounts.ben, ADMIN)
    assertCreated(again, rejoined)
    assert.notEqual(idIn(again), 'mem_ben')
    assertList(await call(app, {}), [members.olga, members.rosa, rejoined])
    assertRefused(await call(app, { path }), 'notFound')
    await app.assertEvents('membership.created')
  })

  test('of two at once one is 404', async () => {
    const app = await startApp(seedOf(northwind))
    const remove = () => call(app, { method: 'DELETE', path: `${M}/mem_ben` })
    const replies = await Promise.all([remove(), remove(), remove()])
    assert.deepEqual(replies.map(reply => reply.status).sort(), [200, 404, 404])
    await app.assertEvents('membership.deleted')
  })

  test('not an owner: 403, and nothing changes', async () => {
    const app = await startApp(seedOf(northwind))
    assertRefused(await call(app, { method: 'DELETE', path: `${M}/mem_olga` }), 'forbidden')
    await app.assertEvents()
    assertList(await call(app, {}), everyone)
  })
})

test('owners are appointed, changed and removed in the control API alone', async () => {
  const app = await startApp(seedOf(northwind))
  const base = `/aftership/organizations/${northwind.id}/memberships`
  await control(app, 'PATCH', `${base}/mem_ben`, { role: 'owner' })
  const owner = { ...members.ben, role: { code: 'owner', name: 'Owner' } }
  assertMembership(await call(app, { path: `${M}/mem_ben` }), owner)
  assertRefused(await call(app, { method: 'DELETE', path: `${M}/mem_ben` }), 'forbidden')
  await control(app, 'PATCH', `${base}/mem_ben`, { role: 'admin' })
  assertMembership(await call(app, { path: `${M}/mem_ben` }), { ...members.ben, role: ADMIN })
  await control(app, 'DELETE', `${base}/mem_olga`)
  assertList(await call(app, {}), [members.rosa, { ...members.ben, role: ADMIN }])
  await app.assertEvents('membership.updated', 'membership.updated', 'membership.deleted')
})

test("another organization's membership is 404, never 403, and untouched", async () => {
  const app = await startApp(seedOf(northwind, southwind))
  for (const id of ['mem_sam', 'mem_ben_south']) {
    const path = `${M}/${id}`
    assertRefused(await call(app, { path }), 'notFound')
    assertRefused(await call(app, { method: 'PATCH', path, body: { role: { code: 'member' } } }), 'notFound')
    assertRefused(await call(app, { method: 'PATCH', path, body: { role: { code: 'none' } } }), 'notFound')
    assertRefused(await call(app, { method: 'DELETE', path }), 'notFound')
  }
  await app.assertEvents()
  assert.equal((await call(app, { path: `${M}/mem_sam`, key: keys.south })).status, 200)
  assert.equal((await call(app, { path: `${M}/mem_ben_south`, key: keys.south })).status, 200)
})

describe('roles', () => {
  const roles = (...custom: object[]) => ({
    roles: [{ code: 'owner', name: 'Owner' }, ADMIN, MEMBER, ...custom],
    parameter_string: '',
  })

  test('three are always there, custom ones follow by age', async () => {
    const app = await startApp(seedOf({ ...northwind, roles: [{ code: 'zeta', name: 'Zeta' }, DOCK_LEAD] }, southwind))
    const zeta = { code: 'zeta', name: 'Zeta' }
    assertOk(await call(app, { path: `${BASE}/roles` }), roles(zeta, DOCK_LEAD))
    assertOk(await call(app, { path: `${BASE}/roles`, key: keys.south }), roles())
    await app.assertEvents()

    const alpha = { code: 'alpha', name: 'Alpha' }
    const base = `/aftership/organizations/${northwind.id}/roles`
    await control(app, 'POST', base, alpha)
    assertOk(await call(app, { path: `${BASE}/roles` }), roles(zeta, DOCK_LEAD, alpha))
    await control(app, 'DELETE', `${base}/dock_lead`)
    await control(app, 'POST', base, DOCK_LEAD)
    assertOk(await call(app, { path: `${BASE}/roles?page=2&limit=1` }), roles(zeta, alpha, DOCK_LEAD))
    await app.assertEvents('role.created', 'role.deleted', 'role.created')
  })

  test("a role belongs to its organization: another's is unknown", async () => {
    const app = await startApp(seedOf({ ...automatic, roles: [DOCK_LEAD] }, { ...southwind, invitations: 'automatic' }))
    const south = await invite(app, accounts.liu.email, 'dock_lead', { key: keys.south })
    assertRefused(south, 'roleUnknown', 'role.code is invalid')
    const north = await invite(app, accounts.liu.email, 'dock_lead')
    assertCreated(north, memberOf(idIn(north), accounts.liu, DOCK_LEAD))
  })

  test('a renamed role is shown by its new name everywhere', async () => {
    const app = await startApp(seedOf({ ...automatic, roles: [DOCK_LEAD] }))
    const created = await invite(app, accounts.liu.email, 'dock_lead')
    const renamed = { code: 'dock_lead', name: 'Head of dock' }
    await control(app, 'PATCH', `/aftership/organizations/${northwind.id}/roles/dock_lead`, { name: renamed.name })
    const path = `${M}/${idIn(created)}`
    assertMembership(await call(app, { path }), memberOf(idIn(created), accounts.liu, renamed))
    assertOk(await call(app, { path: `${BASE}/roles` }), roles(renamed))
  })
})
