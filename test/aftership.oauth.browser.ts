// A person's browser and an app's back end, as the OAuth scenarios need them.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { LightMyRequestResponse } from 'fastify'
import type { TestApp } from './support.ts'

export const CALLBACK = 'http://127.0.0.1:9000/callback'
const VERIFIER = 'correct-horse-battery-staple-correct-horse-battery'
export const READ = 'aftership:members:read'
export const WRITE = 'aftership:members:write'

export const OAUTH_SEED = `
aftership:
  accounts:
    - { id: acc_rosa, email: rosa@northwind.test }
    - { id: acc_adam, email: adam@northwind.test }
    - { id: acc_mia, email: mia@northwind.test }
    - { id: acc_pia, email: pia@northwind.test }
    - { id: acc_nora, email: nora@northwind.test, verified: false }
    - { id: acc_liu, email: liu@northwind.test }
  organizations:
    - id: northwind
      name: Northwind
      keys: [{ name: api, mode: api_key, key: k_northwind }]
      memberships:
        - { id: m_rosa, email: rosa@northwind.test, role: owner }
        - { id: m_adam, email: adam@northwind.test, role: admin }
        - { id: m_mia, email: mia@northwind.test, role: member }
        - { id: m_pia, email: pia@northwind.test, role: admin, status: pending }
    - id: contoso
      name: Contoso
      memberships:
        - { id: m_adam_contoso, email: adam@northwind.test, role: owner }
  apps:
    - { name: Partner app, partner: true, clientId: partner_app, clientSecret: partner_secret, redirectUris: ["${CALLBACK}"] }
    - { name: Other app, partner: true, clientId: other_app, clientSecret: "other secret: +%", redirectUris: ["https://other.test/cb?a=b%20c"] }
    - { name: Plain app, partner: false, clientId: plain_app, clientSecret: plain_secret, redirectUris: ["${CALLBACK}"] }
control:
  tokens: [{ name: operator, scope: admin, token: ust_operator_token }]
`

export type Fields = Record<string, string>

/** The query of a good authorization request, changed; an empty value leaves the parameter out. */
export function authorizeQuery(changes: Fields = {}): string {
  const parameters = new URLSearchParams({
    response_type: 'code',
    client_id: 'partner_app',
    redirect_uri: CALLBACK,
    scope: READ,
    state: 'st&te 1',
    code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
    code_challenge_method: 'S256',
    ...changes,
  })
  for (const [name, value] of Object.entries(changes)) if (value === '') parameters.delete(name)
  return parameters.toString()
}

/** Keeps the cookie, and fills in the forms it is shown. Each request comes from a new address, so none is limited. */
export class Browser {
  readonly #test: TestApp
  #requests = 0
  cookie: string | undefined

  constructor(test: TestApp) {
    this.#test = test
  }

  get(url: string): Promise<LightMyRequestResponse> {
    return this.#send('GET', url)
  }

  post(url: string, fields: Fields): Promise<LightMyRequestResponse> {
    return this.#send('POST', url, new URLSearchParams(fields).toString())
  }

  /** Sends the page's form with its hidden fields and these. */
  submit(page: LightMyRequestResponse, fields: Fields, url?: string): Promise<LightMyRequestResponse> {
    const target = url ?? /<form method="post" action="([^"]+)"/.exec(page.body)?.[1]
    assert.ok(target, `there is no form in: ${page.body}`)
    return this.post(target, { ...hiddenFields(page.body), ...fields })
  }

  async #send(method: 'GET' | 'POST', url: string, payload?: string): Promise<LightMyRequestResponse> {
    this.#requests++
    const reply = await this.#test.request({
      method,
      url,
      remoteAddress: `10.0.${this.#requests >> 8}.${this.#requests & 255}`,
      headers: {
        ...(this.cookie === undefined ? {} : { cookie: `theme=dark; ${this.cookie}` }),
        ...(payload === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
      },
      ...(payload === undefined ? {} : { payload }),
    })
    const set = reply.headers['set-cookie']
    if (typeof set === 'string') this.cookie = set.split(';', 1)[0]
    return reply
  }
}

export function hiddenFields(page: string): Fields {
  const fields: Fields = {}
  for (const [, name, value] of page.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g)) {
    fields[name ?? ''] = (value ?? '').replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)))
  }
  return fields
}

