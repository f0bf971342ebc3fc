// A person who connects an app, and the app: links, sessions, codes, tokens, and what is used a second time.

import { createHash } from 'node:crypto'
import type { Shop } from './aftership.ts'
import { newestMail, operate, secretOf, type Town } from './town.ts'
import type { Reply } from './wire.ts'

const CALLBACK = 'http://127.0.0.1:9/callback'
const PATH = '/oauth/aftership'
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

export interface PartnerApp {
  id: string
  secret: string
}

/** Registers an app, and gives it a new secret; both are noted. */
export async function registerApp(town: Town): Promise<PartnerApp> {
  const body = { name: 'Partner', partner: true, redirectUris: [CALLBACK] }
  const made = await operate<{ app: { id: string }; clientSecret: string }>(town, 'POST', '/aftership/apps', body)
  town.ledger.add('OAuth client secret', made.clientSecret)
  const { id } = made.app
  const { clientSecret } = await operate(town, 'POST', `/aftership/apps/${id}/rotate-secret`)
  return { id, secret: town.ledger.add('OAuth client secret', String(clientSecret)) }
}

/** Two grants from consent to their end: one by a refresh token that is used twice, one revoked. */
export async function connectApp(town: Town, app: PartnerApp, { organization }: Shop, email: string): Promise<void> {
  for (const end of ['reuse', 'revoke']) {
    const { code, verifier } = await consent(town, app, organization, email)
    const form = { grant_type: 'authorization_code', redirect_uri: CALLBACK }
    const wrong = secretOf(town, 'OAuth code verifier').padEnd(43, 'x')
    await post(town, app, 'token', { ...form, code, code_verifier: wrong })
    const first = await tokens(town, app, { ...form, code, code_verifier: verifier })
    await town.wire.send({ method: 'GET', path: '/admin/2022-01/roles', headers: { 'as-access-token': first.access } })
    const second = await tokens(town, app, { grant_type: 'refresh_token', refresh_token: first.refresh })
    if (end === 'revoke') await post(town, app, 'revoke', { token: second.access })
    else await post(town, app, 'token', { grant_type: 'refresh_token', refresh_token: first.refresh })
    await town.wire.send({ method: 'GET', path: '/admin/2022-01/roles', headers: { 'as-access-token': second.access } })
    await post(town, { ...app, secret: secretOf(town, 'OAuth client secret') }, 'revoke', { token: second.refresh })
  }
}

async function consent(town: Town, app: PartnerApp, organization: string, email: string) {
  const verifier = secretOf(town, 'OAuth code verifier')
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: app.id,
    redirect_uri: CALLBACK,
    scope: 'aftership:members:read',
    state: 'a state is not a credential',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  })
  const browser = new Browser(town)
  await browser.submit(await browser.get(`${PATH}/authorize?${query}`), { email })
  const link = /\/sign-in\/([\w-]+)/.exec(await newestMail(town, email))?.[1] ?? ''
  town.ledger.add('sign-in link', link)
  town.tick()
  const path = `${PATH}/sign-in/${link}`
  const signedIn = await browser.submit(await browser.get(path), {}, path)
  const allowed = await browser.submit(await browser.get(signedIn.headers.location ?? ''), {
    organization,
    decision: 'allow',
  })
  const code = new URL(allowed.headers.location ?? '').searchParams.get('code') ?? ''
  return { code: town.ledger.add('OAuth code', code), verifier }
}

function post(town: Town, { id, secret }: PartnerApp, endpoint: 'token' | 'revoke', form: Record<string, string>) {
  const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
  const body = new URLSearchParams(form).toString()
  return town.wire.send({ method: 'POST', path: `${PATH}/${endpoint}`, headers: { ...FORM, authorization }, body })
}

async function tokens(town: Town, app: PartnerApp, form: Record<string, string>) {
  const { status, body } = await post(town, app, 'token', form)
  if (status !== 200) throw new Error(`no tokens, but ${status}: ${body}`)
  const { access_token: access, refresh_token: refresh } = JSON.parse(body)
  town.ledger.add('OAuth access token', access)
  town.ledger.add('OAuth refresh token', refresh)
  return { access, refresh } as { access: string; refresh: string }
}

/** Keeps its cookie, and fills in the forms that it is shown. */
class Browser {
  readonly #town: Town
  #cookie = ''

  constructor(town: Town) {
    this.#town = town
  }

  get(path: string): Promise<Reply> {
    return this.#send('GET', path)
  }

  submit({ body }: Reply, fields: Record<string, string>, path?: string): Promise<Reply> {
    const hidden = [...body.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g)].map(
      ([, name = '', value = '']) => [name, value.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)))],
    )
    const target = path ?? /<form method="post" action="([^"]+)"/.exec(body)?.[1] ?? ''
    const form = new URLSearchParams({ ...Object.fromEntries(hidden), ...fields })
    return this.#send('POST', target, form.toString())
  }

  async #send(method: string, path: string, body?: string): Promise<Reply> {
    const headers = { ...FORM, ...(this.#cookie === '' ? {} : { cookie: this.#cookie }) }
    const reply = await this.#town.wire.send({ method, path, headers, ...(body === undefined ? {} : { body }) })
    if (reply.status >= 400) throw new Error(`${method} ${path} was answered with ${reply.status}: ${reply.body}`)
    const set = reply.headers['set-cookie']?.split(';', 1)[0]
    if (set !== undefined) {
      this.#cookie = set
      this.#town.ledger.add('OAuth session', set.slice(set.indexOf('=') + 1))
    }
    return reply
  }
}
