// The mixed load, short: a fixed number of requests of every kind to a real server, and what is made of the numbers.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import test from 'node:test'
import { canPin } from '../../bench/cores.ts'
import { startUnderstudy } from '../../bench/server-process.ts'
import { settle } from '../../torture/load/backlog.ts'
import { capacityOf, usedShareOf } from '../../torture/load/capacity.ts'
import { Clients } from '../../torture/load/clients.ts'
import { closedLoop } from '../../torture/load/closed-loop.ts'
import { mixedLoad, operationNames } from '../../torture/load/mix.ts'
import { openLoop } from '../../torture/load/open-loop.ts'
import { plotOf } from '../../torture/load/plot.ts'
import { startReceiver } from '../../torture/load/receiver.ts'
import { markdownOf } from '../../torture/load/results.ts'
import { type Point, Series } from '../../torture/load/series.ts'
import { brokenBy, steadinessOf } from '../../torture/load/steadiness.ts'
import { givenOf, stolenMsOf, stolenOf, watchStolen } from '../../torture/load/stolen.ts'
import { makeLoadStore } from '../../torture/load/store.ts'
import { visitServer } from '../../torture/load/visit.ts'
import { Random } from '../../torture/random.ts'
import { temporaryDirectory } from '../process.ts'

const SEED = 7
const SIZE = { memberships: 60, children: 30, members: 60, visitors: 2, leaving: 10 }
const REQUESTS = 300
const CONNECTIONS = 8
const NEVER_S = 600

test('every request of the mixed load is answered as expected, and every webhook delivered', async t => {
  const store = await makeLoadStore(temporaryDirectory(), SIZE)
  const receiver = await startReceiver()
  t.after(() => receiver.close())
  const env = { UNDERSTUDY_ALLOW_PRIVATE_ADDRESSES: 'true' }
  const server = await startUnderstudy(store.directory, { cores: 'all', env })
  t.after(() => server.stop('SIGKILL'))
  const mix = mixedLoad(store, await visitServer(server.url, store, receiver.url), new Random(SEED))
  const clients = await Clients.open(server.url, CONNECTIONS)
  t.after(() => clients.close())
  const failures: string[] = []
  const fail = ({ message }: Error) => void failures.push(message)
  let sent = 0
  // Each kind once, and then as they come.
  const next = () => (sent < REQUESTS ? mix(operationNames[sent++]) : undefined)
  const { answered } = await closedLoop(clients, { clients: CONNECTIONS, next, seconds: NEVER_S, fail })
  assert.deepEqual(failures, [])
  assert.equal(answered, REQUESTS)
  assert.deepEqual(await settle(server.url, store, NEVER_S), [])
  assert.ok(receiver.received() > 0)

  // The oracle fails where it should: another status, another body, no answer.
  const bytes = Buffer.from('GET /health HTTP/1.1\r\nhost: x\r\n\r\n')
  await assert.rejects(clients.send({ name: 'a', bytes, status: 201 }), /a: GET \/health .*with 200, not 201/)
  await assert.rejects(clients.send({ name: 'b', bytes, status: 200, holds: 'mem_1' }), /b: GET .* lacks mem_1/)
  await server.stop('SIGKILL')
  await assert.rejects(clients.send({ name: 'c', bytes, status: 200 }), /c got no answer/)
})

for (const share of [1, 0.5]) {
  test(`an open loop sends what is due, answered or not, and counts from then: ${share} of the core is given`, async () => {
    const sent: (() => void)[] = []
    const sender = { waiting: 0, send: () => new Promise<void>(resolve => sent.push(resolve)) }
    const series = new Series(1, 1)
    const offered = openLoop(sender, {
      perSecond: 2000,
      seconds: 0.02 / share,
      given: () => share,
      random: new Random(SEED),
      next: () => ({ name: 'any', bytes: Buffer.alloc(0), status: 200 }),
      series,
      memory: () => 1,
      fail: error => assert.fail(error),
    })
    const dues: number[] = []
    const random = new Random(SEED)
    for (let due = 0; due < 20; dues.push(due / share)) due += pause(random)
    // The last of these is too late.
    dues.pop()
    while (sent.length < dues.length) await new Promise(resolve => setTimeout(resolve, 1))
    for (const answer of sent) answer()
    assert.equal(await offered, dues.length)
    const [point] = series.points()
    assert.deepEqual([point?.offeredPerSecond, point?.perSecond], [dues.length, dues.length])
    // All were answered after the last was due: the first has waited at least as long as there is between them.
    const [waitedLongest = 0] = series.p99sOf(1)
    assert.ok(waitedLongest >= (dues.at(-1) ?? 0) - (dues[0] ?? 0))
  })
}

