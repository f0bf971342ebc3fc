// Where an environment of an app sends its events.

import { createHmac } from 'node:crypto'
import type { App } from './memberstack-app.ts'
import type { Hook } from './receiver.ts'

const HOOKS_MAX = 5

export class MemberHooks {
  readonly #app: App
  #hooks: { id: string; hook: Hook }[] = []
  #made = 0

  constructor(app: App) {
    this.#app = app
    app.listen((event, id) => this.#tell(event, id))
  }

  #tell(event: string, id: string): void {
    for (const { hook } of this.#hooks) hook.expected.push(`${event} ${id}`)
  }

  async step(): Promise<void> {
    const { random } = this.#app
    if (this.#hooks.length >= HOOKS_MAX || (this.#hooks.length > 2 && random.chance(0.5))) return this.#drop()
    await this.#add()
  }

  async #add(): Promise<void> {
    const { ground, viewer, operator, seed, environment, marker, owner } = this.#app
    const path = `/${seed.tenant}/${marker}/${this.#made++}`
    const url = ground.parts.receiver.url + path
    // Letters and digits are base64: of 24 bytes.
    const secret = ground.marks.letters(32)
    ground.own(viewer, `${owner}-secret!`, secret)
    const request = this.#app.control('POST', '/webhooks', { url, environment, secret: `whsec_${secret}` })
    const { id } = await ground.get<{ id: string }>(operator, request, 201)
    ground.board.publish('memberstack webhook', owner, id)
    const hook = ground.parts.receiver.add({
      viewer,
      path,
      read({ headers, body }) {
        const message = String(headers['svix-id'])
        const content = `${message}.${headers['svix-timestamp']}.${body}`
        const signature = createHmac('sha256', Buffer.from(secret, 'base64')).update(content).digest('base64')
        if (headers['svix-signature'] !== `v1,${signature}`) return undefined
        const { event, payload } = JSON.parse(body)
        return { message, told: `${event} ${payload.id}` }
      },
    })
    this.#hooks.push({ id, hook })
  }

  async #drop(): Promise<void> {
    const { ground, operator, random } = this.#app
    const gone = random.pick(this.#hooks)
    await ground.get(operator, this.#app.control('DELETE', `/webhooks/${gone.id}`), 204)
    gone.hook.removed = true
    this.#hooks = this.#hooks.filter(one => one !== gone)
  }

  async verify(): Promise<void> {
    const { ground, operator, environment } = this.#app
    type List = { data: { id: string; environment: string; url: string }[] }
    const { data } = await ground.get<List>(operator, this.#app.control('GET', '/webhooks'), 200)
    const shown = data.filter(one => one.environment === environment).map(({ url }) => new URL(url).pathname)
    ground.equal(operator, 'the webhooks', shown.sort(), this.#hooks.map(({ hook }) => hook.path).sort())
  }
}
