// What an EasyPost family does: children come, change and go; each answer against the model.

import { lookAtDelivery } from './deliveries.ts'
import { Endpoints } from './easypost-endpoints.ts'
import { type Family, type Key, MODES, type User } from './easypost-family.ts'
import { Keys } from './easypost-keys.ts'
import type { Actor } from './ground.ts'
import { json } from './wire.ts'
import { bearer, SAME } from './world.ts'

const CHILDREN_MAX = 12

export class EasypostActor implements Actor {
  readonly name: string
  readonly #family: Family
  readonly #endpoints: Endpoints
  readonly #keys: Keys
  #made = 0

  constructor(family: Family) {
    this.name = family.name
    this.#family = family
    this.#endpoints = new Endpoints(family)
    this.#keys = new Keys(family)
  }

  async step(): Promise<void> {
    const acts = [
      () => this.#create(),
      () => this.#create(),
      () => this.#rename(),
      () => this.#brand(),
      () => this.#read(),
      () => this.#pages(),
      () => this.#remove(),
      () => this.#restore(),
      () => this.#keys.step(),
      () => this.#keys.step(),
      () => this.#keys.step(),
      () => this.#endpoints.step(),
      () => this.#endpoints.step(),
      () => this.#look(),
    ]
    await this.#family.random.pick(acts)()
  }

  async #create(): Promise<void> {
    if (this.#family.live().length >= CHILDREN_MAX) return
    const nth = String(this.#made++)
    const owner = `${this.#family.name}/child${nth}`
    const name = `Child ${this.#family.ground.marks.marker(owner)}`
    const email = `child.${name.slice(6)}@isolation.test`
    const request = this.#family.request(this.#family.parent, 'production', 'POST', '/users', { user: { name, email } })
    const production = this.#family.parent.viewers.production
    const { id, api_keys: keys } = await this.#family.ground.get<{ id: string; api_keys: Key[] }>(
      production,
      request,
      201,
    )
    const child = this.#family.child(id, name, nth)
    this.#family.ground.own(production, owner, id)
    for (const { id: keyId, key, mode } of keys) this.#family.keep(child, { id: keyId, key, mode, active: true })
    this.#family.ground.board.publish('easypost user', owner, id)
    this.#family.tell('user.created', id)
  }

