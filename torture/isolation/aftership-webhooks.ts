// Where an organization sends its events.

import { createHmac } from 'node:crypto'
import type { Organization } from './aftership-organization.ts'
import type { Hook } from './receiver.ts'

const HOOKS_MAX = 6

export class OrganizationHooks {
  readonly #organization: Organization
  #hooks: { hook: Hook; id: string }[] = []
  #made = 0

  constructor(organization: Organization) {
    this.#organization = organization
  }

  /** Ids of those that there are. */
  ids(): string[] {
    return this.#hooks.map(({ id }) => id)
  }

  /** A change that they must hear of. */
  tell(event: string, id: string): void {
    for (const { hook } of this.#hooks) hook.expected.push(`${event} ${id}`)
  }

  async step(): Promise<void> {
    if (this.#hooks.length >= HOOKS_MAX || (this.#hooks.length > 2 && this.#organization.random.chance(0.5)))
      return this.#drop()
    const { marker } = this.#organization.seed
    const path = `/${this.#organization.name}/${marker}/${this.#made++}`
    const secret = this.#organization.ground.marks.letters(32)
    this.#organization.ground.own(this.#organization.viewer, `${this.#organization.name}/secret!`, secret)
    const url = this.#organization.ground.parts.receiver.url + path
    const request = this.#organization.control('POST', '/webhooks', { url, secret })
    const { id } = await this.#organization.ground.get<{ id: string }>(this.#organization.operator, request, 201)
    this.#organization.ground.board.publish('aftership webhook', `${this.#organization.name}/data`, id)
    this.#organization.ground.own(this.#organization.viewer, `${this.#organization.name}/data`, id)
    const hook = this.#organization.ground.parts.receiver.add({
      viewer: this.#organization.viewer,
      path,
      read({ headers, body }) {
        const signature = createHmac('sha256', secret).update(body).digest('base64')
        if (headers['aftership-hmac-sha256'] !== signature) return undefined
        const { id: message, event, data } = JSON.parse(body)
        return { message, told: `${event} ${data.membership.id}` }
      },
    })
    this.#hooks.push({ hook, id })
  }

  async #drop(): Promise<void> {
    const gone = this.#organization.random.pick(this.#hooks)
    await this.#organization.ground.get(
      this.#organization.operator,
      this.#organization.control('DELETE', `/webhooks/${gone.id}`),
      204,
    )
    gone.hook.removed = true
    this.#hooks = this.#hooks.filter(one => one !== gone)
  }
}
