// A limit is a tenant's own: who has used up its own does not slow down another that has the same.

import type { Ground } from './ground.ts'
import type { Host } from './host.ts'
import type { Viewer } from './marks.ts'
import { json, type Request } from './wire.ts'
import { bearer, type World } from './world.ts'

const PER_SECOND = 5
/** So long until every node knows a new limit, and every window that was open is over. */
const SETTLED_MS = 2500
/** More than any limit lets through in the seconds that they take. */
const NOISE = 60

interface Pair {
  what: string
  noisy: Request
  quiet: Request
}

/** Sets the limits of two tenants of each vendor so low that both would meet them. */
export async function seeNeighbours(ground: Ground, host: Host, world: World, nobody: Viewer): Promise<void> {
  await lower(ground, world, nobody)
  for (const { what, noisy, quiet } of pairsOf(world)) {
    await host.pass(SETTLED_MS)
    const answers = await Promise.all(Array.from({ length: NOISE }, () => host.send(noisy)))
    const refused = answers.filter(({ status }) => status === 429).length
    if (refused === 0) ground.broken(nobody, `${what}: ${NOISE} requests at once did not meet a limit of ${PER_SECOND}`)
    for (let nth = 0; nth < PER_SECOND; nth++) {
      const { status, text } = await host.send(quiet)
      if (status === 429) ground.broken(nobody, `${what}: one that used up its limit has used up another's: ${text}`)
    }
    ground.count('requests refused by a limit, beside a tenant that went on', refused)
  }
}

async function lower(ground: Ground, { organizations, parents, apps, operator }: World, nobody: Viewer): Promise<void> {
  const headers = bearer({ operator }, 'write')
  const rateLimit = { listPerSecond: PER_SECOND, perSecond: PER_SECOND }
  const base = '/understudy/v1'
  const changes = [
    ...organizations.map(
      ({ id }) => [`${base}/aftership/organizations/${id}`, { requestsPerSecond: PER_SECOND }] as const,
    ),
    ...parents.map(({ id }) => [`${base}/easypost/parents/${id}`, { rateLimit }] as const),
    ...apps.map(
      ({ id }) =>
        [`${base}/memberstack/apps/${id}`, { settings: { rateLimit: { perSecond: PER_SECOND, by: 'ip' } } }] as const,
    ),
  ]
  for (const [path, body] of changes) {
    const { status, text } = await ground.parts.send(json('PATCH', path, headers, body))
    if (status !== 200) ground.broken(nobody, `PATCH ${path} must be 200, not ${status}: ${text}`)
  }
}

function pairsOf({ organizations, parents, apps }: World): Pair[] {
  const [organization, otherOrganization] = organizations.map(({ key }) =>
    json('GET', '/admin/2022-01/roles', { 'as-api-key': key }),
  )
  const [parent, otherParent] = parents.map(({ production }) =>
    json('GET', '/v2/webhooks', { authorization: `Bearer ${production}` }),
  )
  // All from one address: an environment's limit is its own all the same.
  const [app, otherApp] = apps.map(({ secret, public: pages }) => ({
    sandbox: json('GET', '/members?limit=1', { 'x-api-key': secret.sandbox }),
    live: json('GET', '/members?limit=1', { 'x-api-key': secret.live }),
    page: json('GET', '/app', { 'x-api-key': pages.sandbox }),
  }))
  if (!organization || !otherOrganization || !parent || !otherParent || !app || !otherApp) return []
  return [
    { what: 'AfterShip organizations', noisy: organization, quiet: otherOrganization },
    { what: 'EasyPost parents', noisy: parent, quiet: otherParent },
    { what: 'Memberstack apps', noisy: app.sandbox, quiet: otherApp.sandbox },
    { what: "an app's environments", noisy: app.sandbox, quiet: app.live },
    { what: "an app's keys", noisy: app.sandbox, quiet: app.page },
  ]
}
