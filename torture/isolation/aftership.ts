// What an AfterShip organization does: members, roles, invitations; each answer against the model.

import { Grants } from './aftership-grants.ts'
import { M, type Member, type Organization, type Wire } from './aftership-organization.ts'
import { OrganizationHooks } from './aftership-webhooks.ts'
import { lookAtDelivery } from './deliveries.ts'
import type { Actor } from './ground.ts'
import { json } from './wire.ts'
import { bearer, PEOPLE } from './world.ts'

export class AftershipActor implements Actor {
  readonly name: string
  readonly #organization: Organization
  readonly #grants: Grants
  readonly #hooks: OrganizationHooks

  constructor(organization: Organization) {
    this.name = organization.name
    this.#organization = organization
    this.#grants = new Grants(organization)
    this.#hooks = new OrganizationHooks(organization)
  }

  async step(): Promise<void> {
    const acts = [
      () => this.#invite(),
      () => this.#invite(),
      () => this.#change(),
      () => this.#remove(),
      () => this.#restore(),
      () => this.#list(),
      () => this.#find(),
      () => this.#confirm(),
      () => this.#makeRole(),
      () => this.#hooks.step(),
      () => this.#grants.step(),
      () => this.#look(),
    ]
    await this.#organization.random.pick(acts)()
  }

