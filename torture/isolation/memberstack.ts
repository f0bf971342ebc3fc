// What an environment of a Memberstack app does: members come, change and go; each answer against the model.

import { lookAtDelivery } from './deliveries.ts'
import type { Actor } from './ground.ts'
import type { Viewer } from './marks.ts'
import { type App, MEMBERS_MAX, type Wire } from './memberstack-app.ts'
import { Visitors } from './memberstack-visitors.ts'
import { MemberHooks } from './memberstack-webhooks.ts'
import { json } from './wire.ts'
import { bearer } from './world.ts'

export class MemberstackActor implements Actor {
  readonly name: string
  readonly #app: App
  readonly #visitors: Visitors
  readonly #hooks: MemberHooks

  constructor(app: App) {
    this.name = app.name
    this.#app = app
    this.#visitors = new Visitors(app)
    this.#hooks = new MemberHooks(app)
  }

  async step(): Promise<void> {
    const acts = [
      () => this.#create(),
      () => this.#create(),
      () => this.#update(),
      () => this.#plan(),
      () => this.#remove(),
      () => this.#restore(),
      () => this.#retrieve(),
      () => this.#walk(),
      () => this.#visitors.step(),
      () => this.#visitors.step(),
      () => this.#visitors.step(),
      () => this.#hooks.step(),
      () => this.#look(),
    ]
    await this.#app.random.pick(acts)()
  }

  async #create(): Promise<void> {
    if (this.#app.members.length >= MEMBERS_MAX) return
    const [email, fields] = [this.#app.email(), this.#app.fields()]
    const password = `password of ${this.#app.marker}`
    const plans = [...this.#app.plans.keys()].filter(() => this.#app.random.chance(0.3))
    const body = { email, password, customFields: fields, plans: plans.map(planId => ({ planId })) }
    const request = this.#app.admin('POST', '/members', body)
    if (this.#app.holder(email)) return void (await this.#app.ground.get(this.#app.viewer, request, 400))
    const { data } = await this.#app.ground.get<{ data: Wire }>(this.#app.viewer, request, 200)
    this.#app.check(data, this.#app.join(data.id, { email, password, fields }, plans))
  }

  async #update(): Promise<void> {
    if (this.#app.members.length === 0) return
    const member = this.#app.random.pick(this.#app.members)
    const fields = this.#app.fields()
    const changed = Object.entries(fields).some(([name, value]) => member.fields[name] !== value)
    const request = this.#app.admin(this.#app.random.pick(['PATCH', 'POST']), `/members/${member.id}`, {
      customFields: fields,
    })
    const { data } = await this.#app.ground.get<{ data: Wire }>(this.#app.viewer, request, 200)
    member.fields = { ...member.fields, ...fields }
    this.#app.check(data, member)
    if (changed) this.#app.tell('member.updated', member.id)
  }

  async #plan(): Promise<void> {
    if (this.#app.members.length === 0) return
    const member = this.#app.random.pick(this.#app.members)
    const planId = this.#app.random.pick([...this.#app.plans.keys()])
    const held = member.plans.includes(planId)
    const act = this.#app.random.pick(['add', 'remove'])
    const request = this.#app.admin('POST', `/members/${member.id}/${act}-plan`, { planId })
    await this.#app.ground.get(this.#app.viewer, request, act === 'remove' && !held ? 400 : 200)
    this.#app.changePlan(member, act === 'add', planId)
  }

  async #remove(): Promise<void> {
    if (this.#app.members.length < 6) return
    const member = this.#app.random.pick(this.#app.members)
    await this.#app.ground.get(this.#app.viewer, this.#app.admin('DELETE', `/members/${member.id}`), 200)
    this.#app.forget(member)
  }

  async #restore(): Promise<void> {
    if (this.#app.deleted.length === 0) return
    const member = this.#app.random.pick(this.#app.deleted)
    const taken = this.#app.holder(member.email) !== undefined
    const request = this.#app.control('POST', `/members/${member.id}/restore`)
    await this.#app.ground.get(this.#app.operator, request, taken ? 409 : 200)
    if (taken) return
    this.#app.deleted.splice(this.#app.deleted.indexOf(member), 1)
    this.#app.members.push(member)
  }

  /** By id, or by an email that this environment may have or not. */
  async #retrieve(): Promise<void> {
    const email = this.#app.email()
    const member = this.#app.random.chance(0.5) ? this.#app.holder(email) : this.#app.random.pick(this.#app.members)
    const asked = member && this.#app.random.chance(0.5) ? member.id : (member?.email ?? email)
    const request = this.#app.admin('GET', `/members/${encodeURIComponent(asked)}`)
    const { data } = await this.#app.ground.get<{ data: Wire | null }>(this.#app.viewer, request, 200)
    if (data && member) this.#app.check(data, member)
    else this.#app.ground.equal(this.#app.viewer, `the member ${asked}`, data, member === undefined ? null : member.id)
  }