test('the schedule follows what is given while it runs: slower, not at all, and on', async t => {
  const STEP_MS = 10
  const shares = [1, 1, 0.5, 0, 1, 0.5]
  let clock = 0
  let looked = 0
  t.mock.method(performance, 'now', () => clock)
  const given = () => {
    clock += STEP_MS
    return shares[looked++] ?? Number.NaN
  }
  const series = new Series(1, 1)
  const offered: number[] = []
  t.mock.method(series, 'offered', (dueMs: number) => void offered.push(dueMs))
  const sender = { waiting: 0, send: async () => {} }
  const next = () => ({ name: 'any', bytes: Buffer.alloc(0), status: 200 })
  const options = { perSecond: 2000, seconds: 0.05, given, random: new Random(SEED), next, series, memory: () => 1 }
  const sent = await openLoop(sender, { ...options, fail: error => assert.fail(error) })

  // Of the time that is given, when each is due: 10, 5, 0, 10 and 5 ms of the five steps.
  const wallOf = (givenMs: number) => {
    if (givenMs <= 10) return givenMs
    if (givenMs <= 15) return 10 + (givenMs - 10) / 0.5
    return givenMs <= 25 ? 30 + (givenMs - 15) : 40 + (givenMs - 25) / 0.5
  }
  const random = new Random(SEED)
  const expected: number[] = []
  for (let due = pause(random); due < 30; due += pause(random)) expected.push(wallOf(due))
  assert.equal(sent, expected.length)
  assert.deepEqual(offered.map(micros), expected.map(micros))
})

function pause(random: Random): number {
  return -Math.log(1 - random.next()) / 2
}

function micros(milliseconds: number): number {
  return Math.round(milliseconds * 1000)
}

test('what cannot even wait for a connection is a failure, and too many failures end the load', async () => {
  const failures: string[] = []
  const series = new Series(1, 1)
  const sender = { waiting: 1_000_000, send: async () => {} }
  const given = () => 1
  const options = { perSecond: 100_000, seconds: NEVER_S, given, random: new Random(SEED), series, memory: () => 1 }
  const exchange = { name: 'any', bytes: Buffer.alloc(0), status: 200 }
  const fail = ({ message }: Error) => void failures.push(message)
  await openLoop(sender, { ...options, next: () => exchange, fail })
  assert.ok(failures.length >= 1000)
  assert.match(failures[0] ?? '', /not sent: 1000000 requests wait/)
  assert.equal(series.points()[0]?.failed, failures.length)
  assert.equal(await openLoop(sender, { ...options, seconds: 0.01, given: () => 0, next: () => exchange, fail }), 0)
})

test('steps hold what came in them: rate, percentiles, the most memory, failures', () => {
  const series = new Series(4, 2)
  for (let n = 1; n <= 100; n++) series.answered(500, n)
  for (const due of [1, 500, 1999, 2000]) series.offered(due)
  series.held(100, 50)
  series.held(1900, 70)
  series.held(1950, 60)
  series.failed(1999)
  series.answered(2000, 7)
  series.answered(9000, 9)
  assert.deepEqual(series.points(), [
    { atS: 2, offeredPerSecond: 1.5, perSecond: 50, p50Ms: 50, p99Ms: 99, rssMiB: 70, failed: 1 },
    { atS: 4, offeredPerSecond: 0.5, perSecond: 1, p50Ms: 7, p99Ms: 9, rssMiB: Number.NaN, failed: 0 },
  ])
  assert.deepEqual(series.p99sOf(2), [99, 9])
  // Of all answers together, which is not the mean of the two.
  assert.deepEqual(series.p99sOf(60), [99])
  // What nobody answered is no number.
  assert.deepEqual(new Series(2, 1).p99sOf(1), [Number.NaN, Number.NaN])
  const [empty] = new Series(1, 1).points()
  assert.ok(empty && Number.isNaN(empty.p50Ms) && Number.isNaN(empty.p99Ms))
})

