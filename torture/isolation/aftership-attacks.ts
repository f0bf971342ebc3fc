// What an organization tries with what is another's: it must be told the same as of something that nobody has.

import { M, type Organization, signed } from './aftership-organization.ts'
import type { Attempt } from './ground.ts'
import { tryScope } from './scopes.ts'
import { json, type Request } from './wire.ts'
import { bearer } from './world.ts'

/** All that it tries. */
export function attemptsOfOrganization(organization: Organization): Attempt[] {
  const others = [byEmail, byRole, byRole, byKey, bySecret, byForeignKey, byTenant, byTenant, byScope]
  return [
    ...BY_ID.map(act => () => byId(organization, act)),
    ...BY_CONTROL.map(act => () => byControl(organization, act)),
    ...BY_QUERY.map(act => () => byQuery(organization, act)),
    ...others.map(act => () => act(organization)),
  ]
}

function keyed({ seed }: Organization, request: Request): Request {
  return { ...request, headers: { ...request.headers, 'as-api-key': seed.key } }
}

const BY_ID = [
  (id: string) => json('GET', `${M}/${id}`, {}),
  (id: string) => json('PATCH', `${M}/${id}`, {}, { role: { code: 'member' } }),
  (id: string) => json('PATCH', `${M}/${id}`, {}, { role: { code: 'owner' } }),
  (id: string) => json('PATCH', `${M}/${id}`, {}, { role: { code: 'nobody has it' } }),
  (id: string) => json('DELETE', `${M}/${id}`, {}),
]

async function byId(organization: Organization, act: (typeof BY_ID)[number]): Promise<void> {
  const { ground, viewer, random } = organization
  const kinds = ['aftership membership', 'aftership membership', 'easypost user', 'memberstack member']
  const foreign = ground.board.steal(random, viewer, ...kinds)
  if (foreign === undefined) return
  await ground.attack(viewer, id => keyed(organization, act(id)), [foreign, ground.marks.letters(foreign.length)])
}

/** A person that another organization knows is, in a list, one that nobody knows. */
async function byEmail(organization: Organization): Promise<void> {
  const { ground, viewer, random } = organization
  const foreign = ground.board.steal(random, viewer, 'aftership email')
  if (foreign === undefined) return
  const requestOf = (email: string) => keyed(organization, json('GET', `${M}?email=${encodeURIComponent(email)}`, {}))
  await ground.attack(viewer, requestOf, [foreign, `${ground.marks.letters(10)}@isolation.test`])
}

async function byRole(organization: Organization): Promise<void> {
  const { ground, viewer, random } = organization
  const foreign = ground.board.steal(random, viewer, 'aftership role')
  const member = random.pick(organization.live())
  if (foreign === undefined) return
  const act = random.pick([
    (code: string) => json('PATCH', `${M}/${member.id}`, {}, { role: { code } }),
    (code: string) => json('POST', M, {}, { account: { email: member.email }, role: { code } }),
  ])
  await ground.attack(viewer, code => keyed(organization, act(code)), [foreign, `role_${ground.marks.letters(12)}`])
}

/** Another's signing key without its secret: as a key that nobody has. */
async function byKey({ ground, viewer, random, seed }: Organization): Promise<void> {
  const foreign = ground.board.steal(random, viewer, 'aftership signing key', 'easypost key', 'memberstack key')
  if (foreign === undefined) return
  const plain = (key: string) => json('GET', M, { 'as-api-key': key })
  const withOwnSecret = (key: string) => signed(ground, json('GET', M, {}), { key, secret: seed.signing.secret })
  await ground.attack(viewer, random.pick([plain, withOwnSecret]), [foreign, ground.marks.letters(foreign.length)])
}

/** The own signing key with another's secret: as with a secret that nobody has. */
async function bySecret({ ground, viewer, random, seed }: Organization): Promise<void> {
  const foreign = ground.board.steal(random, viewer, 'aftership secret', 'aftership key')
  if (foreign === undefined) return
  const requestOf = (secret: string) => signed(ground, json('GET', M, {}), { key: seed.signing.key, secret })
  const { status } = await ground.attack(viewer, requestOf, [foreign, ground.marks.letters(32)])
  ground.equal(viewer, "the answer to a signature of another's secret", status, 401)
}

