// What an organization's owner allows its partner app: the whole way through the pages, tokens used, refreshed and ended,
// and the app's attempts with codes and tokens of others.

import { createHash } from 'node:crypto'
import { Browser } from './aftership-browser.ts'
import { M, type Organization } from './aftership-organization.ts'
import { COMMON_OWNER, type Viewer } from './marks.ts'
import { form, json } from './wire.ts'
import { CALLBACK } from './world.ts'

/** A stolen code comes with it: the code alone must not do. */
const VERIFIER = 'a-verifier-that-all-apps-share-as-if-they-knew-no-better'
/** An account is mailed five links an hour. */
const GRANTS_MAX = 9
const AUTHORIZE = '/oauth/aftership/authorize'
const SIGN_IN = /\/oauth\/aftership\/sign-in\/([A-Za-z0-9_-]+)/

interface Tokens {
  access_token: string
  refresh_token: string
}

export class Grants {
  readonly #organization: Organization
  /** The app's: it sees its tokens, too. */
  readonly #viewer: Viewer
  #tokens: Tokens | undefined
  #made = 0

  constructor(organization: Organization) {
    this.#organization = organization
    const { name, viewer } = organization
    const sees = (owner: string) => viewer.sees(owner) || owner === `${name}/oauth!`
    this.#viewer = { name: `the app of ${name}`, sees, learns: viewer.learns }
  }

  async step(): Promise<void> {
    const { random } = this.#organization
    if (!this.#tokens) return this.#connect()
    const acts = [
      () => this.#use(),
      () => this.#refresh(),
      () => this.#steal(),
      () => this.#steal(),
      () => this.#revoke(),
    ]
    await random.pick(acts)()
  }

  /** The tokens that the model knows still open the organization, whatever others tried. */
  async verify(): Promise<void> {
    if (!this.#tokens) return
    await this.#use()
    await this.#refresh()
  }

  async #connect(): Promise<void> {
    const { ground, seed } = this.#organization
    if (this.#made >= GRANTS_MAX) return
    const email = seed.owners[this.#made++ % seed.owners.length] ?? ''
    const challenge = createHash('sha256').update(VERIFIER).digest('base64url')
    ground.own(this.#viewer, COMMON_OWNER, challenge)
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: seed.app.clientId,
      redirect_uri: CALLBACK,
      scope: 'aftership:members:read',
      state: seed.marker,
      code_challenge: challenge,
      code_challenge_method: 'S256',
    })
    const browser = new Browser(this.#organization, this.#viewer)
    const signIn = await browser.get(`${AUTHORIZE}?${query}`)
    await browser.submit(signIn, '/oauth/aftership/sign-in', { email })
    const link = await this.#organization.mailed(email, SIGN_IN)
    if (link === undefined) return ground.broken(this.#viewer, `${email} was not mailed a link`)
    const entered = await browser.submit(await browser.get(link), link, {})
    const consent = await browser.get(String(entered.headers.location))
    const offered = [...consent.text.matchAll(/<option value="([^"]+)">/g)].map(([, id]) => id)
    ground.equal(this.#viewer, 'the organizations to choose from', offered, [seed.id])
    const allowed = await browser.submit(consent, AUTHORIZE, { organization: seed.id, decision: 'allow' })
    const code = new URL(String(allowed.headers.location)).searchParams.get('code') ?? ''
    const { name } = this.#organization
    ground.own(this.#viewer, `${name}/oauth!`, code)
    ground.board.publish('aftership code', `${name}/oauth!`, code)
    // Somebody may try it before it is used: that changes nothing.
    await new Promise(setImmediate)
    const fields = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: VERIFIER }
    this.#keep(await ground.get<Tokens>(this.#viewer, this.#post('token', fields), 200))
    ground.count('OAuth grants')
  }

  #keep(tokens: Tokens): void {
    const { ground, name } = this.#organization
    this.#tokens = tokens
    ground.own(this.#viewer, `${name}/oauth!`, tokens.access_token, tokens.refresh_token)
    ground.board.publish('aftership access', `${name}/oauth!`, tokens.access_token)
    ground.board.publish('aftership refresh', `${name}/oauth!`, tokens.refresh_token)
  }

  #post(endpoint: 'token' | 'revoke', fields: Record<string, string>) {
    const { clientId, clientSecret } = this.#organization.seed.app
    const body = { ...fields, client_id: clientId, client_secret: clientSecret }
    return form(`/oauth/aftership/${endpoint}`, this.#organization.address(), body)
  }

  async #use(): Promise<void> {
    const { ground } = this.#organization
    const request = json('GET', `${M}?limit=1`, { 'as-access-token': this.#tokens?.access_token ?? '' })
    type Body = { data: { pagination: { total: number } } }
    const { data } = await ground.get<Body>(this.#viewer, request, 200)
    ground.equal(this.#viewer, 'the total', data.pagination.total, this.#organization.live().length)
  }

  async #refresh(): Promise<void> {
    const { ground } = this.#organization
    const fields = { grant_type: 'refresh_token', refresh_token: this.#tokens?.refresh_token ?? '' }
    this.#keep(await ground.get<Tokens>(this.#viewer, this.#post('token', fields), 200))
  }

  async #revoke(): Promise<void> {
    if (this.#made >= GRANTS_MAX) return
    const token = this.#tokens?.access_token ?? ''
    await this.#organization.ground.get(this.#viewer, this.#post('revoke', { token }), 200)
    this.#tokens = undefined
  }

  async #steal(): Promise<void> {
    const { ground, random } = this.#organization
    const kind = random.pick(['code', 'refresh', 'access'])
    const foreign = ground.board.steal(random, this.#viewer, `aftership ${kind}`)
    if (foreign === undefined) return
    const grants = {
      code: (code: string) => ({
        grant_type: 'authorization_code',
        code,
        redirect_uri: CALLBACK,
        code_verifier: VERIFIER,
      }),
      refresh: (token: string) => ({ grant_type: 'refresh_token', refresh_token: token }),
      access: (token: string) => ({ grant_type: 'refresh_token', refresh_token: token }),
    }
    const fieldsOf = grants[kind as keyof typeof grants]
    const requestOf = (word: string) => this.#post('token', fieldsOf(word))
    const { status } = await ground.attack(this.#viewer, requestOf, [foreign, ground.marks.letters(foreign.length)])
    ground.equal(this.#viewer, `the answer to another app's ${kind}`, status, 400)
  }
}
