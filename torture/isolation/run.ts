// All tenants at once, each one operation after the other; then all that can be read against the models, and what the
// server said beside its answers: webhooks, log, metrics.

import type { Findings } from '../findings.ts'
import { Random } from '../random.ts'
import { AftershipActor } from './aftership.ts'
import { attemptsOfOrganization } from './aftership-attacks.ts'
import { Organization } from './aftership-organization.ts'
import { Board } from './board.ts'
import { Deck } from './deck.ts'
import { EasypostActor } from './easypost.ts'
import { attemptsOfFamily } from './easypost-attacks.ts'
import { Family } from './easypost-family.ts'
import { type Actor, type ActorParts, type Attempt, Broken, Ground } from './ground.ts'
import type { Host } from './host.ts'
import { COMMON_OWNER, Marks } from './marks.ts'
import { MemberstackActor } from './memberstack.ts'
import { environmentsOf } from './memberstack-app.ts'
import { attemptsOfApp } from './memberstack-attacks.ts'
import { seeNeighbours } from './neighbours.ts'
import { Receiver } from './receiver.ts'
import { NOBODY, seeSurroundings } from './surroundings.ts'
import { json } from './wire.ts'
import { bearer, makeWorld, type World } from './world.ts'

export interface Plan {
  seed: number
  /** Tenants of each vendor. */
  tenants: number
  /** Operations of each tenant. */
  operations: number
  findings: Findings
  start(world: World): Promise<Host>
}

/** How many of the operations are attempts on what is another's. */
const ATTACKS = 0.6
/** At first there is nothing to steal. */
const PEACEFUL = 0.2

/** Plays all tenants against a server. What is broken stands in the findings. */
export async function playTenants({ seed, tenants, operations, findings, start }: Plan): Promise<void> {
  const random = new Random(seed)
  const marks = new Marks(random.fork())
  const world = makeWorld(marks, tenants)
  const receiver = await Receiver.open()
  try {
    const host = await start(world)
    const parts = { seed, send: host.send, marks, board: new Board(), receiver, findings, now: host.now }
    const ground = new Ground(parts)
    await knowOperators(ground, world)
    const players = playersOf(world, { ground, random, operator: world.operator })
    await together(players, findings, async ({ actor, attempts, random: own }) => {
      await actor.verify()
      for (let number = 1; number <= operations; number++) {
        ground.step(actor.name, number)
        const steals = number > operations * PEACEFUL && own.chance(ATTACKS)
        await (steals ? attempts.deal()() : actor.step())
        findings.count('operations')
      }
    })
    await together(players, findings, ({ actor }) => actor.verify())
    await unlessBroken(findings, 'the limits', () => seeNeighbours(ground, host, world, NOBODY))
    await unlessBroken(findings, 'what surrounds the answers', () => seeSurroundings(ground, host))
  } finally {
    receiver.close()
  }
  findings.count('leaks and other broken promises', findings.outcome().failed)
}

/** A tenant, and what it tries with what is another's. */
interface Player {
  actor: Actor
  random: Random
  attempts: Deck<Attempt>
}

function playersOf({ organizations, parents, apps }: World, parts: ActorParts): Player[] {
  const fresh = (): ActorParts => ({ ...parts, random: parts.random.fork() })
  const player = (one: { random: Random }, actor: Actor, attempts: Attempt[]): Player => {
    const random = one.random.fork()
    return { actor, random, attempts: new Deck(random, attempts) }
  }
  return [
    ...organizations
      .map(seed => new Organization(fresh(), seed))
      .map(one => player(one, new AftershipActor(one), attemptsOfOrganization(one))),
    ...parents
      .map(seed => new Family(fresh(), seed))
      .map(one => player(one, new EasypostActor(one), attemptsOfFamily(one))),
    ...apps
      .flatMap(seed => environmentsOf(fresh(), seed))
      .map(one => player(one, new MemberstackActor(one), attemptsOfApp(one))),
  ]
}

/** Events name who acted: an operator's token by its id. */
async function knowOperators({ parts, marks }: Ground, { operator }: World): Promise<void> {
  const request = json('GET', '/understudy/v1/keys?vendor=understudy', bearer({ operator }, 'read'))
  const { data } = JSON.parse((await parts.send(request)).text) as { data: { id: string }[] }
  marks.own(COMMON_OWNER, ...data.map(({ id }) => id))
}

/** One whose model is broken stops, and the others go on. */
async function together(players: Player[], findings: Findings, play: (player: Player) => Promise<void>): Promise<void> {
  await Promise.all(players.map(player => unlessBroken(findings, player.actor.name, () => play(player))))
}

/** What is broken stands in the findings already. */
async function unlessBroken(findings: Findings, what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (error instanceof Broken) return
    findings.fail(`${what} ended: ${error instanceof Error ? error.stack : error}`)
  }
}