/** An operator's token, or another vendor's key, opens nothing here. */
async function byForeignKey(organization: Organization): Promise<void> {
  const { ground, viewer, random, parts } = organization
  const foreign = random.pick(Object.values(parts.operator))
  const header = random.pick(['as-api-key', 'as-access-token'])
  await ground.attack(viewer, key => json('GET', M, { [header]: key }), [foreign, `ust_${ground.marks.letters(32)}`])
}

const BY_CONTROL = [
  ['aftership membership', 'GET', '/memberships/ID'],
  ['aftership membership', 'PATCH', '/memberships/ID', { role: 'admin' }],
  ['aftership membership', 'DELETE', '/memberships/ID'],
  ['aftership membership', 'POST', '/memberships/ID/restore'],
  ['aftership membership', 'POST', '/memberships/ID/resend-invitation'],
  ['aftership webhook', 'GET', '/webhooks/ID'],
  ['aftership webhook', 'PATCH', '/webhooks/ID', {}],
  ['aftership webhook', 'POST', '/webhooks/ID/disable'],
  ['aftership webhook', 'DELETE', '/webhooks/ID'],
  ['aftership delivery', 'GET', '/deliveries/ID'],
  ['aftership delivery', 'GET', '/deliveries/ID/attempts'],
  ['aftership delivery', 'POST', '/deliveries/ID/resend'],
  ['aftership role', 'PATCH', '/roles/ID', { name: 'Taken over' }],
  ['aftership role', 'DELETE', '/roles/ID'],
  ['aftership grant', 'DELETE', '/grants/ID'],
] as const

async function byControl(organization: Organization, attempt: (typeof BY_CONTROL)[number]): Promise<void> {
  const { ground, operator, random } = organization
  const [kind, method, path, body] = attempt
  const foreign = ground.board.steal(random, operator, kind)
  if (foreign === undefined) return
  const requestOf = (id: string) => organization.control(method, path.replace('ID', id), body)
  const { status } = await ground.attack(operator, requestOf, [foreign, ground.marks.letters(foreign.length)])
  ground.equal(operator, `${method} ${path} of another organization`, status, 404)
}

const BY_QUERY = [
  ['aftership webhook', '/deliveries?endpoint='],
  ['aftership event', '/deliveries?event='],
  ['aftership cursor', '/grants?after='],
] as const

/** Filters and cursors of another find what those of nobody find. */
async function byQuery(organization: Organization, attempt: (typeof BY_QUERY)[number]): Promise<void> {
  const { ground, operator, random } = organization
  const [kind, path] = attempt
  const foreign = ground.board.steal(random, operator, kind)
  if (foreign === undefined) return
  const requestOf = (word: string) => organization.control('GET', path + encodeURIComponent(word))
  await ground.attack(operator, requestOf, [
    foreign,
    kind === 'aftership cursor' ? cursorLike(foreign) : ground.marks.letters(foreign.length),
  ])
}

/** The same place in time, at an id that nobody has. */
/** At the same place of the order, as nobody's: what was made in that millisecond stands on the same side of both. */
function cursorLike(cursor: string): string {
  const place = Buffer.from(cursor, 'base64url').toString()
  return Buffer.from(`${place.slice(0, -1)}${place.endsWith('0') ? 1 : 0}`).toString('base64url')
}

/** Another vendor's tenant is no organization; and no scope but `admin` makes keys, for nobody's organization either. */
async function byTenant({ ground, operator, random, parts }: Organization): Promise<void> {
  const foreign = ground.board.steal(random, operator, 'easypost user', 'memberstack app')
  if (foreign === undefined) return
  const made = ground.marks.letters(foreign.length)
  const base = '/understudy/v1/aftership/organizations'
  const act = random.pick([
    (id: string) => json('GET', `${base}/${id}/webhooks`, bearer(parts, 'read')),
    (id: string) => json('GET', `${base}/${id}`, bearer(parts, 'read')),
    (id: string) => json('POST', `${base}/${id}/keys`, bearer(parts, 'write'), { name: 'mine', mode: 'api_key' }),
    (id: string) => json('POST', `${base}/${id}/roles`, bearer(parts, 'read'), { code: 'mine', name: 'Mine' }),
  ])
  await ground.attack(operator, act, [foreign, made])
}

function byScope(organization: Organization): Promise<void> {
  return tryScope(organization, organization.operator, organization.seed.id)
}
