// What a parent or a child tries with what is another's: its sibling's, its parent's, another parent's, or its own of the
// other mode. It must be told the same as of something that nobody has.

import type { Family, Mode, User } from './easypost-family.ts'
import type { Attempt } from './ground.ts'
import { tryScope } from './scopes.ts'
import { json, type Request } from './wire.ts'
import { bearer, SAME } from './world.ts'

/** All that it tries: each as the parent, and as one of its children. */
export function attemptsOfFamily(family: Family): Attempt[] {
  const users = [() => family.parent, () => childOf(family)]
  const asUser = users.flatMap(userOf => [
    ...IDS.map(act => () => byId(family, userOf(), act)),
    ...CURSORS.map(act => () => byCursor(family, userOf(), act)),
    () => byKey(family, userOf()),
  ])
  const asOperator = CONTROL.map(act => () => byControl(family, act))
  return [
    ...asUser,
    ...asOperator,
    () => byPayload(family),
    () => byEmail(family),
    () => byOwner(family),
    () => byScope(family),
  ]
}

/** Where there is no child yet, the parent. */
function childOf(family: Family): User {
  const children = family.live().filter(({ id }) => id !== SAME.child)
  return children.length === 0 ? family.parent : family.random.pick(children)
}

const IDS = [
  ['easypost user', 'production', 'GET', '/users/ID'],
  ['easypost user', 'test', 'GET', '/users/ID'],
  ['easypost user', 'production', 'PATCH', '/users/ID', { user: { name: 'Taken over' } }],
  ['easypost user', 'production', 'DELETE', '/users/ID'],
  ['easypost user', 'production', 'GET', '/users/ID/children'],
  ['easypost user', 'production', 'PATCH', '/users/ID/brand', { brand: { color: '#000000' } }],
  ['easypost key id', 'production', 'POST', '/api_keys/ID/enable'],
  ['easypost key id', 'production', 'POST', '/api_keys/ID/disable'],
  ['easypost key id', 'production', 'DELETE', '/api_keys/ID'],
  ['easypost key id', 'test', 'DELETE', '/api_keys/ID'],
  ['easypost webhook', 'production', 'GET', '/webhooks/ID'],
  ['easypost webhook', 'test', 'GET', '/webhooks/ID'],
  ['easypost webhook', 'production', 'PATCH', '/webhooks/ID', {}],
  ['easypost webhook', 'test', 'PATCH', '/webhooks/ID', {}],
  ['easypost webhook', 'production', 'DELETE', '/webhooks/ID'],
  ['easypost webhook', 'test', 'DELETE', '/webhooks/ID'],
  ['easypost event', 'production', 'GET', '/events/ID'],
  ['easypost event', 'test', 'GET', '/events/ID'],
  ['easypost event', 'production', 'GET', '/events/ID/payloads'],
] as const

async function byId(family: Family, user: User, act: (typeof IDS)[number]): Promise<void> {
  const { ground, random } = family
  const [kind, mode, method, path, body] = act
  const viewer = user.viewers[mode]
  const foreign = ground.board.steal(random, viewer, kind)
  if (foreign === undefined) return
  const status = await attack(family, user, mode, foreign, id => json(method, `/v2${path.replace('ID', id)}`, {}, body))
  if (status < 400) ground.broken(viewer, `${method} ${path} with ${foreign}, which is another's, is ${status}`)
}

const CURSORS = [
  ['easypost user', 'production', '/users/children?after_id='],
  ['easypost user', 'production', '/users/USER/children?before_id='],
  ['easypost event', 'production', '/events?before_id='],
  ['easypost event', 'test', '/events?after_id='],
] as const

/** Cursors. */
async function byCursor(family: Family, user: User, act: (typeof CURSORS)[number]): Promise<void> {
  const { ground, random } = family
  const [kind, mode, path] = act
  const foreign = ground.board.steal(random, user.viewers[mode], kind)
  if (foreign === undefined) return
  await attack(family, user, mode, foreign, id => json('GET', `/v2${path.replace('USER', user.id)}${id}`, {}))
}

/** What was sent to another, under an own event, which the parent alone has. */
async function byPayload(family: Family): Promise<void> {
  const { ground, random, parent } = family
  const foreign = ground.board.steal(random, parent.viewers.production, 'easypost payload')
  if (foreign === undefined) return
  const own = await newestEvent(family)
  await attack(family, parent, 'production', foreign, id => json('GET', `/v2/events/${own}/payloads/${id}`, {}))
}

