// A life at EasyPost: a parent with children, their keys, and webhooks with secrets and headers of their own.

import { operate, secretOf, type Town } from './town.ts'

interface ApiKey {
  id: string
  key: string
  mode: string
}

export interface Sender {
  parent: string
  production: string
  test: string
}

/** A parent with both of its keys, and one more that somebody holds. */
export async function openSender(town: Town, holder: string): Promise<Sender> {
  const rateLimit = { listPerSecond: 1_000_000, perSecond: 1_000_000 }
  const body = { name: 'Sender', email: 'admin@easypost.example', rateLimit }
  type Made = { parent: { id: string }; keys: { key: { mode: string }; apiKey: string }[] }
  const { parent, keys } = await operate<Made>(town, 'POST', '/easypost/parents', body)
  const keyOf = (mode: string) => {
    const key = keys.find(one => one.key.mode === mode)?.apiKey ?? ''
    return town.ledger.add('EasyPost key', key)
  }
  const path = `/easypost/parents/${parent.id}/keys`
  const held = await operate(town, 'POST', path, { mode: 'production', holder })
  town.ledger.add('EasyPost key', String(held.apiKey))
  return { parent: parent.id, production: keyOf('production'), test: keyOf('test') }
}

/** Makes, uses, shows, disables and removes keys, children and webhooks. */
export async function workAsSender(town: Town, { production }: Sender): Promise<void> {
  const { wire, ledger } = town
  const call = <T>(method: string, path: string, body?: unknown, key = production) =>
    wire.json<T>(method, `/v2${path}`, { authorization: basic(key) }, body)
  const child = async (name: string) => {
    const made = await call<{ id: string; api_keys: ApiKey[] }>('POST', '/users', { user: { name } })
    for (const { key } of made.api_keys) ledger.add("EasyPost child's key", key)
    return { id: made.id, key: made.api_keys.find(({ mode }) => mode === 'production')?.key ?? '' }
  }
  const [kept, dropped] = [await child('Desk'), await child('Gone')]
  await call('GET', '/users', undefined, kept.key)
  await call('PATCH', `/users/${kept.id}`, { user: { name: 'Front desk' } })
  const extra = await call<ApiKey>('POST', '/api_keys', { mode: 'production' })
  ledger.add('EasyPost key', extra.key)
  for (const what of ['disable', 'enable', 'disable']) await call('POST', `/api_keys/${extra.id}/${what}`)
  await call('GET', '/api_keys')
  await wire.send({ method: 'GET', path: '/v2/users', headers: { authorization: basic(extra.key) } })
  await call('DELETE', `/api_keys/${extra.id}`)
  await call('GET', '/users/children')
  for (const target of town.receivers) await addWebhook(town, target, call)
  await call('DELETE', `/users/${dropped.id}`)
  await wire.send({ method: 'GET', path: '/v2/users', headers: { authorization: basic(dropped.key) } })
}

async function addWebhook(
  town: Town,
  target: string,
  call: <T>(method: string, path: string, body?: unknown) => Promise<T>,
): Promise<void> {
  const url = new URL(`${target}/${secretOf(town, 'EasyPost webhook URL', 'p')}`)
  url.username = 'hook'
  url.password = secretOf(town, 'webhook URL password', 'u')
  const headers = () => [
    { name: 'x-api-key', value: secretOf(town, 'EasyPost custom header') },
    { name: 'authorization', value: `Bearer ${secretOf(town, 'EasyPost custom header')}` },
  ]
  const webhook = {
    url: url.href,
    webhook_secret: secretOf(town, 'EasyPost webhook secret'),
    custom_headers: headers(),
  }
  const { id } = await call<{ id: string }>('POST', '/webhooks', { webhook })
  const changed = { webhook_secret: secretOf(town, 'EasyPost webhook secret'), custom_headers: headers() }
  await call('PATCH', `/webhooks/${id}`, { webhook: changed })
}

export function basic(key: string): string {
  return `Basic ${Buffer.from(`${key}:`).toString('base64')}`
}
