// Answers of megabytes, which the contract asks for in one piece: so many at a time, so that the memory they take is
// bounded whatever a client's speed.

import type { FastifyReply } from 'fastify'
import type { Context } from '../../platform/context.ts'
import { DomainError } from '../../platform/errors.ts'
import * as users from './users.store.ts'

/** From more children than this on an answer with all of them counts. */
const CHILDREN_MANY = 2000
/** How many a tenant may have under way, from before they are built until their last byte has left. */
const UNDER_WAY_MAX = 4

export class LargeAnswers {
  readonly #underWay = new Map<string, number>()

  /**
   * Counts `reply`, which will hold all children of the tenant, where these are many and somebody is still there to take
   * it. Throws `rateLimited`.
   */
  async admit(ctx: Context, tenant: string, reply: FastifyReply): Promise<void> {
    if (!(await users.hasMoreChildrenThan(ctx, tenant, CHILDREN_MANY))) return
    // It has closed, and will not say so again: a place taken now would be left by nobody.
    if (reply.raw.destroyed) return
    const underWay = this.#underWay.get(tenant) ?? 0
    if (underWay >= UNDER_WAY_MAX) {
      throw new DomainError('rateLimited', `${underWay} large answers are on their way already`)
    }
    this.#underWay.set(tenant, underWay + 1)
    reply.raw.once('close', () => this.#leave(tenant))
  }

  #leave(tenant: string): void {
    const underWay = (this.#underWay.get(tenant) ?? 0) - 1
    if (underWay > 0) this.#underWay.set(tenant, underWay)
    else this.#underWay.delete(tenant)
  }
}
