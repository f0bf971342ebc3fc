// AfterShip contract section 4.3: a pending membership becomes active by the mailed link.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  accounts,
  assertCreated,
  assertList,
  assertMembership,
  assertOk,
  assertRefused,
  call,
  control,
  idIn,
  invite,
  M,
  memberOf,
  members,
  northwind,
  seedOf,
} from './aftership.support.ts'
import { operatorOf } from './operator.ts'
import { HOUR, MINUTE, startApp, type TestApp } from './support.ts'

const { liu } = accounts
const MEMBER = { code: 'member', name: 'Member' }
const controlBase = `/aftership/organizations/${northwind.id}/memberships`

/** The paths of the links mailed to Liu, newest first. */
async function linksOf(app: TestApp): Promise<string[]> {
  const mails = await app.mailsTo(liu.email)
  return mails.map(({ text }) => {
    const [, origin, path] = /^(https?:\/\/[^/\s]+)(\/invitations\/aftership\/\S+)$/m.exec(text) ?? []
    assert.equal(origin, app.app.url)
    return path ?? ''
  })
}

async function newestLinkOf(app: TestApp): Promise<string> {
  const [link] = await linksOf(app)
  assert.ok(link)
  return link
}

async function visit(app: TestApp, method: 'GET' | 'POST', path: string): Promise<{ status: number; text: string }> {
  const reply = await app.request({ method, url: path })
  assert.equal(reply.headers['content-type'], 'text/html; charset=utf-8')
  assert.equal(reply.headers['cache-control'], 'no-store')
  assert.equal(reply.headers['referrer-policy'], 'no-referrer')
  return { status: reply.statusCode, text: reply.body }
}

async function statusOf(app: TestApp, method: 'GET' | 'POST', path: string): Promise<number> {
  return (await visit(app, method, path)).status
}

async function stateOf(app: TestApp, id: string): Promise<string> {
  return (await control<{ status: string }>(app, 'GET', `${controlBase}/${id}`)).status
}

