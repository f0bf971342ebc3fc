// A life at Memberstack: keys, passwords, codes by mail, tokens, billing at a stand-in for Stripe.

import { newestMail, operate, passwordOf, secretOf, type Town } from './town.ts'

export interface Club {
  app: string
  secret: string
  public: string
}

const MEMBER = 'bea@memberstack.example'

/** An app with keys of both kinds, webhooks and a Stripe connection; what is secret of it is noted. */
export async function openClub(town: Town, holder: string): Promise<Club> {
  const { ledger } = town
  const settings = { rateLimit: { perSecond: 1_000_000 } }
  const { id: app } = await operate<{ id: string }>(town, 'POST', '/memberstack/apps', { name: 'Club', settings })
  const base = `/memberstack/apps/${app}`
  const keyOf = async (kind: string, environment: string) =>
    String((await operate(town, 'POST', `${base}/keys`, { kind, environment, holder })).apiKey)
  const secret = ledger.add('Memberstack secret key', await keyOf('secret', 'sandbox'))
  ledger.add('Memberstack secret key', await keyOf('secret', 'live'))
  for (const prefix of ['sk_test_', 'rk_test_']) {
    const secretKey = secretOf(town, 'Stripe key', prefix)
    await operate(town, 'PUT', `${base}/stripe/sandbox`, { secretKey, apiBase: town.stripe })
  }
  await operate(town, 'PUT', `${base}/stripe/live`, { secretKey: secretOf(town, 'Stripe key', 'sk_live_') })
  for (const target of town.receivers) {
    const url = `${target}/${secretOf(town, 'webhook URL', 'p')}`
    const made = await operate(town, 'POST', `${base}/webhooks`, { url, environment: 'sandbox' })
    ledger.add('Memberstack webhook secret', String(made.secret))
    const given = `whsec_${town.random.bytes(24).toString('base64')}`
    const change = { secret: ledger.add('Memberstack webhook secret', given) }
    await operate(town, 'PATCH', `${base}/webhooks/${made.id}`, change)
  }
  return { app, secret, public: await keyOf('public', 'sandbox') }
}

/** Signs up, logs in in every way, changes and loses passwords, logs out, and is deleted while Stripe fails. */
export async function liveInClub(town: Town, club: Club): Promise<void> {
  const { wire } = town
  const admin = { 'x-api-key': club.secret }
  const visitor = { 'x-api-key': club.public }
  const [first, changed, reset] = [passwordOf(town), passwordOf(town), passwordOf(town)]
  const signIn = async (path: string, body: object) => {
    const { data } = await wire.json<{ data: { tokens: { accessToken: string } } }>('POST', path, visitor, body)
    const { accessToken } = data.tokens
    // The rest of a token is no secret: anybody can write it.
    town.ledger.add('member token', accessToken.split('.')[2] ?? '')
    return { ...visitor, authorization: `Bearer ${accessToken}` }
  }
  const created = { email: 'ada@memberstack.example', password: passwordOf(town) }
  const { data: ada } = await wire.json<{ data: { id: string } }>('POST', '/members', admin, created)
  const asBea = await signIn('/auth/signup', { email: MEMBER, password: first })
  await wire.json('POST', '/member-auth', asBea, { oldPassword: first, newPassword: changed })
  await signIn('/auth/login', { email: MEMBER, password: changed })
  const asked = async (path: string, email: string, headers: Record<string, string> = visitor) => {
    town.tick()
    await wire.json('POST', path, headers, { email })
    return codeIn(town, await newestMail(town, email))
  }
  const token = await asked('/auth/send-reset-password-email', MEMBER)
  await wire.json('POST', '/auth/reset-password', visitor, { token, newPassword: reset })
  const code = await asked('/auth/passwordless/login/send', MEMBER)
  const back = await signIn('/auth/passwordless/login', { email: MEMBER, passwordlessToken: code })
  const proof = await asked('/auth/send-email-verification', MEMBER, back)
  await wire.json('POST', '/auth/verify-email', back, { token: proof })
  const email = 'cleo@memberstack.example'
  const passwordlessToken = await asked('/auth/passwordless/signup/send', email)
  await signIn('/auth/signup?isPasswordless=true', { email, passwordlessToken })
  await asked('/auth/passwordless/login/send', email)
  for (const password of [first, passwordOf(town)]) {
    await wire.send(json('POST', '/auth/login', visitor, { email: MEMBER, password }))
    await wire.send(json('POST', '/auth/login', visitor, { email: 'nobody@memberstack.example', password }))
  }
  const bearer = back.authorization.slice('Bearer '.length)
  await wire.send(json('POST', '/members/verify-token', admin, { token: bearer }))
  await wire.send({ method: 'POST', path: '/member/logout', headers: back })
  await wire.send(json('POST', '/members/verify-token', admin, { token: bearer }))
  await operate(town, 'PATCH', `/memberstack/apps/${club.app}/members/${ada.id}`, { stripeCustomerId: 'cus_1' })
  const path = `/members/${ada.id}?cancelStripeSubscriptions=true&deleteStripeCustomer=true`
  const refused = await wire.send({ method: 'DELETE', path, headers: admin })
  if (refused.status !== 502) throw new Error(`Stripe's stand-in was to fail: ${refused.status} ${refused.body}`)
  await wire.json('DELETE', `/members/${ada.id}`, admin)
}

export function json(method: string, path: string, headers: Record<string, string>, body: unknown) {
  return { method, path, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) }
}

function codeIn(town: Town, text: string): string {
  return town.ledger.add('mailed code', /(?<![0-9A-Za-z])\d{6}(?![0-9A-Za-z])/.exec(text)?.[0] ?? '')
}
