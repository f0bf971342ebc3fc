// Webhooks and events of a family: each user has its own in each mode, and only the parent in production hears of users
// and keys.

import { createHmac } from 'node:crypto'
import { type Family, MODES, type Mode, type User } from './easypost-family.ts'
import type { Hook } from './receiver.ts'
import { SAME } from './world.ts'

interface Endpoint {
  id: string
  hook: Hook
  user: User
  mode: Mode
}

const ENDPOINTS_MAX = 10
/** The feed is walked to its end while it is this long. */
const WALKED_MAX = 300

export class Endpoints {
  readonly #family: Family
  #endpoints: Endpoint[] = []
  readonly #told: string[] = []
  #made = 0

  constructor(family: Family) {
    this.#family = family
    family.listen((event, id) => this.#tell(event, id))
  }

  async step(): Promise<void> {
    const acts = [() => this.#add(), () => this.#list(), () => this.#list(), () => this.#feed(), () => this.#change()]
    await this.#family.random.pick([...acts, () => this.#drop()])()
  }

  #tell(event: string, id: string): void {
    this.#told.push(event)
    for (const { user, mode, hook } of this.#endpoints) {
      if (user === this.#family.parent && mode === 'production') hook.expected.push(`${event} ${id}`)
    }
  }

  /** A child is gone, and its webhooks with it. */
  forget(user: User): void {
    for (const { hook } of this.#endpoints.filter(one => one.user === user)) hook.removed = true
    this.#endpoints = this.#endpoints.filter(one => one.user !== user)
  }

  #owner(user: User, mode: Mode): string {
    return `${this.#family.name}/${user.nth === '' ? mode : `child${user.nth}-${mode}`}`
  }

  async #add(): Promise<void> {
    const { ground, random, name } = this.#family
    const user = random.pick(this.#family.everybody())
    const mode = random.pick(MODES)
    if (this.#endpoints.length >= ENDPOINTS_MAX || user.id === SAME.child) return
    const owner = this.#owner(user, mode)
    const viewer = user.viewers[mode]
    const path = `/${name}/${ground.marks.marker(owner)}/${this.#made++}`
    const [secret, value] = [ground.marks.letters(32), ground.marks.letters(20)]
    ground.own(viewer, `${owner}-secret!`, secret)
    ground.own(viewer, owner, value)
    const url = ground.parts.receiver.url + path
    const headers = [{ name: 'x-own', value }]
    const body = { webhook: { url, webhook_secret: secret, custom_headers: headers } }
    const { id } = await ground.get<{ id: string }>(
      viewer,
      this.#family.request(user, mode, 'POST', '/webhooks', body),
      201,
    )
    ground.own(viewer, owner, id)
    ground.board.publish('easypost webhook', owner, id)
    const hook = ground.parts.receiver.add({
      viewer,
      path,
      read({ headers: sent, body: text }) {
        if (sent['x-hmac-signature'] !== signatureOf(text, secret) || sent['x-own'] !== value) return undefined
        const { id: message, description, result } = JSON.parse(text)
        return { message, told: `${description} ${result.id}` }
      },
    })
    this.#endpoints.push({ id, hook, user, mode })
  }

  async #change(): Promise<void> {
    const { ground, random } = this.#family
    if (this.#endpoints.length === 0) return
    const { id, user, mode } = random.pick(this.#endpoints)
    const request = this.#family.request(user, mode, random.pick(['PUT', 'PATCH']), `/webhooks/${id}`, {})
    await ground.get(user.viewers[mode], request, 201)
  }

  async #drop(): Promise<void> {
    const { ground, random } = this.#family
    if (this.#endpoints.length < 4) return
    const gone = random.pick(this.#endpoints)
    const { id, user, mode, hook } = gone
    await ground.get(user.viewers[mode], this.#family.request(user, mode, 'DELETE', `/webhooks/${id}`), 200)
    hook.removed = true
    this.#endpoints = this.#endpoints.filter(one => one !== gone)
  }

  async #list(): Promise<void> {
    const { ground, random } = this.#family
    const user = random.pick(this.#family.everybody())
    const mode = random.pick(MODES)
    if (user.id === SAME.child) return
    const viewer = user.viewers[mode]
    type List = { webhooks: { id: string; mode: string; url: string }[] }
    const { webhooks } = await ground.get<List>(viewer, this.#family.request(user, mode, 'GET', '/webhooks'), 200)
    const own = this.#endpoints.filter(one => one.user === user && one.mode === mode)
    const shown = webhooks.map(({ id, mode: of, url }) => [id, of, new URL(url).pathname])
    ground.equal(
      viewer,
      'the webhooks',
      shown,
      own.map(({ id, hook }) => [id, mode, hook.path]),
    )
  }

  /** The parent's feed in production; everybody else's is empty. */
  async #feed(): Promise<void> {
    const { ground, random, parent, name } = this.#family
    const user = random.pick([parent, random.pick(this.#family.everybody())])
    const mode = random.pick(MODES)
    if (user.id === SAME.child) return
    const viewer = user.viewers[mode]
    type Event = { id: string; description: string; user_id: string }
    const all: Event[] = []
    for (let more = true; more && all.length < WALKED_MAX; ) {
      const cursor = all.length === 0 ? '' : `&before_id=${all.at(-1)?.id}`
      const request = this.#family.request(user, mode, 'GET', `/events?page_size=100${cursor}`)
      const page = await ground.get<{ events: Event[]; has_more: boolean }>(viewer, request, 200)
      all.push(...page.events)
      more = page.has_more
    }
    const own = user === parent && mode === 'production'
    const told = this.#told.toReversed()
    const wanted = own ? told.slice(0, all.length < WALKED_MAX ? told.length : all.length) : []
    const shown = all.map(({ description }) => description)
    ground.equal(viewer, 'the events', shown.slice(0, wanted.length), wanted)
    if (!own) return ground.equal(viewer, "another's events", all, [])
    for (const { id } of all.slice(0, 5)) ground.board.publish('easypost event', `${name}/production`, id)
    const [newest] = all
    if (!newest) return
    const path = `/events/${newest.id}/payloads`
    const request = this.#family.request(user, mode, 'GET', path)
    const { payloads } = await ground.get<{ payloads: { id: string }[] }>(viewer, request, 200)
    for (const { id } of payloads) ground.board.publish('easypost payload', `${name}/production`, id)
    await ground.get(viewer, this.#family.request(user, mode, 'GET', `/events/${newest.id}`), 200)
  }

  async verify(): Promise<void> {
    await this.#list()
    await this.#feed()
  }
}

/** As EasyPost signs. */
function signatureOf(body: string, secret: string): string {
  return `hmac-sha256-hex=${createHmac('sha256', secret).update(body).digest('hex')}`
}