/** The links mailed to an email, newest first as far as the clock tells them apart. */
export async function mailedLinks(test: TestApp, email: string): Promise<string[]> {
  const mails = await test.mailsTo(email)
  return mails.flatMap(({ text }) => /\/oauth\/aftership\/sign-in\/\S+/.exec(text)?.[0] ?? [])
}

/** Goes from the authorize URL through the mail to the consent page. */
export async function signIn(test: TestApp, browser: Browser, email: string, query: string) {
  const known = new Set(await mailedLinks(test, email))
  const asked = await browser.submit(await browser.get(`/oauth/aftership/authorize?${query}`), { email })
  assert.equal(asked.statusCode, 200)
  const link = (await mailedLinks(test, email)).find(candidate => !known.has(candidate))
  assert.ok(link, `no link was mailed to ${email}`)
  const signedIn = await browser.submit(await browser.get(link), {}, link)
  assert.equal(signedIn.statusCode, 303)
  const page = await browser.get(String(signedIn.headers.location))
  assert.equal(page.statusCode, 200)
  return { link, page }
}

export interface ConnectOptions {
  email?: string
  organization?: string
  scope?: string
  clientId?: string
  redirectUri?: string
}

/** Signs in, allows, and returns the code that the app gets. */
export async function codeFor(test: TestApp, options: ConnectOptions = {}): Promise<string> {
  const { email = 'adam@northwind.test', organization = 'northwind', scope = READ } = options
  const { clientId = 'partner_app', redirectUri = CALLBACK } = options
  const browser = new Browser(test)
  const query = authorizeQuery({ scope, client_id: clientId, redirect_uri: redirectUri })
  const { page } = await signIn(test, browser, email, query)
  const allowed = await browser.submit(page, { organization, decision: 'allow' })
  assert.equal(allowed.statusCode, 302)
  const code = new URL(String(allowed.headers.location)).searchParams.get('code')
  assert.ok(code)
  return code
}

/** A form to `/token` or `/revoke`, from the partner app unless `authorization` or the fields say otherwise. */
export function clientPost(
  test: TestApp,
  endpoint: 'token' | 'revoke',
  fields: Fields | string,
  authorization: string | undefined = basic('partner_app', 'partner_secret'),
): Promise<LightMyRequestResponse> {
  return test.request({
    method: 'POST',
    url: `/oauth/aftership/${endpoint}`,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      ...(authorization === '' ? {} : { authorization }),
    },
    payload: typeof fields === 'string' ? fields : new URLSearchParams(fields).toString(),
  })
}

export function basic(id: string, secret: string): string {
  const encoded = [id, secret].map(part => new URLSearchParams({ '': part }).toString().slice(1)).join(':')
  return `Basic ${Buffer.from(encoded).toString('base64')}`
}

export function codeForm(code: string, changes: Fields = {}): Fields {
  return {
    grant_type: 'authorization_code',
    code,
    redirect_uri: CALLBACK,
    code_verifier: VERIFIER,
    ...changes,
  }
}

export interface TokenReply {
  access_token: string
  token_type: string
  expires_in: number
  refresh_token: string
  scope: string
}

/** The whole way: tokens of the partner app. */
export async function connect(test: TestApp, options: ConnectOptions = {}): Promise<TokenReply> {
  return tokensOf(await clientPost(test, 'token', codeForm(await codeFor(test, options))))
}

export function refresh(test: TestApp, refreshToken: string, changes: Fields = {}): Promise<LightMyRequestResponse> {
  return clientPost(test, 'token', { grant_type: 'refresh_token', refresh_token: refreshToken, ...changes })
}

export function tokensOf(reply: LightMyRequestResponse): TokenReply {
  assert.equal(reply.statusCode, 200, reply.body)
  return reply.json<TokenReply>()
}

/** The status of a Members API call with an access token. */
export async function membersStatus(test: TestApp, token: string, method: 'GET' | 'POST' = 'GET'): Promise<number> {
  const payload = { account: { email: 'liu@northwind.test' }, role: { code: 'member' } }
  const reply = await test.request({
    method,
    url: '/admin/2022-01/memberships',
    headers: { 'as-access-token': token },
    ...(method === 'POST' ? { payload } : {}),
  })
  return reply.statusCode
}

/** A call of the control API. */
export function control(test: TestApp, method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, payload?: object) {
  return test.request({
    method,
    url: `/understudy/v1/aftership${path}`,
    headers: { authorization: 'Bearer ust_operator_token' },
    ...(payload === undefined ? {} : { payload }),
  })
}