  /** A user renames itself, or a parent its child. */
  async #rename(): Promise<void> {
    const user = this.#family.random.pick(this.#family.everybody())
    if (user.id === SAME.child) return
    const by = this.#family.random.pick([user, this.#family.parent])
    const [, marker = ''] = /(zq\w{8}qz)/.exec(user.name) ?? []
    const name = `${this.#family.random.pick(['Child', 'User', 'Shop'])} ${marker}`
    const path = by === user && this.#family.random.chance(0.3) ? '/users' : `/users/${user.id}`
    const request = this.#family.request(by, 'production', this.#family.random.pick(['PUT', 'PATCH']), path, {
      user: { name },
    })
    const { name: shown } = await this.#family.ground.get<{ name: string }>(by.viewers.production, request, 200)
    this.#family.ground.equal(by.viewers.production, 'the name', shown, name)
    if (user.name !== name) this.#family.tell('user.updated', user.id)
    user.name = name
  }

  async #brand(): Promise<void> {
    const user = this.#family.random.pick(this.#family.everybody())
    const body = { brand: { color: '#123456', ad: `ad of ${user.name}` } }
    const request = this.#family.request(this.#family.parent, 'production', 'PATCH', `/users/${user.id}/brand`, body)
    type Brand = { id: string; user_id: string; name: string }
    const brand = await this.#family.ground.get<Brand>(this.#family.parent.viewers.production, request, 200)
    const part = user.nth === '' ? 'record' : `child${user.nth}`
    this.#family.ground.own(user.viewers.production, `${this.#family.name}/${part}`, brand.id)
    this.#family.ground.equal(user.viewers.production, 'the brand', [brand.user_id, brand.name], [user.id, user.name])
  }

  async #read(): Promise<void> {
    const user = this.#family.random.pick(this.#family.everybody())
    const mode = this.#family.random.pick(MODES)
    const viewer = user.viewers[mode]
    if (user.id === SAME.child) return
    const path = this.#family.random.pick(['/users', `/users/${user.id}`])
    type Record = { id: string; name: string; children?: { id: string; name: string }[] }
    const request = this.#family.request(user, mode, 'GET', path)
    const { id, name, children } = await this.#family.ground.get<Record>(viewer, request, 200)
    this.#family.ground.equal(viewer, 'the own record', [id, name], [user.id, user.name])
    const wanted = mode === 'production' ? this.#family.live() : []
    const shown = user === this.#family.parent ? shownOf(wanted) : undefined
    this.#family.ground.equal(viewer, 'the children', children && shownOf(children), shown)
  }

  async #pages(): Promise<void> {
    const { production } = this.#family.parent.viewers
    const newestFirst = this.#family.random.chance(0.5)
    const base = newestFirst ? `/users/${this.#family.seed.id}/children` : '/users/children'
    const size = this.#family.random.between(1, 5)
    type Page = { children: User[]; has_more: boolean }
    const walked: User[] = []
    for (let more = true; more; ) {
      const last = walked.at(-1)?.id
      const cursor = last === undefined ? '' : `&${newestFirst ? 'before_id' : 'after_id'}=${last}`
      const request = this.#family.request(
        this.#family.parent,
        'production',
        'GET',
        `${base}?page_size=${size}${cursor}`,
      )
      const page = await this.#family.ground.get<Page>(production, request, 200)
      walked.push(...page.children)
      more = page.has_more
    }
    const wanted = newestFirst ? this.#family.live().toReversed() : this.#family.live()
    this.#family.ground.equal(production, 'the pages of children', shownOf(walked), shownOf(wanted))
    const child = this.#family.random.pick(this.#family.everybody())
    if (child === this.#family.parent || child.id === SAME.child) return
    const none = await this.#family.ground.get<Page>(
      child.viewers.production,
      this.#family.request(child, 'production', 'GET', '/users/children'),
      200,
    )
    this.#family.ground.equal(child.viewers.production, "a child's children", none.children, [])
  }

  async #remove(): Promise<void> {
    const child = this.#family.random.pick(this.#family.everybody())
    if (child === this.#family.parent || child.id === SAME.child || this.#family.live().length < 4) return
    const request = this.#family.request(this.#family.parent, 'production', 'DELETE', `/users/${child.id}`)
    await this.#family.ground.get(this.#family.parent.viewers.production, request, 204)
    child.deleted = true
    this.#endpoints.forget(child)
    this.#family.tell('user.deleted', child.id)
  }

  async #restore(): Promise<void> {
    const deleted = this.#family.children.filter(child => child.deleted)
    if (deleted.length === 0) return
    const child = this.#family.random.pick(deleted)
    await this.#family.ground.get(
      this.#family.operator,
      this.#family.control('POST', `/children/${child.id}/restore`),
      200,
    )
    child.deleted = false
  }

  /** What the operator sees of this family. */
  async #look(): Promise<void> {
    const { operator, seed } = this.#family
    type List = { data: { id: string; name: string }[] }
    for (const state of ['live', 'deleted']) {
      const { data } = await this.#family.ground.get<List>(
        operator,
        this.#family.control('GET', `/children?status=${state}&limit=200`),
        200,
      )
      const wanted = this.#family.children.filter(child => child.deleted === (state === 'deleted'))
      this.#family.ground.equal(operator, `the ${state} children`, shownOf(data), shownOf(wanted))
    }
    const read = bearer(this.#family.parts, 'read')
    const { data } = await this.#family.ground.get<List>(
      operator,
      this.#family.control('GET', '/deliveries?limit=20'),
      200,
    )
    for (const { id } of data)
      this.#family.ground.board.publish('easypost delivery', `${this.#family.name}/operator`, id)
    await lookAtDelivery(this.#family, operator, path => this.#family.control('GET', path), data)
    await this.#family.ground.get(
      operator,
      json('GET', `/understudy/v1/events?vendor=easypost&tenant=${seed.id}`, read),
      200,
    )
    await this.#family.ground.get(
      operator,
      json('GET', `/understudy/v1/keys?vendor=easypost&tenant=${seed.id}`, read),
      200,
    )
  }

  async verify(): Promise<void> {
    if (this.#family.children.length === 0)
      this.#family.child(SAME.child, `Same ${this.#family.seed.marker}`, String(this.#made++))
    await this.#pages()
    await this.#keys.learn()
    await this.#look()
    await this.#endpoints.verify()
  }
}

function shownOf(users: readonly { id: string; name: string }[]): string[] {
  return users.map(({ id, name }) => `${id} ${name}`)
}
