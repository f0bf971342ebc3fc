// Keys of a family: made, switched off and on, gone; and the tree that shows them all to the parent, and to a child its own.

import { type Family, type Key, MODES } from './easypost-family.ts'
import { SAME } from './world.ts'

interface Tree {
  id: string
  keys: Key[]
  children: Tree[]
}

export class Keys {
  readonly #family: Family

  constructor(family: Family) {
    this.#family = family
  }

  async step(): Promise<void> {
    const acts = [() => this.#makeKey(), () => this.#switchKey(), () => this.#compare()]
    await this.#family.random.pick(acts)()
  }

  /** Learns the keys that only this answer shows. */
  async learn(): Promise<void> {
    const { parent, ground } = this.#family
    const request = this.#family.request(parent, 'production', 'GET', '/api_keys')
    this.#learn(await ground.get<Tree>(parent.viewers.production, request, 200))
  }

  async #makeKey(): Promise<void> {
    const user = this.#family.random.pick(this.#family.everybody())
    const mode = this.#family.random.pick(MODES)
    if (user.id === SAME.child || user.keys.length > 8) return
    const { production } = user.viewers
    const request = this.#family.request(user, 'production', 'POST', '/api_keys', { mode })
    const { id, key } = await this.#family.ground.get<{ id: string; key: string }>(production, request, 201)
    this.#family.keep(user, { id, key, mode, active: true })
    this.#family.tell('api_key.created', id)
  }

  /** Not the first two: with those the user goes on. */
  async #switchKey(): Promise<void> {
    const user = this.#family.random.pick(this.#family.everybody())
    const key = user.keys[this.#family.random.between(2, 9)]
    if (!key || user.id === SAME.child) return
    const by = this.#family.random.pick([user, this.#family.parent])
    const viewer = by.viewers.production
    const act = this.#family.random.pick(['enable', 'disable', 'delete'])
    if (act === 'delete') {
      await this.#family.ground.get(
        viewer,
        this.#family.request(by, 'production', 'DELETE', `/api_keys/${key.id}`),
        204,
      )
      user.keys.splice(user.keys.indexOf(key), 1)
      return this.#family.tell('api_key.deleted', key.id)
    }
    const request = this.#family.request(by, 'production', 'POST', `/api_keys/${key.id}/${act}`)
    const { active } = await this.#family.ground.get<{ active: boolean }>(viewer, request, 200)
    this.#family.ground.equal(viewer, 'active', active, act === 'enable')
    if (key.active !== active) this.#family.tell(`api_key.${act}d`, key.id)
    key.active = active
  }

  async #compare(): Promise<void> {
    const user = this.#family.random.pick(this.#family.everybody())
    if (user.id === SAME.child) return
    const { production } = user.viewers
    const tree = await this.#family.ground.get<Tree>(
      production,
      this.#family.request(user, 'production', 'GET', '/api_keys'),
      200,
    )
    const own = user === this.#family.parent ? this.#family.live() : []
    this.#learn(tree)
    this.#family.ground.equal(
      production,
      'the tree of keys',
      [leavesOf(tree), tree.children.map(leavesOf)],
      [leavesOf(user), own.map(leavesOf)],
    )
  }

  /** What the seed made and only this answer shows. */
  #learn(tree: Tree): void {
    for (const node of [tree, ...tree.children]) {
      const user = this.#family.everybody().find(({ id }) => id === node.id)
      if (user?.id === SAME.child && user.keys.length === 0)
        for (const key of node.keys) this.#family.keep(user, { ...key })
      for (const [index, key] of (user?.keys ?? []).entries()) key.id ||= node.keys[index]?.id ?? ''
    }
  }
}

function leavesOf({ id, keys }: { id: string; keys: readonly Key[] }): string[] {
  return [id, ...keys.map(key => `${key.id} ${key.key} ${key.mode} ${key.active}`)]
}