  async #invite(): Promise<void> {
    const email = this.#organization.random.pick([...PEOPLE, ...this.#organization.seed.people])
    const role = this.#organization.random.pick([...this.#organization.roles.keys()].filter(code => code !== 'owner'))
    const known = this.#organization.live().some(member => member.email === email)
    const body = { account: { email }, role: { code: role } }
    const request = this.#organization.request('POST', M, body)
    if (known) return void (await this.#organization.ground.get(this.#organization.viewer, request, 409))
    const { data } = await this.#organization.ground.get<{ data: Wire & { membership: Wire } }>(
      this.#organization.viewer,
      request,
      201,
    )
    const member = this.#organization.join({ id: data.id, email, role, pending: this.#organization.seed.verifies })
    this.#organization.ground.own(this.#organization.viewer, `${this.name}/data`, data.id)
    this.#organization.ground.board.publish('aftership membership', `${this.name}/data`, data.id)
    this.#organization.check(data.membership, member)
    this.#hooks.tell('membership.created', data.id)
  }

  async #change(): Promise<void> {
    const member = this.#organization.random.pick(this.#organization.live())
    const role = this.#organization.random.pick([...this.#organization.roles.keys()].filter(code => code !== 'owner'))
    const request = this.#organization.request('PATCH', `${M}/${member.id}`, { role: { code: role } })
    if (member.role === 'owner')
      return void (await this.#organization.ground.get(this.#organization.viewer, request, 403))
    const { data } = await this.#organization.ground.get<{ data: { membership: Wire } }>(
      this.#organization.viewer,
      request,
      200,
    )
    const changed = member.role !== role
    member.role = role
    this.#organization.check(data.membership, member)
    if (changed) this.#hooks.tell('membership.updated', member.id)
  }

  async #remove(): Promise<void> {
    const removable = this.#organization.live().filter(({ role }) => role !== 'owner')
    if (removable.length < 3) return
    const member = this.#organization.random.pick(removable)
    await this.#organization.ground.get(
      this.#organization.viewer,
      this.#organization.request('DELETE', `${M}/${member.id}`),
      200,
    )
    member.deleted = true
    this.#hooks.tell('membership.deleted', member.id)
  }

  async #restore(): Promise<void> {
    const deleted = this.#organization.members.filter(member => member.deleted)
    if (deleted.length === 0) return
    const member = this.#organization.random.pick(deleted)
    const invitedAgain = this.#organization.live().some(({ email }) => email === member.email)
    const request = this.#organization.control('POST', `/memberships/${member.id}/restore`)
    await this.#organization.ground.get(this.#organization.operator, request, invitedAgain ? 409 : 200)
    if (!invitedAgain) member.deleted = false
  }

  async #list(): Promise<void> {
    const all = this.#organization.live().sort((one, other) => one.position - other.position)
    const limit = this.#organization.random.between(1, 9)
    const page = this.#organization.random.between(1, Math.ceil(all.length / limit) + 1)
    const { data } = await this.#organization.ground.get<{ data: { memberships: Wire[]; pagination: object } }>(
      this.#organization.viewer,
      this.#organization.request('GET', `${M}?page=${page}&limit=${limit}`),
      200,
    )
    this.#organization.ground.equal(this.#organization.viewer, 'the pagination', data.pagination, {
      page,
      limit,
      total: all.length,
    })
    this.#organization.compare(data.memberships, all.slice((page - 1) * limit, page * limit))
  }

  async #find(): Promise<void> {
    const email = this.#organization.random.pick([...PEOPLE, ...this.#organization.seed.people])
    const found = this.#organization.live().filter(member => member.email === email)
    const query = `?email=${encodeURIComponent(email)}`
    const { data } = await this.#organization.ground.get<{ data: { memberships: Wire[] } }>(
      this.#organization.viewer,
      this.#organization.request('GET', M + query),
      200,
    )
    this.#organization.compare(data.memberships, found)
  }

  /** The mail that invited somebody, and its link. A person of several organizations gets mails of each. */
  async #confirm(): Promise<void> {
    const own = (member: Member) => member.pending && this.#organization.seed.people.includes(member.email)
    const pending = this.#organization.live().filter(own)
    if (pending.length === 0) return
    const member = this.#organization.random.pick(pending)
    const link = await this.#organization.mailed(member.email, /\/invitations\/aftership\/([A-Za-z0-9_-]+)/)
    if (link === undefined)
      return this.#organization.ground.broken(this.#organization.viewer, `${member.email} was not mailed an invitation`)
    await this.#organization.ground.get(
      this.#organization.viewer,
      { method: 'POST', path: link, headers: this.#organization.address() },
      200,
    )
    member.pending = false
    this.#hooks.tell('membership.activated', member.id)
  }

  async #makeRole(): Promise<void> {
    const roles = { data: [...this.#organization.roles].map(([code, name]) => ({ code, name })) }
    const { data } = await this.#organization.ground.get<{ data: { roles: object } }>(
      this.#organization.viewer,
      this.#organization.request('GET', '/admin/2022-01/roles'),
      200,
    )
    this.#organization.ground.equal(this.#organization.viewer, 'the roles', data.roles, roles.data)
    if (this.#organization.roles.size > 8) return
    // One that every organization has, under a name of its own.
    const code = `shared_${this.#organization.roles.size}`
    const name = `Shared ${this.#organization.seed.marker}`
    await this.#organization.ground.get(
      this.#organization.operator,
      this.#organization.control('POST', '/roles', { code, name }),
      201,
    )
    this.#organization.roles.set(code, name)
  }

  /** What the operator sees of this organization. */
  async #look(): Promise<void> {
    const { id } = this.#organization.seed
    const read = (path: string) =>
      this.#organization.ground.get<{ data: { id: string }[]; next: string | null }>(
        this.#organization.operator,
        json('GET', `/understudy/v1${path}`, bearer(this.#organization.parts, 'read')),
        200,
      )
    const hooks = await read(`/aftership/organizations/${id}/webhooks`)
    const ids = (list: { id: string }[]) => list.map(one => one.id).sort()
    this.#organization.ground.equal(
      this.#organization.operator,
      'the webhooks',
      ids(hooks.data),
      this.#hooks.ids().sort(),
    )
    const state = this.#organization.random.pick(['pending', 'active', 'deleted'])
    const { data } = await read(`/aftership/organizations/${id}/memberships?status=${state}&limit=200`)
    const fits = (member: Member) =>
      state === 'deleted' ? member.deleted : !member.deleted && member.pending === (state === 'pending')
    this.#organization.ground.equal(
      this.#organization.operator,
      `the ${state} memberships`,
      ids(data),
      ids(this.#organization.members.filter(fits)),
    )
    const sent = (await read(`/aftership/organizations/${id}/deliveries?limit=20`)).data
    for (const one of sent)
      this.#organization.ground.board.publish('aftership delivery', `${this.name}/operator`, one.id)
    await lookAtDelivery(
      this.#organization,
      this.#organization.operator,
      path => this.#organization.control('GET', path),
      sent,
    )
    const publish = (kind: string, word: string) =>
      this.#organization.ground.board.publish(`aftership ${kind}`, `${this.name}/operator`, word)
    const events = await read(`/events?vendor=aftership&tenant=${id}&limit=50`)
    for (const event of events.data.slice(-5)) publish('event', event.id)
    await read(`/keys?vendor=aftership&tenant=${id}`)
    const grants = await read(`/aftership/organizations/${id}/grants?limit=1`)
    for (const grant of grants.data) publish('grant', grant.id)
    if (grants.next !== null) publish('cursor', grants.next)
  }

  async verify(): Promise<void> {
    const all = this.#organization.live().sort((one, other) => one.position - other.position)
    const request = this.#organization.request('GET', `${M}?limit=200`)
    const { data } = await this.#organization.ground.get<{ data: { memberships: Wire[] } }>(
      this.#organization.viewer,
      request,
      200,
    )
    this.#organization.compare(data.memberships, all)
    await this.#look()
    await this.#grants.verify()
  }
}
