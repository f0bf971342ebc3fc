// People at the pages of an app: they sign up, log in with passwords and mailed codes, change what is theirs, and leave.

import { type App, MEMBERS_MAX, type Member, type Wire } from './memberstack-app.ts'
import { json } from './wire.ts'
import { bearer } from './world.ts'

/** So many codes of a purpose an email is mailed in an hour. */
const CODES_MAX = 4

interface Auth {
  data: { tokens: { accessToken: string }; member: Wire }
}

export class Visitors {
  readonly #app: App
  readonly #mailed = new Map<string, number>()
  #made = 0

  constructor(app: App) {
    this.#app = app
  }

  async step(): Promise<void> {
    const acts = [
      () => this.#signUp(),
      () => this.#signUp(),
      () => this.#logIn(),
      () => this.#logIn(),
      () => this.#logInWithCode(),
      () => this.#reset(),
      () => this.#readSelf(),
      () => this.#readSelf(),
      () => this.#updateSelf(),
      () => this.#planSelf(),
      () => this.#logOut(),
      () => this.#leave(),
      () => this.#readApp(),
      () => this.#verifyToken(),
    ]
    await this.#app.random.pick(acts)()
  }

  /** Every token that the model knows still opens its member, and only that. */
  async verify(): Promise<void> {
    for (const member of this.#app.members) {
      for (const token of member.tokens.slice(-2)) await this.#readAs(member, token)
    }
  }

