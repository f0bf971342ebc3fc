// An EasyPost parent with its children as the model knows them, each with a test and a production side, and how they ask.

import type { Random } from '../random.ts'
import type { ActorParts, Ground } from './ground.ts'
import type { Viewer } from './marks.ts'
import { json, type Method, type Request } from './wire.ts'
import { bearer, operatorOf, type ParentSeed } from './world.ts'

export const MODES = ['test', 'production'] as const
export type Mode = (typeof MODES)[number]

export interface Key {
  id: string
  key: string
  mode: Mode
  active: boolean
}

/** A parent, or a child of it. */
export interface User {
  id: string
  /** Empty for the parent. */
  nth: string
  name: string
  keys: Key[]
  deleted: boolean
  viewers: Record<Mode, Viewer>
}

export class Family {
  readonly name: string
  readonly seed: ParentSeed
  readonly ground: Ground
  readonly random: Random
  readonly parts: ActorParts
  readonly operator: Viewer
  readonly parent: User
  readonly children: User[] = []
  readonly #listeners: ((event: string, id: string) => void)[] = []

  constructor(parts: ActorParts, seed: ParentSeed) {
    this.parts = parts
    this.ground = parts.ground
    this.random = parts.random
    this.seed = seed
    this.name = seed.tenant
    this.operator = operatorOf(seed.tenant)
    this.parent = {
      id: seed.id,
      nth: '',
      name: `Parent ${seed.marker}`,
      keys: MODES.map(mode => ({ id: '', key: seed[mode], mode, active: true })),
      deleted: false,
      viewers: this.#parentViewers(),
    }
    const { board } = this.ground
    board.publish('easypost user', `${this.name}/id`, seed.id)
    board.publish('easypost email', `${this.name}/record`, seed.email)
    for (const mode of MODES) board.publish('easypost key', `${this.name}/keys!`, seed[mode])
  }

  #parentViewers(): Record<Mode, Viewer> {
    const { tenant } = this.seed
    const parts = ['id', 'record', 'operator']
    const inTest = [...parts, 'test'].map(part => `${tenant}/${part}`)
    const own = [...parts, 'keys!', 'production'].map(part => `${tenant}/${part}`)
    // Of its children all but what they registered: webhooks.
    const ofChild = new RegExp(`^${tenant}/child\\d+(-keys!)?$`)
    return {
      test: { name: `${tenant} in test`, sees: owner => inTest.includes(owner), learns: `${tenant}/test` },
      production: {
        name: tenant,
        sees: owner => own.includes(owner) || ofChild.test(owner),
        learns: `${tenant}/production`,
      },
    }
  }

  /** A child sees itself and whose child it is. */
  child(id: string, name: string, nth: string): User {
    const child = `${this.name}/child${nth}`
    const parts = [child, `${this.name}/id`, `${this.name}/operator`]
    const viewer = (mode: Mode, ...more: string[]): Viewer => {
      const seen = [...parts, `${child}-${mode}`, ...more]
      return {
        name: `child ${nth} of ${this.name}, ${mode}`,
        sees: owner => seen.includes(owner),
        learns: `${child}-${mode}`,
      }
    }
    const viewers = { test: viewer('test'), production: viewer('production', `${child}-keys!`) }
    const made = { id, nth, name, keys: [], deleted: false, viewers }
    this.children.push(made)
    return made
  }

  live(): User[] {
    return this.children.filter(child => !child.deleted)
  }

  everybody(): User[] {
    return [this.parent, ...this.live()]
  }

  /** Headers of a key in either scheme. */
  keyed(key: string): Record<string, string> {
    const basic = `Basic ${Buffer.from(`${key}:`).toString('base64')}`
    return { authorization: this.random.chance(0.5) ? basic : `Bearer ${key}` }
  }

  /** A request of a user with its first key of this mode: that one is never switched off. */
  request(user: User, mode: Mode, method: Method, path: string, body?: object): Request {
    const key = user.keys.find(one => one.mode === mode)?.key ?? ''
    return json(method, `/v2${path}`, this.keyed(key), body)
  }

  control(method: Method, path: string, body?: object): Request {
    const base = `/understudy/v1/easypost/parents/${this.seed.id}`
    return json(method, base + path, bearer(this.parts, method === 'GET' ? 'read' : 'write'), body)
  }

  /** Whoever has to hear of changes. */
  listen(listener: (event: string, id: string) => void): void {
    this.#listeners.push(listener)
  }

  /** A change that the parent hears of in production. */
  tell(event: string, id: string): void {
    for (const listener of this.#listeners) listener(event, id)
  }

  keep(user: User, key: Key): void {
    const part = user.nth === '' ? '' : `child${user.nth}`
    const [data, secret] = part === '' ? ['record', 'keys!'] : [part, `${part}-keys!`]
    this.ground.own(user.viewers.production, `${this.name}/${data}`, key.id)
    this.ground.own(user.viewers.production, `${this.name}/${secret}`, key.key)
    this.ground.board.publish('easypost key', `${this.name}/${secret}`, key.key)
    this.ground.board.publish('easypost key id', `${this.name}/${data}`, key.id)
    user.keys.push(key)
  }
}
