// What the clients do: each life is that of one person or thing, from its making on, at one vendor or all of them. All
// that it asks for is one request after the other, so that what it leaves behind is known.

import { granted } from './granted.ts'
import {
  asked,
  idIn,
  invite,
  joined,
  keyOfOrganization,
  type Life,
  MEMBERSHIPS,
  operator,
  PASSWORD,
  register,
  signUp,
} from './life.ts'
import { APP, asAdmin, asKey, asPage, asParent, ORGANIZATION, PARENT } from './world.ts'

const membership: Life = async (client, name) => {
  const email = `${name}@kills.test`
  const subject = `membership ${email}`
  const key = `aftership key ${email}`
  await register(client, email, `acc_${name}`)
  const id = await invite(client, email)
  const own = { path: `${MEMBERSHIPS}/${id}`, headers: asKey }
  await client.change(
    asked({ ...own, method: 'PATCH', body: { role: { code: 'manager' } } }, 200, [subject, 'membership.updated']),
  )
  const { apiKey } = JSON.parse((await keyOfOrganization(client, email)).text)
  const use = { method: 'GET', path: '/admin/2022-01/roles', headers: { 'as-api-key': apiKey } }
  await client.read(use)
  if (client.random.chance(0.5)) await joined(client, email)
  await client.change({
    request: { ...own, method: 'DELETE' },
    status: 200,
    steps: [
      [subject, 'membership.deleted'],
      [key, 'key.disabled'],
    ],
    again: { status: 404 },
  })
  await client.read(use, 401)
  if (client.random.chance(0.5)) {
    const deleted = { table: 'aftership_memberships', id, steps: [[subject, 'membership.purged'] as const] }
    return { deleted, refused: [{ request: use, status: 401 }] }
  }
  await client.change({
    request: operator('POST', `/aftership/organizations/${ORGANIZATION}/memberships/${id}/restore`),
    status: 200,
    steps: [
      [subject, 'membership.restored'],
      [key, 'key.enabled'],
    ],
    again: { status: 409 },
  })
  await client.read(use)
  return {}
}

const pending: Life = async (client, name) => {
  const email = `${name}@kills.test`
  await register(client, email, `acc_${name}`)
  return { pending: await invite(client, email) }
}

const child: Life = async (client, name) => {
  const email = `${name}@kills.test`
  const [subject, key] = [`user ${name}`, `easypost key ${email}`]
  const made = await client.change({
    request: { method: 'POST', path: '/v2/users', headers: asParent, body: { user: { name, email } } },
    status: 201,
    steps: [[subject, 'user.created']],
    again: { status: 422 },
  })
  const id = idIn(made)
  const own = { path: `/v2/users/${id}`, headers: asParent }
  const making = operator('POST', `/easypost/parents/${PARENT}/keys`, { user: id, mode: 'production', holder: email })
  const { key: credential, apiKey } = JSON.parse((await client.change(asked(making, 201, [key, 'key.created']))).text)
  const headers = { authorization: `Basic ${Buffer.from(`${apiKey}:`).toString('base64')}` }
  const use = { method: 'GET', path: '/v2/users', headers }
  const turn = (what: 'disable' | 'enable') =>
    client.change(asked(operator('POST', `/keys/${credential.id}/${what}`), 200, [key, `key.${what}d`]))
  await client.change(
    asked({ ...own, method: 'PATCH', body: { user: { phone_number: name } } }, 200, [subject, 'user.updated']),
  )
  await turn('disable')
  await client.read(use, 403)
  await turn('enable')
  await client.read(use)
  await client.change({
    request: { ...own, method: 'DELETE' },
    status: 204,
    steps: [
      [subject, 'user.deleted'],
      [key, 'key.disabled'],
    ],
    again: { status: 404 },
  })
  await client.read(use, 403)
  if (client.random.chance(0.5)) {
    return {
      deleted: {
        table: 'easypost_users',
        id,
        steps: [
          [subject, 'user.purged'],
          [key, 'key.deleted'],
        ],
      },
    }
  }
  await client.change({
    request: operator('POST', `/easypost/parents/${PARENT}/children/${id}/restore`),
    status: 200,
    steps: [
      [subject, 'user.restored'],
      [key, 'key.enabled'],
    ],
    again: { status: 409 },
  })
  await client.read(use)
  return {}
}

