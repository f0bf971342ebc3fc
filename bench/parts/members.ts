// A Memberstack app of 1,000,000 members against one of 1,000: each request's time, and the servers' memory.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Connection, expect, request } from '../connection.ts'
import { LOAD_CORE, pinSelf } from '../cores.ts'
import { type GrowingOperation, growthLines, namesOf, samplesOf, sizesOf } from '../growth.ts'
import { measureInTurns } from '../in-turns.ts'
import { memoryOf } from '../memory.ts'
import { spread } from '../numbers.ts'
import { runPart } from '../part.ts'
import { type ServerProcess, startUnderstudy } from '../server-process.ts'
import { emailOf, idOf, numberOf } from '../stores/member-rows.ts'
import { type MemberStore, makeMemberStore } from '../stores/members.ts'

const PAGE = 100
const GROWTH_MAX = 1.3
/** Elsewhere than at an end of the list. */
const ANY_PAGE_MAX = 1.5
/** What updates and creates take is to be seen, and not what a password takes. */
const CHEAP_PASSWORDS = 'passwords: { memoryKiB: 8, passes: 1, parallelism: 1 }\n'

interface Target {
  store: MemberStore
  server: ServerProcess
  connection: Connection
}

const operations: GrowingOperation<Target>[] = [
  { name: 'read by id', most: GROWTH_MAX, send: (target, n) => get(target, `/${idOf(anyMember(target, n))}`) },
  { name: `first page of ${PAGE}`, most: GROWTH_MAX, send: list('ASC', () => 0) },
  { name: `first page of ${PAGE}, newest first`, most: GROWTH_MAX, send: list('DESC', () => 0) },
  {
    name: 'lookup by email',
    most: GROWTH_MAX,
    send: (target, n) => get(target, `/${encodeURIComponent(emailOf(anyMember(target, n)))}`),
  },
  { name: 'any page', most: ANY_PAGE_MAX, send: list('ASC', spread) },
  { name: 'any page, newest first', most: ANY_PAGE_MAX, send: list('DESC', spread) },
  { name: 'last page', most: ANY_PAGE_MAX, send: list('ASC', () => 1) },
  { name: 'update', send: update },
  { name: 'create', send: create },
]

await runPart(async ({ directory, quick }) => {
  pinSelf(LOAD_CORE)
  const configFile = join(directory, 'understudy.yaml')
  writeFileSync(configFile, CHEAP_PASSWORDS)
  const made: Omit<Target, 'connection'>[] = []
  for (const size of sizesOf(quick)) {
    const store = await makeMemberStore(join(directory, String(size)), size)
    made.push({ store, server: await startUnderstudy(store.directory, { env: { UNDERSTUDY_CONFIG: configFile } }) })
  }
  // Only now: a server does not hold an idle connection while a store is filled.
  const targets = await Promise.all(
    made.map(async each => ({ ...each, connection: await Connection.open(each.server.url) })),
  )
  const measured = await measureInTurns(operations, targets, samplesOf(quick))
  const names = namesOf('members', quick)
  const memory = targets.map(({ server }, index) => {
    const { nowMiB } = memoryOf(server.pid)
    return { contender: names[index] ?? '', operation: 'after all that', rssMiB: nowMiB }
  })
  for (const { connection, server } of targets) {
    connection.close()
    await server.stop()
  }
  return [...growthLines(names, measured), ...memory]
})

/** Reads pages at a place from 0 (the first page) to 1 (the last). */
function list(order: 'ASC' | 'DESC', placeOf: (n: number) => number): GrowingOperation<Target>['send'] {
  return (target, n) => {
    const before = Math.round(placeOf(n) * (target.store.size - PAGE))
    const after = order === 'ASC' ? numberOf(before - 1) : numberOf(target.store.size - before)
    return get(target, `?limit=${PAGE}&order=${order}&after=${after}`)
  }
}

/** All over the store. */
function anyMember({ store }: Target, n: number): number {
  return Math.floor(spread(n) * store.size)
}

function get(target: Target, path: string): Promise<unknown> {
  return send(target, 'GET', path)
}

function update(target: Target, n: number): Promise<unknown> {
  const fields = { customFields: { visits: n }, loginRedirect: `/welcome-${n}` }
  return send(target, 'PATCH', `/${idOf(anyMember(target, n))}`, fields)
}

function create(target: Target, n: number): Promise<unknown> {
  const fields = { customFields: { city: 'Accra' }, plans: [{ planId: 'pln_reader' }] }
  return send(target, 'POST', '', { email: `new${n}@example.com`, password: 'a long password', ...fields })
}

function send({ connection, store }: Target, method: string, path: string, body?: object): Promise<unknown> {
  return expect(200, connection, request(method, `/members${path}`, { 'x-api-key': store.secretKey }, body))
}