describe('confirming', () => {
  test('POST stores it as pending and mails one link; POST to the link activates it; then it is 410', async () => {
    const app = await startApp(seedOf(northwind))
    const created = await invite(app, liu.email)
    const id = idIn(created)
    const expected = memberOf(id, liu, MEMBER)
    assertCreated(created, expected)
    assert.equal(await stateOf(app, id), 'pending')
    await app.assertEvents('membership.created')

    const mails = await app.mailsTo(liu.email)
    assert.equal(mails.length, 1)
    assert.equal(mails[0]?.subject, 'Confirm that you join Northwind')
    assert.match(mails[0]?.text ?? '', /Northwind as Member/)

    const link = await newestLinkOf(app)
    const confirmed = await visit(app, 'POST', link)
    assert.equal(confirmed.status, 200)
    assert.ok(confirmed.text.includes(liu.email))
    assert.equal(await stateOf(app, id), 'active')
    const [event, ...others] = await app.newEvents()
    assert.deepEqual(others, [])
    assert.equal(event?.type, 'membership.activated')
    assert.equal(event?.subject, id)
    assert.equal(event?.tenant, northwind.id)
    assert.equal(event?.actor, `account:${liu.id}`)
    assert.deepEqual(event?.data, { membership: expected })
    assertMembership(await call(app, { path: `${M}/${id}` }), expected)

    assert.equal(await statusOf(app, 'POST', link), 410)
    assert.equal(await statusOf(app, 'GET', link), 410)
    await app.assertEvents()
    assert.equal((await app.mailsTo(liu.email)).length, 1)
  })

  test('GET shows a page and changes nothing, however often', async () => {
    const app = await startApp(seedOf(northwind))
    const id = idIn(await invite(app, liu.email))
    const link = await newestLinkOf(app)
    await app.assertEvents('membership.created')
    for (let visits = 0; visits < 3; visits++) {
      const page = await visit(app, 'GET', link)
      assert.equal(page.status, 200)
      assert.match(page.text, /<form method="post">/)
      for (const shown of ['Northwind', liu.email, 'Member']) assert.ok(page.text.includes(shown), shown)
    }
    assert.equal((await app.request({ method: 'HEAD', url: link })).body, '')
    await app.assertEvents()
    assert.equal(await stateOf(app, id), 'pending')
    assert.equal(await statusOf(app, 'POST', link), 200)
  })

  test('two confirmations at once: one counts', async () => {
    const app = await startApp(seedOf(northwind))
    await invite(app, liu.email)
    const link = await newestLinkOf(app)
    const statuses = await Promise.all([1, 2, 3].map(() => statusOf(app, 'POST', link)))
    assert.deepEqual(statuses.sort(), [200, 410, 410])
    await app.assertEvents('membership.created', 'membership.activated')
  })

  test('a body of any kind may come with it', async () => {
    const app = await startApp(seedOf(northwind))
    await invite(app, liu.email)
    const reply = await app.request({
      method: 'POST',
      url: await newestLinkOf(app),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: 'a=b',
    })
    assert.equal(reply.statusCode, 200)
  })

  test('headers and bodies past their limits are refused on the page, and nobody is in', async () => {
    const app = await startApp(seedOf(northwind))
    await invite(app, liu.email)
    const url = await newestLinkOf(app)
    const large = 'x'.repeat(17_000)
    const pages = [
      await app.request({ url, headers: { accept: large } }),
      await app.request({ method: 'POST', url, headers: { accept: large } }),
      await app.request({ method: 'POST', url, payload: 'x'.repeat(1024 * 1024 + 1) }),
    ]
    for (const page of pages) assert.equal(page.headers['content-type'], 'text/html; charset=utf-8')
    assert.deepEqual(
      pages.map(page => page.statusCode),
      [431, 431, 413],
    )
    await app.assertEvents('membership.created')
  })

  test('an unknown token is 404 with GET and POST, and no key is asked for', async () => {
    const app = await startApp(seedOf(northwind))
    await invite(app, liu.email)
    const link = await newestLinkOf(app)
    const changed = `${link.slice(0, -1)}${link.endsWith('A') ? 'B' : 'A'}`
    const base = '/invitations/aftership/'
    for (const path of [`${base}x`, `${base}%00`, `${base}%zz`, `${link}x`, changed]) {
      assert.equal(await statusOf(app, 'GET', path), 404, path)
      assert.equal(await statusOf(app, 'POST', path), 404, path)
    }
    await app.assertEvents('membership.created')
  })

  test('what an operator wrote is shown as text, not as markup', async () => {
    const app = await startApp(seedOf({ ...northwind, name: '<b onclick="x">&\'</b>' }))
    await invite(app, liu.email)
    const page = await visit(app, 'GET', await newestLinkOf(app))
    assert.ok(!page.text.includes('<b onclick'))
    assert.match(page.text, /&#60;b onclick=&#34;x&#34;&#62;&#38;&#39;&#60;\/b&#62;/)
  })

  test('the token stands in no event and no log line, and every link has another', async () => {
    const app = await startApp(seedOf(northwind))
    for (let round = 0; round < 3; round++) {
      const id = idIn(await invite(app, liu.email))
      await visit(app, 'POST', await newestLinkOf(app))
      await call(app, { method: 'DELETE', path: `${M}/${id}` })
      app.clock.advance(MINUTE)
    }
    const links = await linksOf(app)
    assert.equal(new Set(links).size, 3)
    const written = JSON.stringify([app.log, await app.newEvents()])
    for (const link of links) {
      const token = link.slice(link.lastIndexOf('/') + 1)
      assert.ok(token.length >= 32)
      assert.ok(!written.includes(token))
    }
  })
})

describe('while pending', () => {
  test('it is listed, readable, patchable and deletable like an active one', async () => {
    const app = await startApp(seedOf(northwind))
    const id = idIn(await invite(app, liu.email))
    const path = `${M}/${id}`
    const expected = memberOf(id, liu, MEMBER)
    assertList(await call(app, {}), [...Object.values(members), expected])
    assertList(await call(app, { path: `${M}?email=${liu.email}` }), [expected])
    assertMembership(await call(app, { path }), expected)
    const promoted = { ...expected, role: { code: 'admin', name: 'Admin' } }
    assertMembership(await call(app, { method: 'PATCH', path, body: { role: { code: 'admin' } } }), promoted)
    assert.equal(await stateOf(app, id), 'pending')
    assertOk(await call(app, { method: 'DELETE', path }), {})
    assertList(await call(app, {}), Object.values(members))
    await app.assertEvents('membership.created', 'membership.updated', 'membership.deleted')
  })

  test('its link still works after a change of role, and is 410 after a removal', async () => {
    const app = await startApp(seedOf(northwind))
    const id = idIn(await invite(app, liu.email))
    const link = await newestLinkOf(app)
    await call(app, { method: 'PATCH', path: `${M}/${id}`, body: { role: { code: 'admin' } } })
    assert.match((await visit(app, 'GET', link)).text, /Admin/)
    await call(app, { method: 'DELETE', path: `${M}/${id}` })
    assert.equal(await statusOf(app, 'GET', link), 410)
    assert.equal(await statusOf(app, 'POST', link), 410)
    await app.assertEvents('membership.created', 'membership.updated', 'membership.deleted')

    app.clock.advance(MINUTE)
    const again = await invite(app, liu.email)
    assert.equal(again.status, 201)
    assert.notEqual(idIn(again), id)
    assert.equal(await statusOf(app, 'POST', link), 410)
    await app.assertEvents('membership.created')
    assert.equal(await statusOf(app, 'POST', await newestLinkOf(app)), 200)
    await app.assertEvents('membership.activated')
  })

  test('the control API lists it as pending', async () => {
    const app = await startApp(seedOf(northwind))
    const id = idIn(await invite(app, liu.email))
    const idsOf = async (query: string) => {
      const { data } = await control<{ data: { id: string }[] }>(app, 'GET', `${controlBase}${query}`)
      return data.map(member => member.id)
    }
    assert.deepEqual(await idsOf('?status=pending'), [id])
    assert.deepEqual(await idsOf('?status=active'), ['mem_olga', 'mem_rosa', 'mem_ben'])
  })
})

describe('sending anew', () => {
  test('ends the old link and starts 48 h anew', async () => {
    const app = await startApp(seedOf(northwind))
    const id = idIn(await invite(app, liu.email))
    const first = await newestLinkOf(app)
    app.clock.advance(47 * HOUR)
    await control(app, 'POST', `${controlBase}/${id}/resend-invitation`)
    await app.assertEvents('membership.created', 'invitation.resent')
    assert.equal((await app.mailsTo(liu.email)).length, 2)
    assert.equal(await statusOf(app, 'GET', first), 410)
    assert.equal(await statusOf(app, 'POST', first), 410)

    app.clock.advance(47 * HOUR)
    await app.app.runJobs()
    await app.assertEvents()
    assert.equal(await statusOf(app, 'POST', await newestLinkOf(app)), 200)
    await app.assertEvents('membership.activated')
  })

  test('not to an active member', async () => {
    const app = await startApp(seedOf(northwind))
    assert.equal((await operatorOf(app).post(`${controlBase}/mem_ben/resend-invitation`)).status, 409)
    await app.assertEvents()
  })
})

describe('expiry', () => {
  test('the link is good for 48 h to the millisecond', async () => {
    for (const [ms, status] of [
      [48 * HOUR - 1, 200],
      [48 * HOUR, 410],
    ] as const) {
      const app = await startApp(seedOf(northwind))
      await invite(app, liu.email)
      const link = await newestLinkOf(app)
      app.clock.advance(ms)
      assert.equal(await statusOf(app, 'GET', link), status)
      assert.equal(await statusOf(app, 'POST', link), status)
      await app.assertEvents('membership.created', ...(status === 200 ? ['membership.activated'] : []))
    }
  })

  test('removes the pending membership, with its reason; then a new POST is possible', async () => {
    const app = await startApp(seedOf(northwind))
    const id = idIn(await invite(app, liu.email))
    const link = await newestLinkOf(app)
    await app.assertEvents('membership.created')
    app.clock.advance(48 * HOUR - 1)
    await app.app.runJobs()
    await app.assertEvents()

    app.clock.advance(MINUTE)
    await app.app.runJobs()
    const [event, ...others] = await app.newEvents()
    assert.deepEqual(others, [])
    assert.equal(event?.type, 'membership.deleted')
    assert.equal(event?.subject, id)
    assert.equal(event?.tenant, northwind.id)
    assert.match(event?.actor ?? '', /^system:/)
    assert.deepEqual(event?.data, { reason: 'expired', membership: memberOf(id, liu, MEMBER) })
    assertRefused(await call(app, { path: `${M}/${id}` }), 'notFound')
    assertList(await call(app, {}), Object.values(members))
    assert.equal(await statusOf(app, 'GET', link), 410)

    await app.app.runJobs()
    await app.assertEvents()
    const again = await invite(app, liu.email)
    assert.equal(again.status, 201)
    assert.notEqual(idIn(again), id)
    assert.equal(await statusOf(app, 'POST', link), 410)
    assert.equal(await statusOf(app, 'POST', await newestLinkOf(app)), 200)
    await app.assertEvents('membership.created', 'membership.activated')
  })

  test('leaves a confirmed one alone', async () => {
    const app = await startApp(seedOf(northwind))
    const id = idIn(await invite(app, liu.email))
    await visit(app, 'POST', await newestLinkOf(app))
    app.clock.advance(49 * HOUR)
    await app.app.runJobs()
    await app.assertEvents('membership.created', 'membership.activated')
    assert.equal(await stateOf(app, id), 'active')
  })

  test('frees its seat', async () => {
    const app = await startApp(seedOf({ ...northwind, seats: 4 }))
    await invite(app, liu.email)
    assertRefused(await invite(app, accounts.mia.email), 'noSeats')
    app.clock.advance(48 * HOUR)
    await app.app.runJobs()
    assert.equal((await invite(app, accounts.mia.email)).status, 201)
    await app.assertEvents('membership.created', 'membership.deleted', 'membership.created')
  })

  test('of more than one turn of the job takes', async () => {
    const many = Array.from({ length: 101 }, (_, index) => ({ email: `m${index}@northwind.example` }))
    const memberships = many.map(({ email }) => ({ email, role: 'member', status: 'pending' }))
    const seed = { aftership: { accounts: many, organizations: [{ ...northwind, memberships }] } }
    const app = await startApp(JSON.stringify(seed))
    app.clock.advance(48 * HOUR)
    await app.app.runJobs()
    assertList(await call(app, {}), [])
    await app.assertEvents(...many.map(() => 'membership.deleted'))
  })
})

describe('the setting `invitations`', () => {
  test('automatic: active at 201, and no mail', async () => {
    const app = await startApp(seedOf({ ...northwind, invitations: 'automatic' }))
    const created = await invite(app, liu.email)
    assertCreated(created, memberOf(idIn(created), liu, MEMBER))
    assert.equal(await stateOf(app, idIn(created)), 'active')
    assert.deepEqual(await app.mailsTo(liu.email), [])
    app.clock.advance(49 * HOUR)
    await app.app.runJobs()
    await app.assertEvents('membership.created')
  })

  test('holds from its change on; who is pending stays so', async () => {
    const app = await startApp(seedOf(northwind))
    const pending = idIn(await invite(app, liu.email))
    await control(app, 'PATCH', `/aftership/organizations/${northwind.id}`, { invitations: 'automatic' })
    const active = idIn(await invite(app, accounts.mia.email))
    assert.equal(await stateOf(app, active), 'active')
    assert.equal(await stateOf(app, pending), 'pending')
    assert.equal(await statusOf(app, 'POST', await newestLinkOf(app)), 200)
    await app.assertEvents('membership.created', 'organization.updated', 'membership.created', 'membership.activated')
  })
})