const STEADY = { offeredPerSecond: 100, perSecond: 100, p50Ms: 5, p99Ms: 20, rssMiB: 200, failed: 0 }

function pointsOf(change: (share: number) => Partial<Point>): Point[] {
  return Array.from({ length: 120 }, (_, n) => ({ atS: (n + 1) * 5, ...STEADY, ...change(n / 120) }))
}

test('a server that stays as it was keeps its promises, and one that gets slower or larger breaks them', () => {
  const broken = (change: (share: number) => Partial<Point>, minutes: readonly number[] = [20]) => {
    return brokenBy(steadinessOf(pointsOf(change), minutes)).map(text => text.split(':')[0])
  }
  assert.deepEqual(
    broken(() => ({})),
    [],
  )
  assert.deepEqual(
    broken(share => ({ p99Ms: 20 + share * 30 })),
    ['p99 steady'],
  )
  assert.deepEqual(
    broken(share => ({ p99Ms: 20 + share * 10 })),
    [],
  )
  assert.deepEqual(
    broken(() => ({}), [20, 100]),
    ['p99 steady'],
  )
  assert.deepEqual(
    broken(share => ({ rssMiB: 200 + share * 100 })),
    ['memory flat'],
  )
  assert.deepEqual(
    broken(share => ({ rssMiB: share < 0.25 ? 100 : 220 + 20 * Math.sin(share * 100) })),
    [],
  )
  // A bad start counts for nothing, and neither does one bad step.
  assert.deepEqual(
    broken(share => ({ p99Ms: share < 0.05 ? 1 : 20 })),
    [],
  )
  assert.deepEqual(
    broken(share => ({ p99Ms: share === 0.9 ? 500 : 20 })),
    [],
  )
  // Memory that cannot be read breaks nothing; a server that no longer answers does.
  assert.deepEqual(
    broken(() => ({ rssMiB: Number.NaN })),
    [],
  )
  assert.deepEqual(
    broken(share => (share < 0.6 ? {} : { p99Ms: Number.NaN, p50Ms: Number.NaN })),
    ['p99 steady'],
  )
  const { p50Ms, p99Ms, rssMiB } = steadinessOf(
    pointsOf(share => ({ rssMiB: share < 0.5 ? 100 : 110 })),
    [30, 40],
  )
  assert.deepEqual(
    [p50Ms, p99Ms, rssMiB],
    [
      { first: 5, last: 5 },
      { first: 20, last: 20, medianStep: 20, worstMinute: 40 },
      { second: 100, last: 110 },
    ],
  )
})

test('what the host takes from the server’s core is told, in all and of the worst step', () => {
  const stat = 'cpu  9 9 9 9 9 9 9 9 9 9\ncpu0 1 2 3 4 5 6 7 8 9 10\ncpu1 10 0 0 900 0 0 0 3 0 0\nintr 1\n'
  assert.deepEqual([stolenMsOf(stat, 0), stolenMsOf(stat, 1), stolenMsOf(stat, 7)], [80, 30, 0])
  const looks = [0, 100, 900, 1000, 1000].map((stolenMs, n) => ({ atMs: 50 + n * 1000, stolenMs }))
  assert.deepEqual(stolenOf(looks), { mean: 0.25, worst: 0.8 })
  // Shorter than a step, there is but the whole.
  assert.deepEqual(stolenOf(looks.slice(0, 2)), { mean: 0.1, worst: 0.1 })
  const watch = watchStolen(5)
  assert.equal(watch.given(), 1)
  assert.equal(watch.stop() !== undefined, canPin)
  assert.deepEqual([givenOf(looks[0], looks[1]), givenOf(looks[3], looks[3]), givenOf()], [0.9, 1, 1])
  assert.equal(givenOf({ atMs: 0, stolenMs: 0 }, { atMs: 10, stolenMs: 20 }), 0)
})

