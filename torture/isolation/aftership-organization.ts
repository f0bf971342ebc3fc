// An AfterShip organization as the model knows it: its members and roles, and how it asks.

import { createHash, createHmac } from 'node:crypto'
import type { Random } from '../random.ts'
import type { ActorParts, Ground } from './ground.ts'
import type { Viewer } from './marks.ts'
import { json, type Method, type Request } from './wire.ts'
import { bearer, type OrganizationSeed, operatorOf, SAME } from './world.ts'

export const M = '/admin/2022-01/memberships'

export interface Member {
  id: string
  email: string
  role: string
  pending: boolean
  /** In the order of creation. */
  position: number
  deleted: boolean
}

export interface Wire {
  id: string
  organization: { id: string }
  account: { id: string; email: string }
  role: { code: string; name: string }
}

export class Organization {
  readonly name: string
  readonly seed: OrganizationSeed
  readonly ground: Ground
  readonly random: Random
  readonly viewer: Viewer
  readonly operator: Viewer
  readonly parts: ActorParts
  readonly members: Member[] = []
  /** Code to name. */
  readonly roles: Map<string, string>
  readonly #accounts = new Map<string, string>()
  #made = 0

  constructor(parts: ActorParts, seed: OrganizationSeed) {
    this.parts = parts
    this.ground = parts.ground
    this.random = parts.random
    this.seed = seed
    this.name = seed.tenant
    const { tenant, marker, owners, people } = seed
    const seen = [`${tenant}/data`, `${tenant}/operator`]
    this.viewer = { name: tenant, sees: owner => seen.includes(owner), learns: `${tenant}/data` }
    this.operator = operatorOf(tenant)
    this.roles = new Map([
      ['owner', 'Owner'],
      ['admin', 'Admin'],
      ['member', 'Member'],
      [`role_${marker}`, `Role of ${marker}`],
    ])
    for (const email of owners) this.join({ id: '', email, role: 'owner', pending: false })
    this.join({ id: SAME.membership, email: people[0] ?? '', role: 'member', pending: false })
    const { board } = this.ground
    board.publish('aftership key', `${tenant}/secret!`, seed.key)
    board.publish('aftership signing key', `${tenant}/secret!`, seed.signing.key)
    board.publish('aftership secret', `${tenant}/secret!`, seed.signing.secret)
    board.publish('aftership organization', `${tenant}/data`, seed.id)
    board.publish('aftership role', `${tenant}/data`, `role_${marker}`)
    for (const email of people) board.publish('aftership email', `${tenant}/data`, email)
  }

  live(): Member[] {
    return this.members.filter(member => !member.deleted)
  }

  join(member: Omit<Member, 'position' | 'deleted'>): Member {
    const joined = { ...member, position: this.#made++, deleted: false }
    this.members.push(joined)
    return joined
  }

  /** A request with one of the organization's keys, signed or not. */
  request(method: Method, path: string, body?: object): Request {
    const request = json(method, path, {}, body)
    if (this.random.chance(0.5)) return { ...request, headers: { ...request.headers, 'as-api-key': this.seed.key } }
    return signed(this.ground, request, this.seed.signing)
  }

  control(method: Method, path: string, body?: object, scope: 'read' | 'write' | 'admin' = 'write'): Request {
    const base = `/understudy/v1/aftership/organizations/${this.seed.id}`
    return json(method, `${base}${path}`, bearer(this.parts, method === 'GET' ? 'read' : scope), body)
  }

  /** A membership against the model; its account's id is the organization's to know from now on. */
  check(shown: Wire, { id, email, role }: Member): void {
    const { id: accountId } = shown.account
    const account = { id: this.#accounts.get(email) ?? accountId, email }
    this.#accounts.set(email, accountId)
    const organization = { id: this.seed.id }
    const wanted = { id, organization, account, role: { code: role, name: this.roles.get(role) } }
    this.ground.equal(this.viewer, 'a membership', shown, wanted)
  }

  compare(shown: Wire[], wanted: Member[]): void {
    const emails = (list: { email: string }[]) => list.map(({ email }) => email)
    this.ground.equal(this.viewer, 'a list', emails(shown.map(({ account }) => account)), emails(wanted))
    for (const [index, member] of wanted.entries()) {
      const found = shown[index]
      if (!found) continue
      if (member.id === '') this.#learn(member, found.id)
      this.check(found, member)
    }
  }

  /** One that the seed made. */
  #learn(member: Member, id: string): void {
    member.id = id
    this.ground.own(this.viewer, `${this.name}/data`, id)
    this.ground.board.publish('aftership membership', `${this.name}/data`, id)
  }

  /** Where a person's browser is: pages limit each address, and every tenant's people have their own. */
  address(): Record<string, string> {
    const [a, b, c] = [this.random.below(250), this.random.below(250), this.random.below(250)]
    return { 'x-forwarded-for': `10.${a}.${b}.${c}` }
  }

  /** The newest link to somebody of this organization. */
  async mailed(email: string, pattern: RegExp): Promise<string | undefined> {
    const reading = { ...this.operator, sees: (owner: string) => owner.startsWith(`${this.name}/`) }
    const { data } = await this.ground.get<{ data: { id: string }[] }>(
      reading,
      json('GET', `/understudy/v1/mails?to=${encodeURIComponent(email)}&limit=5`, bearer(this.parts, 'read')),
      200,
    )
    for (const { id } of data) {
      const request = json('GET', `/understudy/v1/mails/${id}`, bearer(this.parts, 'admin'))
      const { text } = await this.ground.get<{ text: string }>(reading, request, 200)
      this.ground.count('mails read')
      const found = pattern.exec(text)
      if (!found) continue
      this.ground.own(this.viewer, `${this.name}/oauth!`, found[1] ?? '')
      return found[0]
    }
    return undefined
  }
}

/** The request with a signature as official clients make it. */
export function signed(ground: Ground, request: Request, { key, secret }: { key: string; secret: string }): Request {
  const date = new Date(ground.now()).toUTCString()
  const { method, path, body = '', headers } = request
  const md5 = body === '' ? '' : createHash('md5').update(body).digest('hex').toUpperCase()
  const type = body === '' ? '' : 'application/json'
  const text = [method, md5, type, date, `as-api-key:${key}`, path].join('\n')
  const signature = createHmac('sha256', secret).update(text).digest('base64')
  return { ...request, headers: { ...headers, 'as-api-key': key, date, 'as-signature-hmac-sha256': signature } }
}