  async #walk(): Promise<void> {
    const limit = this.#app.random.between(3, 20)
    const order = this.#app.random.pick(['ASC', 'DESC'])
    type Page = { totalCount: number; endCursor: number; hasNextPage: boolean; data: Wire[] }
    const shown: Wire[] = []
    for (let after = 0, more = true; more; ) {
      const query = `?limit=${limit}&order=${order}&after=${after}`
      const page = await this.#app.ground.get<Page>(this.#app.viewer, this.#app.admin('GET', `/members${query}`), 200)
      this.#app.ground.equal(this.#app.viewer, 'the total', page.totalCount, this.#app.members.length)
      shown.push(...page.data)
      after = page.endCursor
      more = page.hasNextPage
    }
    const ids = (list: { id: string }[]) => list.map(({ id }) => id).sort()
    this.#app.ground.equal(this.#app.viewer, 'all members', ids(shown), ids(this.#app.members))
    for (const one of shown) {
      const member = this.#app.members.find(({ id }) => id === one.id)
      if (member) this.#app.check(one, member)
    }
  }

  /** What the operator sees of this environment. */
  async #look(): Promise<void> {
    const { operator, environment } = this.#app
    type List = { data: { id: string }[] }
    const ids = (list: { id: string }[]) => list.map(({ id }) => id).sort()
    const reader = this.#operatorHere()
    for (const [state, wanted] of [
      ['live', this.#app.members],
      ['deleted', this.#app.deleted],
    ] as const) {
      const request = this.#app.control('GET', `/members?environment=${environment}&state=${state}&limit=200`)
      const { data } = await this.#app.ground.get<List>(reader, request, 200)
      this.#app.ground.equal(reader, `the ${state} members`, ids(data), ids(wanted))
    }
    const { data } = await this.#app.ground.get<List>(operator, this.#app.control('GET', '/deliveries?limit=20'), 200)
    for (const { id } of data)
      this.#app.ground.board.publish('memberstack delivery', `${this.#app.seed.tenant}/operator`, id)
    await lookAtDelivery(this.#app, operator, path => this.#app.control('GET', path), data)
    const which = `vendor=memberstack&tenant=${this.#app.seed.id}&limit=50`
    await this.#app.ground.get(
      operator,
      json('GET', `/understudy/v1/events?${which}`, bearer(this.#app.parts, 'read')),
      200,
    )
    await this.#app.ground.get(
      operator,
      json('GET', `/understudy/v1/keys?${which}`, bearer(this.#app.parts, 'read')),
      200,
    )
  }

  /** The operator, who asked for one environment: of the other nothing is shown. */
  #operatorHere(): Viewer {
    const seen = [this.#app.owner, `${this.#app.seed.tenant}/app`, `${this.#app.seed.tenant}/operator`]
    return { ...this.#app.operator, name: `the operator of ${this.name}`, sees: owner => seen.includes(owner) }
  }

  async verify(): Promise<void> {
    await this.#walk()
    await this.#look()
    await this.#visitors.verify()
    await this.#hooks.verify()
  }
}