test('what the host takes is looked at twice a second while the load runs', t => {
  let clock = 0
  let stolenTicks = 0
  t.mock.timers.enable({ apis: ['setInterval'] })
  t.mock.method(performance, 'now', () => clock)
  t.mock.method(fs, 'readFileSync', () => `cpu0 0 0 0 0 0 0 0 ${stolenTicks} 0 0\n`)
  syncBuiltinESMExports()
  t.after(() => {
    t.mock.restoreAll()
    syncBuiltinESMExports()
  })
  const watch = watchStolen(1)
  const given = [10, 0, 25, 50].map(ticks => {
    clock += 500
    stolenTicks += ticks
    t.mock.timers.tick(500)
    return watch.given()
  })
  assert.deepEqual(given, canPin ? [0.8, 1, 0.5, 0] : [1, 1, 1, 1])
  assert.deepEqual(watch.stop(), canPin ? { mean: 0.425, worst: 0.75 } : undefined)
})

test('the capacity is what fills a core, and the results say what became of it', () => {
  const stolen = { mean: 0.0625, worst: 0.284 }
  const usage = { requests: 276_000, seconds: 600, usedS: 450, stolen }
  assert.equal(Math.round(capacityOf(usage)), 613)
  assert.equal(usedShareOf(usage), 0.8)
  assert.equal(usedShareOf({ ...usage, stolen: undefined }), Number.NaN)

  const steadiness = steadinessOf(
    pointsOf(() => ({})),
    [30],
  )
  const results = { ...usage, most: 700, capacity: 575, errors: 0, deliveries: 9, steadiness }
  const told = markdownOf(results, '![]()').split('\n')
  for (const row of [
    '| capacity of the core before, and by the load itself, requests a second | 575, 613 |',
    '| offered for 600 s, requests a second | 460 |',
    '| the host took of the core | 6.3 % in all, 28.4 % in the worst step |',
    '| of the rest the server used | 80.0 % |',
  ]) {
    assert.ok(told.includes(row), row)
  }
  const unknown = markdownOf({ ...results, usedS: Number.NaN, stolen: undefined }, '![]()')
  assert.match(unknown, /requests a second \| 575, \? \|\n/)
  assert.match(unknown, /took of the core \| not known \|\n\| of the rest the server used \| not known \|/)
})

test('the plot is well-formed, has its panels with units and says what it shows; gaps are gaps', () => {
  const points = pointsOf(share => (share === 0.5 ? { p50Ms: Number.NaN, p99Ms: Number.NaN } : {}))
  const svg = plotOf('Load & <more>', points)
  assertWellFormed(svg)
  assert.match(svg, /<title id="title">Load &amp; &lt;more&gt;<\/title>\n<desc id="desc">Over 600 seconds/)
  for (const title of ['Rate, requests a second', 'Latency, ms', 'Resident memory, MiB', 'time, s']) {
    assert.ok(svg.includes(`>${title}</text>`), title)
  }
  for (const name of ['offered', 'answered', 'p50', 'p99', 'RSS']) assert.ok(svg.includes(`>${name}</text>`), name)
  const curves = [...svg.matchAll(/ d="(M[^"h]*L[^"]*)"/g)].map(([, path = '']) => path)
  assert.equal(curves.length, 5)
  assert.deepEqual(
    curves.map(path => path.split('M').length - 1),
    [1, 1, 2, 2, 1],
  )
  assert.doesNotMatch(svg, /NaN|Infinity|undefined/)
  assert.ok(svg.length < 50_000)
  assertWellFormed(plotOf('Nothing', []))
})

/** Tags that nest, attributes in quotes and used once, text without what has to be escaped. */
function assertWellFormed(xml: string): void {
  const open: string[] = []
  const tag = /<(\/?)([a-z]+)((?: [a-zA-Z-]+="[^"<]*")*)(\/?)>/g
  const text = xml.replace(tag, (_all, end: string, name: string, attributes: string, empty: string) => {
    const names = [...attributes.matchAll(/ ([a-zA-Z-]+)=/g)].map(([, attribute]) => attribute)
    assert.equal(new Set(names).size, names.length, `an attribute of ${name} comes twice`)
    if (end) assert.equal(open.pop(), name)
    else if (!empty) open.push(name)
    return ''
  })
  assert.deepEqual(open, [])
  assert.doesNotMatch(text, /[<>]|&(?!amp;|lt;|gt;)/)
}
