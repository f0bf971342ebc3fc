// A partner app gets access to an organization, as its people and itself do it.

import { createHash } from 'node:crypto'
import type { Step } from './ledger.ts'
import { invite, joined, type Life, MEMBERSHIPS, register } from './life.ts'
import type { Reply } from './wire.ts'
import { asClient, CALLBACK, ORGANIZATION } from './world.ts'

const VERIFIER = 'correct-horse-battery-staple-correct-horse-battery'

const hiddenIn = (page: string) =>
  [...page.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g)].map(([, name = '', value = '']) => [
    name,
    value.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code))),
  ])

/** A grant by mail, consent and code; then refresh tokens, each good once. */
export const granted: Life = async (client, name) => {
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