  #keep(member: Member, token: string): void {
    const { ground, viewer, owner, environment } = this.#app
    ground.own(viewer, `${owner}-tokens!`, token)
    ground.board.publish(`memberstack token ${environment}`, owner, token)
    if (!member.tokens.includes(token)) member.tokens.push(token)
  }

  async #signUp(): Promise<void> {
    const { ground, viewer, members, marker } = this.#app
    if (members.length >= MEMBERS_MAX) return
    const [email, fields, password] = [this.#app.email(), this.#app.fields(), `secret of ${marker}`]
    const plans = [...this.#app.plans.keys()].filter(() => this.#app.random.chance(0.3))
    const body = { email, password, customFields: fields, plans: plans.map(planId => ({ planId })) }
    const request = this.#app.page('POST', '/auth/signup', body)
    if (this.#app.holder(email)) return void (await ground.get(viewer, request, 400))
    const { data } = await ground.get<Auth>(viewer, request, 200)
    const member = this.#app.join(data.member.id, { email, password, fields }, plans)
    this.#app.check(data.member, member)
    this.#keep(member, data.tokens.accessToken)
  }

  async #logIn(): Promise<void> {
    const { ground, viewer, random, members } = this.#app
    const known = members.filter(({ password, tokens }) => password !== undefined && tokens.length < 20)
    if (known.length === 0) return
    const member = random.pick(known)
    const body = { email: member.email, password: member.password }
    await this.#enter(member, await ground.get<Auth>(viewer, this.#app.page('POST', '/auth/login', body), 200))
  }

  async #enter(member: Member, { data }: Auth): Promise<void> {
    this.#app.check(data.member, member)
    this.#keep(member, data.tokens.accessToken)
  }

  /** A member that may still be mailed a code for this. */
  #mailable(purpose: string): Member | undefined {
    const { members, random } = this.#app
    const fits = members.filter(({ email }) => {
      return email.includes('@isolation.') && (this.#mailed.get(`${purpose} ${email}`) ?? 0) < CODES_MAX
    })
    if (fits.length === 0) return undefined
    const member = random.pick(fits)
    const key = `${purpose} ${member.email}`
    this.#mailed.set(key, (this.#mailed.get(key) ?? 0) + 1)
    return member
  }

  /** The newest code that was mailed. The mail is this environment's alone. */
  async #code(email: string): Promise<string> {
    const { ground, viewer, parts, seed, owner } = this.#app
    const reader = { ...viewer, name: `a mail of ${owner}` }
    const list = json('GET', `/understudy/v1/mails?to=${encodeURIComponent(email)}&limit=1`, bearer(parts, 'read'))
    const { data } = await ground.get<{ data: { id: string; tenant: string }[] }>(reader, list, 200)
    ground.equal(viewer, 'the tenant of a mail', data[0]?.tenant, seed.id)
    const request = json('GET', `/understudy/v1/mails/${data[0]?.id}`, bearer(parts, 'admin'))
    const { text } = await ground.get<{ text: string }>(reader, request, 200)
    ground.count('mails read')
    return /\b\d{6}\b/.exec(text)?.[0] ?? ''
  }

  async #logInWithCode(): Promise<void> {
    const { ground, viewer, owner } = this.#app
    const member = this.#mailable('login')
    if (!member) return
    const { email } = member
    await ground.get(viewer, this.#app.page('POST', '/auth/passwordless/login/send', { email }), 200)
    const code = await this.#code(email)
    ground.board.publish('memberstack login code', owner, code)
    await new Promise(setImmediate)
    const request = this.#app.page('POST', '/auth/passwordless/login', { email, passwordlessToken: code })
    await this.#enter(member, await ground.get<Auth>(viewer, request, 200))
  }

  async #reset(): Promise<void> {
    const { ground, viewer, owner, marker } = this.#app
    const member = this.#mailable('reset')
    if (!member) return
    const { email } = member
    await ground.get(viewer, this.#app.page('POST', '/auth/send-reset-password-email', { email }), 200)
    const code = await this.#code(email)
    ground.board.publish('memberstack reset code', owner, code)
    await new Promise(setImmediate)
    const newPassword = `new secret ${this.#made++} of ${marker}`
    await ground.get(viewer, this.#app.page('POST', '/auth/reset-password', { token: code, newPassword }), 200)
    member.password = newPassword
    member.tokens = []
  }

  #signedIn(): { member: Member; token: string } | undefined {
    const { members, random } = this.#app
    const known = members.filter(({ tokens }) => tokens.length > 0)
    if (known.length === 0) return undefined
    const member = random.pick(known)
    return { member, token: random.pick(member.tokens) }
  }

  async #readSelf(): Promise<void> {
    const found = this.#signedIn()
    if (found) await this.#readAs(found.member, found.token)
  }

  async #readAs(member: Member, token: string): Promise<void> {
    const { ground, viewer } = this.#app
    const { data } = await ground.get<{ data: Wire | null }>(
      viewer,
      this.#app.page('GET', '/member', undefined, token),
      200,
    )
    if (!data) return ground.broken(viewer, `the token of ${member.id} does not count any more`)
    this.#app.check(data, member)
  }

  async #updateSelf(): Promise<void> {
    const found = this.#signedIn()
    if (!found) return
    const { ground, viewer } = this.#app
    const { member, token } = found
    const fields = this.#app.fields()
    const changed = Object.entries(fields).some(([name, value]) => member.fields[name] !== value)
    const request = this.#app.page('POST', '/member', { customFields: fields }, token)
    const { data } = await ground.get<{ data: Wire }>(viewer, request, 200)
    member.fields = { ...member.fields, ...fields }
    this.#app.check(data, member)
    if (changed) this.#app.tell('member.updated', member.id)
  }

  async #planSelf(): Promise<void> {
    const found = this.#signedIn()
    if (!found) return
    const { ground, viewer, random, plans } = this.#app
    const { member, token } = found
    const planId = random.pick([...plans.keys()])
    const act = member.plans.includes(planId) ? 'remove' : 'add'
    const request = this.#app.page('POST', `/member/plans/${act}`, { planId }, token)
    const { data } = await ground.get<{ data: { member: Wire } }>(viewer, request, 200)
    this.#app.changePlan(member, act === 'add', planId)
    this.#app.check(data.member, member)
  }

  async #logOut(): Promise<void> {
    const found = this.#signedIn()
    if (!found) return
    const { ground, viewer } = this.#app
    const { member, token } = found
    await ground.get(viewer, this.#app.page('POST', '/member/logout', undefined, token), 200)
    member.tokens = member.tokens.filter(one => one !== token)
  }

  async #leave(): Promise<void> {
    const found = this.#signedIn()
    if (!found || this.#app.members.length < 6) return
    await this.#app.ground.get(this.#app.viewer, this.#app.page('DELETE', '/member', undefined, found.token), 200)
    this.#app.forget(found.member)
  }

  async #readApp(): Promise<void> {
    const { ground, viewer, plans, seed, environment } = this.#app
    type Shown = { data: { id: string; mode: string; plans: { id: string; name: string }[] } }
    const { data } = await ground.get<Shown>(viewer, this.#app.page('GET', '/app'), 200)
    ground.equal(viewer, 'the app', [data.id, data.mode], [seed.id, environment])
    const shown = data.plans.map(({ id, name }) => `${id} ${name}`).sort()
    ground.equal(viewer, 'the plans', shown, [...plans].map(([id, name]) => `${id} ${name}`).sort())
  }

  async #verifyToken(): Promise<void> {
    const found = this.#signedIn()
    if (!found) return
    const { ground, viewer, seed } = this.#app
    const request = this.#app.admin('POST', '/members/verify-token', { token: found.token })
    const { data } = await ground.get<{ data: { id: string; aud: string } }>(viewer, request, 200)
    ground.equal(viewer, 'the claims', [data.id, data.aud], [found.member.id, seed.id])
  }
}
