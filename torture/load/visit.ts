// What the load needs of a running server before it starts: members who are logged in, children with their own keys, and
// an endpoint of each vendor's webhooks.

import { Connection, expect, request } from '../../bench/connection.ts'
import { emailOf, idOf } from '../../bench/stores/member-rows.ts'
import { ORGANIZATION } from '../../bench/stores/membership-rows.ts'
import { jsonOf } from './exchange.ts'
import { type LoadStore, passwordOf } from './store.ts'

const CONTROL = '/understudy/v1'
/** Children who ask with their own production key. */
const CHILDREN = 40

/** Where the bench's members are: bench/stores/members.ts. */
export const APP = 'app_bench'

export interface Visit {
  tokens: { id: string; token: string }[]
  childKeys: { id: string; key: string }[]
}

interface NewChild {
  id: string
  api_keys: { mode: string; key: string }[]
}

/** Prepares the server at `url`; its webhooks go to `receiver`. */
export async function visitServer(url: string, store: LoadStore, receiver: string): Promise<Visit> {
  const connection = await Connection.open(url)
  try {
    await registerWebhooks(connection, store, receiver)
    return { tokens: await logIn(connection, store), childKeys: await makeChildren(connection, store) }
  } finally {
    connection.close()
  }
}

/** Of members only some events, as most receivers do; of EasyPost's users all, as there is no choice. */
async function registerWebhooks(connection: Connection, store: LoadStore, receiver: string): Promise<void> {
  const operator = { authorization: `Bearer ${store.operator}` }
  const parent = { authorization: `Bearer ${store.children.productionKey}` }
  const made = [
    request('POST', `${CONTROL}/aftership/organizations/${ORGANIZATION}/webhooks`, operator, {
      url: `${receiver}/aftership`,
      secret: 'the secret of a load test',
      events: ['membership.created', 'membership.deleted'],
    }),
    request('POST', `${CONTROL}/memberstack/apps/${APP}/webhooks`, operator, {
      url: `${receiver}/memberstack`,
      environment: 'live',
      events: ['member.created', 'member.deleted'],
    }),
    request('POST', '/v2/webhooks', parent, { webhook: { url: `${receiver}/easypost`, webhook_secret: 'a secret' } }),
  ]
  for (const bytes of made) await expect(201, connection, bytes)
}

async function logIn(connection: Connection, { members, visitors }: LoadStore): Promise<Visit['tokens']> {
  const tokens: Visit['tokens'] = []
  for (let n = 0; n < visitors; n++) {
    const key = { 'x-api-key': members.publicKeys[n % members.publicKeys.length] ?? '' }
    const login = { email: emailOf(n), password: passwordOf(n) }
    const reply = await expect(200, connection, request('POST', '/auth/login', key, login))
    tokens.push({
      id: idOf(n),
      token: jsonOf<{ data: { tokens: { accessToken: string } } }>(reply).data.tokens.accessToken,
    })
  }
  return tokens
}

async function makeChildren(connection: Connection, { children }: LoadStore): Promise<Visit['childKeys']> {
  const headers = { authorization: `Bearer ${children.productionKey}` }
  const keys: Visit['childKeys'] = []
  for (let n = 0; n < CHILDREN; n++) {
    const bytes = request('POST', '/v2/users', headers, { name: `Child with a key ${n}` })
    const { id, api_keys } = jsonOf<NewChild>(await expect(201, connection, bytes))
    keys.push({ id, key: api_keys.find(({ mode }) => mode === 'production')?.key ?? '' })
  }
  return keys
}
