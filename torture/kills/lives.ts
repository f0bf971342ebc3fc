// What the clients do: each life is that of one person or thing, from its making on, at one vendor or all of them. All
// that it asks for is one request after the other, so that what it leaves behind is known.

import { createHash } from 'node:crypto'
import type { Client } from './client.ts'
import type { Change, Step } from './ledger.ts'
import type { Reply, Request } from './wire.ts'
import { APP, asAdmin, asClient, asKey, asOperator, asPage, asParent, CALLBACK, ORGANIZATION, PARENT } from './world.ts'

/** What a life leaves to the jobs. */
export interface Left {
  /** A pending membership, which may expire. */
  pending?: string
  /** Something deleted, which may be purged: its table, its id there, and what its purge is called. */
  deleted?: { table: string; id: string; steps: readonly Step[] }
  /** What has to be refused from now on, whoever starts on the store, and how. */
  refused?: readonly { request: Request; status: number }[]
}

type Life = (client: Client, name: string) => Promise<Left>

const MEMBERSHIPS = '/admin/2022-01/memberships'
const CONTROL = '/understudy/v1'
const VERIFIER = 'correct-horse-battery-staple-correct-horse-battery'
const PASSWORD = 'a password of theirs'

const operator = (method: string, path: string, body?: object): Request => ({
  method,
  path: CONTROL + path,
  headers: asOperator,
  ...(body && { body }),
})

const asked = (request: Request, status: number, ...steps: Step[]): Change => ({ request, status, steps })

const idIn = ({ text }: Reply): string => {
  const body = JSON.parse(text)
  return body.data?.id ?? body.data?.member?.id ?? body.key?.id ?? body.id
}

const register = (client: Client, email: string, id: string) =>
  client.change(
    asked(operator('POST', '/aftership/accounts', { id, email }), 201, [`account ${email}`, 'account.created']),
  )

/** Asked for again by a client that was not answered: it is a member already. */
async function invite(client: Client, email: string, code = 'member'): Promise<string> {
  const body = { account: { email }, role: { code } }
  const request = { method: 'POST', path: MEMBERSHIPS, headers: asKey, body }
  const steps: Step[] = [[`membership ${email}`, 'membership.created']]
  return idIn(await client.change({ request, status: 201, steps, again: { status: 409 } }))
}

async function joined(client: Client, email: string): Promise<void> {
  const path = await client.mailed(email, /(\/invitations\/aftership\/\S+)/)
  const steps: Step[] = [[`membership ${email}`, 'membership.activated']]
  const request = { method: 'POST', path, headers: {} }
  await client.change({ request, status: 200, steps, again: { status: 410 } })
  await client.read(request, 410)
}

const keyOfOrganization = (client: Client, holder: string) =>
  client.change(
    asked(
      operator('POST', `/aftership/organizations/${ORGANIZATION}/keys`, { name: 'held', mode: 'api_key', holder }),
      201,
      [`aftership key ${holder}`, 'key.created'],
    ),
  )

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

async function signUp(client: Client, email: string): Promise<{ id: string; token: string }> {
  const subject = `member ${email}`
  const reply = await client.change({
    request: { method: 'POST', path: '/auth/signup', headers: asPage, body: { email, password: PASSWORD } },
    status: 200,
    steps: [
      [subject, 'member.created'],
      [subject, 'member.signed_in'],
    ],
    again: { status: 400 },
  })
  const { tokens, member } = JSON.parse(reply.text).data
  return { id: member.id, token: tokens.accessToken }
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
    again: { status: 404 },
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

const hiddenIn = (page: string) =>
  [...page.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g)].map(([, name = '', value = '']) => [
    name,
    value.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code))),
  ])

/** A grant by mail, consent and code; then refresh tokens, each good once. */
const granted: Life = async (client, name) => {
  const [email, account] = [`${name}@kills.test`, `acc_${name}`]
  const subject = `grant ${account}`
  await register(client, email, account)
  await invite(client, email, 'admin')
  await joined(client, email)
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: 'partner_app',
    redirect_uri: CALLBACK,
    scope: 'aftership:members:read',
    code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
    code_challenge_method: 'S256',
    state: name,
  })
  let cookie = ''
  const withCookie = (reply: Reply) => {
    cookie = reply.headers['set-cookie']?.[0]?.split(';', 1)[0] ?? cookie
    return reply
  }
  const open = async (path: string) =>
    withCookie(await client.read({ method: 'GET', path, headers: cookie === '' ? {} : { cookie } }))
  const submit = async (path: string, form: string[][], status: number, ...steps: Step[]) => {
    const request = { method: 'POST', path, headers: { cookie }, body: `${new URLSearchParams(form)}` }
    return withCookie(await client.change({ request, status, steps }))
  }
  const actionIn = (page: string) => /<form method="post" action="([^"]+)"/.exec(page)?.[1] ?? ''
  const first = (await open(`/oauth/aftership/authorize?${query}`)).text
  const mailed: Step = [`account ${email}`, 'sign_in.mailed']
  await submit(actionIn(first), [...hiddenIn(first), ['email', email]], 200, mailed)
  const link = await client.mailed(email, /(\/oauth\/aftership\/sign-in\/\S+)/)
  const opened = (await open(link)).text
  const signedIn = await submit(link, hiddenIn(opened), 303, [`account ${email}`, 'sign_in.completed'])
  const consent = (await open(String(signedIn.headers.location))).text
  const form = [...hiddenIn(consent), ['organization', ORGANIZATION], ['decision', 'allow']]
  const allowed = await submit(actionIn(consent), form, 302, [subject, 'grant.created'])
  const code = new URL(String(allowed.headers.location)).searchParams.get('code') ?? ''
  const ask = async (fields: Record<string, string>, type: string) => {
    const request = {
      method: 'POST',
      path: '/oauth/aftership/token',
      headers: asClient,
      body: `${new URLSearchParams(fields)}`,
    }
    // Used again, by a client that was not answered, it ends the grant.
    const again = { status: 400, steps: [[subject, 'grant.ended']] as const }
    return JSON.parse((await client.change({ request, status: 200, steps: [[subject, type]], again })).text)
  }
  let { refresh_token } = await ask(
    { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: VERIFIER },
    'grant.exchanged',
  )
  for (let turn = 0; turn < 3; turn++) {
    const tokens = await ask({ grant_type: 'refresh_token', refresh_token }, 'grant.refreshed')
    refresh_token = tokens.refresh_token
    const headers = { 'as-access-token': tokens.access_token }
    await client.read({ method: 'GET', path: `${MEMBERSHIPS}?limit=1`, headers })
  }
  return {}
}

export const LIVES: readonly Life[] = [membership, child, member, leaver, granted, pending]
