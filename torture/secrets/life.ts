// One full run: every kind of secret is made and used, put where it does not belong, and ended.

import * as aftership from './aftership.ts'
import * as easypost from './easypost.ts'
import { MISTYPED } from './ledger.ts'
import * as memberstack from './memberstack.ts'
import { misplacements, type Tenants } from './misuse.ts'
import * as oauth from './oauth.ts'
import { operate, type Town } from './town.ts'

/** Makes and uses everything at every vendor. */
export async function live(town: Town): Promise<Tenants> {
  const shop = await aftership.openShop(town)
  const sender = await easypost.openSender(town, aftership.READER)
  const club = await memberstack.openClub(town, aftership.READER)
  await aftership.workInShop(town, shop)
  await oauth.connectApp(town, await oauth.registerApp(town), shop, aftership.READER)
  await easypost.workAsSender(town, sender)
  await memberstack.liveInClub(town, club)
  for (const scope of ['read', 'write', 'admin']) {
    const { token } = await operate(town, 'POST', '/tokens', { name: scope, scope })
    town.ledger.add('control token', String(token))
  }
  return { shop, sender, club }
}

/**
 * Puts secrets, and mistyped ones, where they do not belong: each of them everywhere, or, in `rounds`, each place gets a
 * few of them. Throws where such a request is not refused.
 */
export async function misplace(town: Town, tenants: Tenants, rounds?: number): Promise<void> {
  const texts = oneOfEachKind(town).flatMap(text => [text, mistyped(town, text)])
  const all = texts.map(text => misplacements(town, tenants, text))
  const chosen =
    rounds === undefined
      ? all.flat()
      : Array.from({ length: rounds }, (_, round) =>
          (all[0] ?? []).map((_request, place) => all[(place + round * 7) % all.length]?.[place]),
        ).flat()
  for (const request of chosen) {
    if (!request) continue
    const { status, body } = await town.wire.send(request)
    const isDone =
      request.method !== 'GET' && status < 300 && !/offboard|holder$|reset-password-email/.test(request.path)
    if (status === 500 || isDone) {
      throw new Error(`${request.method} ${request.path} ${request.body} was answered with ${status}: ${body}`)
    }
  }
}

/** Everybody leaves; their keys are tried once more. */
export async function end(town: Town, { shop, club }: Tenants): Promise<void> {
  await operate(town, 'POST', '/memberstack/signing-keys/rotate')
  for (const what of ['offboard', 'restore', 'offboard']) {
    await operate(town, 'POST', `/holders/${aftership.READER}/${what}`)
  }
  const tries = [
    ['/admin/2022-01/memberships', { 'as-api-key': shop.apiKey }],
    ['/members', { 'x-api-key': club.secret }],
  ] as const
  for (const [path, headers] of tries) await town.wire.send({ method: 'GET', path, headers })
}

function oneOfEachKind({ ledger }: Town): string[] {
  const byKind = Map.groupBy(ledger.secrets, ({ kind }) => kind)
  return [...byKind.values()].map(secrets => secrets[0]?.text ?? '')
}

/** A mistyped key is one letter away from a good one: no less a secret. */
function mistyped({ ledger }: Town, text: string): string {
  const last = text.at(-1) === '7' ? '8' : '7'
  return ledger.add(MISTYPED, text.slice(0, -1) + last)
}
