// What a life is made of, and what several of them do.

import type { Client } from './client.ts'
import type { Change, Step } from './ledger.ts'
import type { Reply, Request } from './wire.ts'
import { asKey, asOperator, asPage, ORGANIZATION } from './world.ts'

/** What a life leaves to the jobs. */
export interface Left {
  /** A pending membership, which may expire. */
  pending?: string
  /** Something deleted, which may be purged: its table, its id there, and what its purge is called. */
  deleted?: { table: string; id: string; steps: readonly Step[] }
  /** What has to be refused from now on, whoever starts on the store, and how. */
  refused?: readonly { request: Request; status: number }[]
}

/** All that somebody does, `name` in the name of each thing that it makes. */
export type Life = (client: Client, name: string) => Promise<Left>

export const MEMBERSHIPS = '/admin/2022-01/memberships'
const CONTROL = '/understudy/v1'
export const PASSWORD = 'a password of theirs'

/** A request of the control API's, its path below the version. */
export const operator = (method: string, path: string, body?: object): Request => ({
  method,
  path: CONTROL + path,
  headers: asOperator,
  ...(body && { body }),
})

/** A change that is answered alike when it is asked for again. */
export const asked = (request: Request, status: number, ...steps: Step[]): Change => ({ request, status, steps })

/** The id of what was made, in any vendor's envelope. */
export const idIn = ({ text }: Reply): string => {
  const body = JSON.parse(text)
  return body.data?.id ?? body.data?.member?.id ?? body.key?.id ?? body.id
}

/** Makes an account at AfterShip. */
export const register = (client: Client, email: string, id: string) =>
  client.change(
    asked(operator('POST', '/aftership/accounts', { id, email }), 201, [`account ${email}`, 'account.created']),
  )

/** Asked for again by a client that was not answered: it is a member already. */
export async function invite(client: Client, email: string, code = 'member'): Promise<string> {
  const body = { account: { email }, role: { code } }
  const request = { method: 'POST', path: MEMBERSHIPS, headers: asKey, body }
  const steps: Step[] = [[`membership ${email}`, 'membership.created']]
  return idIn(await client.change({ request, status: 201, steps, again: { status: 409 } }))
}

/** Accepts the invitation that was mailed, which does so once. */
export async function joined(client: Client, email: string): Promise<void> {
  const path = await client.mailed(email, /(\/invitations\/aftership\/\S+)/)
  const steps: Step[] = [[`membership ${email}`, 'membership.activated']]
  const request = { method: 'POST', path, headers: {} }
  await client.change({ request, status: 200, steps, again: { status: 410 } })
  await client.read(request, 410)
}

/** Makes a key of the organization's that a person holds; the answer has it. */
export const keyOfOrganization = (client: Client, holder: string) =>
  client.change(
    asked(
      operator('POST', `/aftership/organizations/${ORGANIZATION}/keys`, { name: 'held', mode: 'api_key', holder }),
      201,
      [`aftership key ${holder}`, 'key.created'],
    ),
  )

/** Makes a member at Memberstack; the token is of their first login. */
export async function signUp(client: Client, email: string): Promise<{ id: string; token: string }> {
  const subject = `member ${email}`
  const reply = await client.change({
    request: { method: 'POST', path: '/auth/signup', headers: asPage, body: { email, password: PASSWORD } },
    status: 200,
    steps: [
      [subject, 'member.created'],
      [subject, 'member.signed_in'],
    ],
    again: { status: 400 },
  })
  const { tokens, member } = JSON.parse(reply.text).data
  return { id: member.id, token: tokens.accessToken }
}
