// The long form: real processes, real time limits, and clocks that jump over the pauses between attempts.

import { setTimeout } from 'node:timers/promises'
import type { Findings } from '../findings.ts'
import type { Random } from '../random.ts'
import { settleAgainst } from './billing.ts'
import { changeMany, judgeBulk } from './bulk.ts'
import { judgeDoctor } from './doctor.ts'
import { judge, type Receiver } from './judge.ts'
import { judgeMails, mailEach } from './mailing.ts'
import { type Nodes, startNodes } from './nodes.ts'
import { countDue, deliveriesOf, type Mail, mails, nextDue } from './reading.ts'
import { startBulkReceivers, startReceivers, TENANT_NAMES, urlsOf } from './receivers.ts'
import { type HostileSmtp, startSmtp } from './smtp-server.ts'
import { dripping, quickSmtpWays, refusesEverybody, type SmtpWay, slowSmtpWays } from './smtp-ways.ts'
import { startStripeAddress } from './stripe-address.ts'
import { type Change, changesOf, codeMail, invitation, type Request, seedOf } from './tenants.ts'
import { judgeMemory, judgeWords, watch } from './watching.ts'
import { everyWay } from './ways.ts'

export interface Scene {
  /** For the messages: what the store is. */
  engine: string
  data: string
  nodes: number
  directory: string
  random: Random
  quick: boolean
  findings: Findings
}

/** As many requests to one endpoint a node has in flight; a connection that ends overlaps with the next. */
const CONNECTIONS_MAX = 2 * 3
/** The part of the ways that the short form tries. */
const QUICK_WAYS = 0.3
const CHANGES = { quick: 1, long: 2 }
const BULK = { quick: 100, long: 1000 }
const PEOPLE = 200
const QUICK_SMTP_WAYS = { quick: 4, long: 16 }
const POLL_MS = 500
const PATIENCE_MS = 150_000
/** AfterShip's 14 attempts, and one look more. */
const JUMPS_MAX = 16
/** Over the millisecond to which times are kept, and the difference between two nodes. */
const JUMP_MORE_MS = 500

export async function tortureSenders(scene: Scene): Promise<void> {
  const { random, quick, findings } = scene
  const receivers = await startReceivers(random.fork(), way => !quick || (!way.waits && random.chance(QUICK_WAYS)))
  const bulk = await startBulkReceivers()
  const [smtp, stripe] = [await startSmtp(), await startStripeAddress()]
  const all = [...receivers, ...bulk]
  const seed = seedOf(urlsOf(all), PEOPLE, stripe.url)
  const nodes = await startNodes({ ...scene, seed, smtp: smtp.settings })
  const stopWatching = watch(nodes.servers, findings)
  try {
    const changes = await change(nodes, quick ? CHANGES.quick : CHANGES.long, findings)
    const count = quick ? BULK.quick : BULK.long
    await changeMany(nodes.send, count)
    findings.count('acknowledged changes', count)
    const ways = Object.entries(everyWay(random.fork())).filter(([, way]) => !way.taken && !way.scheme && !way.waits)
    const billing = settleAgainst(nodes.send, stripe, Object.fromEntries(quick ? ways.slice(0, 2) : ways), findings)
    const invited = changes.filter(({ tenant }) => tenant === 'aftership').map(({ mark }) => mark)
    const recipients = await failMails(scene, nodes, smtp, invited)
    await billing
    await settled(nodes)
    await judgeDead(scene, nodes, smtp, receivers)
    for (const { hostile, recovers } of all) if (recovers) hostile.recover()
    await jumpOn(nodes)
    for (const tenant of ['aftership', 'easypost', 'memberstack'] as const) {
      await judge(nodes.send, tenant, receivers, changes, findings)
    }
    await judgeMails({ send: nodes.send, smtp, findings }, recipients, [POISONED.mailTo])
    await judgeBulk(nodes.send, all, count, findings)
    await stopWatching()
    await judgeWords(nodes.servers, () => countFailures(nodes), findings)
    judgeMemory(nodes.servers, findings)
    for (const { name, hostile } of all) {
      const [most, max] = [hostile.mostOpen(), CONNECTIONS_MAX * scene.nodes]
      if (most > max) findings.fail(`the endpoint that '${name}' had ${most} connections at once, more than ${max}`)
    }
  } finally {
    await stopWatching().catch(() => {})
    for (const { close } of [...all.map(({ hostile }) => hostile), smtp, stripe]) close()
    await nodes.stop()
  }
}

const POISONED = invitation(PEOPLE - 1)