const member: Life = async (client, name) => {
  const email = `${name}@kills.test`
  const subject = `member ${email}`
  const { id, token } = await signUp(client, email)
  const asMember = { ...asPage, authorization: `Bearer ${token}` }
  const own = { path: `/members/${id}`, headers: asAdmin }
  const verify = (given: string, status: number) =>
    client.read({ method: 'POST', path: '/members/verify-token', headers: asAdmin, body: { token: given } }, status)
  const post = (path: string, body: object, headers: Record<string, string> = asPage) => ({
    method: 'POST',
    path,
    headers,
    body,
  })
  await client.change(asked(post('/member/json', { json: { name } }, asMember), 200, [subject, 'member.updated']))
  await client.change({
    request: { ...own, path: `${own.path}/add-plan`, method: 'POST', body: { planId: 'pln_free' } },
    status: 200,
    steps: [[subject, 'member.plan.added']],
  })
  await client.change(asked(post('/auth/login', { email, password: PASSWORD }), 200, [subject, 'member.signed_in']))
  await client.read(post('/auth/passwordless/login/send', { email }))
  const passwordlessToken = await client.mailed(email, /: (\d{6})\n/)
  const byCode = post('/auth/passwordless/login', { email, passwordlessToken })
  await client.change({ request: byCode, status: 200, steps: [[subject, 'member.signed_in']], again: { status: 400 } })
  await client.read(byCode, 400)
  await verify(token, 200)
  await client.change(asked(post('/member/logout', {}, asMember), 200, [subject, 'member.logged_out']))
  await verify(token, 400)
  await client.change({
    request: { ...own, method: 'DELETE' },
    status: 200,
    steps: [[subject, 'member.deleted']],
    again: { status: 400 },
  })
  if (client.random.chance(0.5)) {
    return { deleted: { table: 'memberstack_members', id, steps: [[subject, 'member.purged']] } }
  }
  await client.change({
    request: operator('POST', `/memberstack/apps/${APP}/members/${id}/restore`),
    status: 200,
    steps: [[subject, 'member.restored']],
    again: { status: 409 },
  })
  return {}
}

/** Keys at all three vendors and a membership of an app, which end together. */
const leaver: Life = async (client, name) => {
  const email = `${name}@kills.test`
  const keys = ['aftership', 'easypost', 'memberstack'].map(vendor => `${vendor} key ${email}`)
  const { token } = await signUp(client, email)
  await keyOfOrganization(client, email)
  await client.change(
    asked(operator('POST', `/easypost/parents/${PARENT}/keys`, { mode: 'production', holder: email }), 201, [
      `easypost key ${email}`,
      'key.created',
    ]),
  )
  const making = operator('POST', `/memberstack/apps/${APP}/keys`, {
    kind: 'secret',
    environment: 'sandbox',
    holder: email,
  })
  const made = await client.change(asked(making, 201, [`memberstack key ${email}`, 'key.created']))
  const use = { method: 'GET', path: '/members', headers: { 'x-api-key': JSON.parse(made.text).apiKey } }
  const verify = { method: 'POST', path: '/members/verify-token', headers: asAdmin, body: { token } }
  await client.read(use)
  await client.read(verify)
  await client.change({
    request: operator('POST', `/holders/${email}/offboard`),
    status: 200,
    steps: [...keys.map(key => [key, 'key.disabled'] as const), [`member ${email}`, 'member.suspended']],
    again: { status: 200 },
  })
  await client.read(use, 401)
  await client.read(verify, 400)
  const tokenRefused = { request: verify, status: 400 }
  if (client.random.chance(0.5)) return { refused: [{ request: use, status: 401 }, tokenRefused] }
  await client.change({
    request: operator('POST', `/holders/${email}/restore`),
    status: 200,
    steps: [...keys.map(key => [key, 'key.enabled'] as const), [`member ${email}`, 'member.resumed']],
    again: { status: 200 },
  })
  await client.read(use)
  await client.read(verify, 400)
  return { refused: [tokenRefused] }
}

export const LIVES: readonly Life[] = [membership, child, member, leaver, granted, pending]