async function newestEvent(family: Family): Promise<string> {
  const { parent, ground } = family
  const request = family.request(parent, 'production', 'GET', '/events?page_size=1')
  type Page = { events: { id: string }[] }
  const { events } = await ground.get<Page>(parent.viewers.production, request, 200)
  return events[0]?.id ?? 'evt_none'
}

/** An email is one user's on the whole server, by contract: all that another learns is that it is taken. */
async function byEmail(family: Family): Promise<void> {
  const { ground, random, parent } = family
  const viewer = parent.viewers.production
  const email = ground.board.steal(random, viewer, 'easypost email')
  if (email === undefined) return
  const body = { user: { name: `Child ${family.seed.marker}`, email } }
  const request = family.request(parent, 'production', 'POST', '/users', body)
  const { error } = await ground.get<{ error: { errors: object[] } }>(viewer, request, 422)
  ground.equal(viewer, 'the refusal', error.errors, [{ field: 'email', message: 'has already been taken' }])
}

/** A key of another's, in the place of an id or as what a webhook is asked with: never shown, never found. */
async function byKey(family: Family, user: User): Promise<void> {
  const { ground, random } = family
  const foreign = ground.board.steal(random, user.viewers.production, 'memberstack key', 'aftership key')
  if (foreign === undefined) return
  const path = random.pick(['/users', '/api_keys', '/webhooks', '/events'])
  const scheme = random.pick(['Bearer', 'Basic'])
  const authorization = (key: string) =>
    scheme === 'Bearer' ? `Bearer ${key}` : `Basic ${Buffer.from(`${key}:`).toString('base64')}`
  await ground.attack(
    user.viewers.production,
    key => json('GET', `/v2${path}`, { authorization: authorization(key) }),
    [foreign, ground.marks.letters(foreign.length)],
  )
}

const CONTROL = [
  ['easypost user', 'GET', '/children/ID'],
  ['easypost user', 'POST', '/children/ID/restore'],
  ['easypost delivery', 'GET', '/deliveries/ID'],
  ['easypost delivery', 'GET', '/deliveries/ID/attempts'],
  ['easypost delivery', 'POST', '/deliveries/ID/resend'],
  ['easypost webhook', 'GET', '/deliveries?endpoint=ID'],
  ['easypost event', 'GET', '/deliveries?event=ID'],
] as const

async function byControl(family: Family, act: (typeof CONTROL)[number]): Promise<void> {
  const { ground, operator, random } = family
  const [kind, method, path] = act
  const foreign = ground.board.steal(random, operator, kind)
  if (foreign === undefined) return
  const requestOf = (id: string) => family.control(method, path.replace('ID', id))
  await ground.attack(operator, requestOf, [foreign, alike(family, foreign)])
}

/** A key for another's child. */
async function byOwner(family: Family): Promise<void> {
  const { ground, operator, random, seed, parts } = family
  const foreign = ground.board.steal(random, operator, 'easypost user')
  if (foreign === undefined) return
  const path = `/understudy/v1/easypost/parents/${seed.id}/keys`
  const requestOf = (user: string) => json('POST', path, bearer(parts, 'admin'), { mode: 'production', user })
  const { status } = await ground.attack(operator, requestOf, [foreign, alike(family, foreign)])
  ground.equal(operator, "the answer to a key for another's child", status, 404)
}

function byScope(family: Family): Promise<void> {
  return tryScope(family, family.operator, family.seed.id)
}

async function attack(
  family: Family,
  user: User,
  mode: Mode,
  foreign: string,
  requestOf: (id: string) => Request,
): Promise<number> {
  const key = user.keys.find(one => one.mode === mode)?.key ?? ''
  const authorization = family.keyed(key)
  const keyed = (id: string) => {
    const request = requestOf(id)
    return { ...request, headers: { ...request.headers, ...authorization } }
  }
  const { status } = await family.ground.attack(user.viewers[mode], keyed, [foreign, alike(family, foreign)])
  return status
}

/** An id of the same form that nobody has. */
function alike({ ground }: Family, id: string): string {
  const [, prefix = '', rest = ''] = /^([a-z]+_)?(.*)$/.exec(id) ?? []
  const hex = [...ground.marks.letters(rest.length)].map(letter => (Number.parseInt(letter, 36) % 16).toString(16))
  return prefix + hex.join('')
}