async function change(nodes: Nodes, times: number, findings: Findings): Promise<Change[]> {
  const changes = Array.from({ length: times }, (_, index) => changesOf(index)).flat()
  for (const made of changes) await acknowledged(nodes, made)
  findings.count('acknowledged changes', changes.length)
  return changes
}

async function acknowledged(nodes: Nodes, request: Request): Promise<void> {
  const { status, body } = await nodes.send(request)
  if (status >= 300) throw new Error(`${request.path} was answered with ${status}: ${JSON.stringify(body)}`)
}

/** A mail for each of some ways; the rest of them are the other store's, or the next seed's. */
async function failMails(
  { engine, quick, random, findings }: Scene,
  nodes: Nodes,
  smtp: HostileSmtp,
  changed: readonly string[],
): Promise<Map<string, SmtpWay>> {
  const fast = Object.entries(quickSmtpWays(random.fork()))
  const chosen = Array.from({ length: quick ? QUICK_SMTP_WAYS.quick : QUICK_SMTP_WAYS.long }, () =>
    fast.splice(random.below(fast.length), 1),
  ).flat()
  const slow = engine === 'SQLite' ? { 'talks for ever': dripping } : slowSmtpWays()
  const ways = { ...Object.fromEntries(chosen), ...(quick ? {} : slow) }
  let people = CHANGES.long
  const mailing = {
    send: nodes.send,
    smtp,
    findings,
    change: (request: Request) => acknowledged(nodes, request),
    tried: (to: string) => mailTried(nodes, to),
  }
  smtp.poison(POISONED.mailTo)
  await acknowledged(nodes, POISONED)
  await acknowledged(nodes, codeMail(0))
  const recipients = await mailEach(mailing, ways, () => invitation(people++))
  // Theirs went out in whatever way the mail server failed just then.
  for (const to of [codeMail(0).mailTo, ...changed])
    recipients.set(to, { stage: 'end of data', hasIt: true, act: () => {} })
  const refused = invitation(people++)
  await smtp.down()
  await acknowledged(nodes, refused)
  await mailTried(nodes, refused.mailTo)
  await smtp.up()
  return recipients.set(refused.mailTo, { stage: 'connection', act: () => {} })
}

function mailTried(nodes: Nodes, to: string): Promise<Mail> {
  return eventually(`a mail to ${to} was tried`, async () => {
    const [mail] = await mails(nodes.send, to)
    return mail && mail.attempts > 0 ? mail : undefined
  })
}

/** While receivers and the mail server fail. */
async function judgeDead({ data, findings }: Scene, nodes: Nodes, smtp: HostileSmtp, receivers: Receiver[]) {
  smtp.set(refusesEverybody)
  const dead = receivers.filter(({ tenant, name }) => tenant === 'aftership' && name.startsWith('is down'))
  const places = dead.map(({ hostile }): [string, string] => ['webhooks', new URL(hostile.url).host])
  const mailServer: [string, string] = ['mail', new URL(smtp.settings.url).host]
  await judgeDoctor(data, nodes.env, [...places, mailServer], findings)
  smtp.set(undefined)
}

/** Until nothing is due, or under way. */
async function settled(nodes: Nodes): Promise<void> {
  for (const tenant of TENANT_NAMES) {
    await eventually(`nothing of ${tenant} was due`, async () =>
      (await countDue(nodes.send, tenant, nodes.now())) === 0 ? true : undefined,
    )
  }
}

/** From attempt to attempt, until there are no more. */
async function jumpOn(nodes: Nodes): Promise<void> {
  for (let jumps = 0; jumps < JUMPS_MAX; jumps++) {
    const times = await Promise.all(TENANT_NAMES.map(tenant => nextDue(nodes.send, tenant)))
    const last = Math.max(...times.flat())
    if (last === Number.NEGATIVE_INFINITY) return
    await nodes.jump(Math.max(0, last - nodes.now()) + JUMP_MORE_MS)
    await settled(nodes)
  }
}

/** By the attempts that are recorded of each delivery: one that was taken failed in all but its last. */
async function countFailures(nodes: Nodes): Promise<number> {
  const all = await Promise.all(TENANT_NAMES.map(tenant => deliveriesOf(nodes.send, tenant)))
  return all.flat().reduce((sum, { status, attempts }) => sum + attempts - (status === 'completed' ? 1 : 0), 0)
}

async function eventually<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  for (let left = PATIENCE_MS / POLL_MS; left > 0; left--) {
    const found = await look()
    if (found !== undefined) return found
    await setTimeout(POLL_MS)
  }
  throw new Error(`it never came about that ${what}`)
}
