// An environment of a Memberstack app as the model knows it: its members and plans, and how it asks.

import type { Random } from '../random.ts'
import type { ActorParts, Ground } from './ground.ts'
import type { Viewer } from './marks.ts'
import { json, type Method, type Request } from './wire.ts'
import { type AppSeed, bearer, ENVIRONMENTS, type Environment, operatorOf, SAME } from './world.ts'

/** So many members are enough. */
export const MEMBERS_MAX = 25

export interface Member {
  id: string
  email: string
  password: string | undefined
  fields: Record<string, string>
  plans: string[]
  tokens: string[]
}

export interface Wire {
  id: string
  auth: { email: string }
  customFields: Record<string, string>
  planConnections: { id: string; planId: string; planName: string }[]
}

/** Both environments of an app, in turns that chance decides. */
export function environmentsOf(parts: ActorParts, seed: AppSeed): App[] {
  return ENVIRONMENTS.map(environment => new App({ ...parts, random: parts.random.fork() }, seed, environment))
}

export class App {
  readonly name: string
  readonly seed: AppSeed
  readonly environment: Environment
  readonly ground: Ground
  readonly random: Random
  readonly parts: ActorParts
  readonly viewer: Viewer
  readonly operator: Viewer
  readonly marker: string
  readonly #listeners: ((event: string, id: string) => void)[] = []
  readonly members: Member[] = []
  readonly deleted: Member[] = []
  /** Id to name. */
  readonly plans = new Map<string, string>()
  #made = 0

  constructor(parts: ActorParts, seed: AppSeed, environment: Environment) {
    this.parts = parts
    this.ground = parts.ground
    this.random = parts.random
    this.seed = seed
    this.environment = environment
    this.name = `${seed.tenant} ${environment}`
    this.marker = seed.markers[environment]
    const owner = `${seed.tenant}/${environment}`
    const seen = [owner, `${owner}-tokens!`, `${seed.tenant}/app`, `${seed.tenant}/operator`]
    this.viewer = { name: this.name, sees: one => seen.includes(one), learns: owner }
    this.operator = operatorOf(seed.tenant)
    this.plans.set(SAME.plan, `Plan ${seed.marker}`)
    this.plans.set(`pln_${this.marker}`, `Plan ${this.marker}`)
    const same = { id: SAME.member[environment], email: 'same@people.test', fields: { of: this.marker } }
    this.members.push({ ...same, password: undefined, plans: [], tokens: [] })
    const { board } = this.ground
    board.publish('memberstack app', `${seed.tenant}/app`, seed.id)
    board.publish('memberstack plan', owner, `pln_${this.marker}`)
    board.publish('memberstack key', `${seed.tenant}/keys!`, seed.secret[environment])
  }

  get owner(): string {
    return this.viewer.learns
  }

  /** Whoever has to hear of changes. */
  listen(listener: (event: string, id: string) => void): void {
    this.#listeners.push(listener)
  }

  /** A change that webhooks hear of. */
  tell(event: string, id: string): void {
    for (const listener of this.#listeners) listener(event, id)
  }

  /** An Admin request. */
  admin(method: Method, path: string, body?: object): Request {
    return json(method, path, { 'x-api-key': this.seed.secret[this.environment] }, body)
  }

  /** A request of a page, from an address of its own; with a member's token where one is signed in. */
  page(method: Method, path: string, body?: object, token?: string): Request {
    const [a, b, c] = [this.random.below(250), this.random.below(250), this.random.below(250)]
    const headers = { 'x-api-key': this.seed.public[this.environment], 'x-forwarded-for': `10.${a}.${b}.${c}` }
    return json(method, path, token === undefined ? headers : { ...headers, authorization: `Bearer ${token}` }, body)
  }

  control(method: Method, path: string, body?: object): Request {
    const base = `/understudy/v1/memberstack/apps/${this.seed.id}`
    return json(method, base + path, bearer(this.parts, method === 'GET' ? 'read' : 'write'), body)
  }

  /** An email that others have too, or one of its own. */
  email(): string {
    const nth = this.random.below(12)
    return this.random.chance(0.5) ? `member${nth}@people.test` : `member${nth}.${this.marker}@isolation.test`
  }

  holder(email: string): Member | undefined {
    return this.members.find(member => member.email === email)
  }

  /** What everything of a member of this environment says. */
  fields(): Record<string, string> {
    return { of: this.marker, [`n${this.random.below(3)}`]: `${this.marker} ${this.#made++}` }
  }

  /** A member that was just made. */
  join(id: string, member: Omit<Member, 'id' | 'plans' | 'tokens'>, planIds: string[]): Member {
    this.ground.own(this.viewer, this.owner, id)
    this.ground.board.publish('memberstack member', this.owner, id)
    if (!member.email.endsWith('@people.test')) this.ground.board.publish('memberstack email', this.owner, member.email)
    const joined = { ...member, id, plans: planIds, tokens: [] }
    this.members.push(joined)
    this.tell('member.created', id)
    for (const _ of planIds) this.tell('member.plan.added', id)
    return joined
  }

  /** A member as it is shown against the model. */
  check(shown: Wire, { id, email, fields, plans }: Member): void {
    const sorted = (object: object) => Object.entries(object).sort()
    const held = shown.planConnections.map(({ planId, planName }) => `${planId} ${planName}`).sort()
    this.ground.equal(
      this.viewer,
      'a member',
      [shown.id, shown.auth.email, sorted(shown.customFields), held],
      [id, email, sorted(fields), plans.map(plan => `${plan} ${this.plans.get(plan)}`).sort()],
    )
  }

  /** A plan that was added or taken away, where that changes anything. */
  changePlan(member: Member, adds: boolean, planId: string): void {
    if (member.plans.includes(planId) === adds) return
    member.plans = adds ? [...member.plans, planId] : member.plans.filter(held => held !== planId)
    this.tell(adds ? 'member.plan.added' : 'member.plan.canceled', member.id)
  }

  forget(member: Member): void {
    this.members.splice(this.members.indexOf(member), 1)
    this.deleted.push({ ...member, tokens: [] })
    this.tell('member.deleted', member.id)
  }
}
