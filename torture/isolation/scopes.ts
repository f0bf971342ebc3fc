// A control token does what its scope says, whatever it names: what is there is refused as what nobody has.

import type { Random } from '../random.ts'
import type { ActorParts, Ground } from './ground.ts'
import type { Viewer } from './marks.ts'
import { json } from './wire.ts'
import { bearer } from './world.ts'

const FORBIDDEN = [
  ['read', 'POST', '/keys/ID/disable'],
  ['read', 'DELETE', '/keys/ID'],
  ['read', 'PUT', '/keys/ID/holder', { holder: 'me@isolation.test' }],
  ['write', 'POST', '/keys/ID/enable'],
  ['read', 'GET', '/mails/ID'],
  ['write', 'GET', '/mails/ID'],
  ['read', 'POST', '/mails/ID/resend'],
] as const

/** The operator's token of too small a scope, with the id of a key or mail of this tenant. */
export async function tryScope(
  { ground, random, parts }: { ground: Ground; random: Random; parts: ActorParts },
  operator: Viewer,
  tenantId: string,
): Promise<void> {
  const [scope, method, path, body] = random.pick(FORBIDDEN)
  const list = path.startsWith('/keys') ? `/keys?tenant=${tenantId}` : '/mails?limit=3'
  // Mails are listed for the whole server: nobody is shown this.
  const { text } = await ground.parts.send(json('GET', `/understudy/v1${list}`, bearer(parts, 'read')))
  const { data } = JSON.parse(text) as { data: { id: string }[] }
  if (data.length === 0) return
  const requestOf = (id: string) => json(method, `/understudy/v1${path.replace('ID', id)}`, bearer(parts, scope), body)
  const { id } = random.pick(data)
  const { status } = await ground.attack(operator, requestOf, [id, ground.marks.letters(id.length)])
  ground.equal(operator, `${method} ${path} with scope ${scope}`, status, 403)
}
