// A life at AfterShip: keys of every mode, signatures, invitations by mail, webhooks that say back what they were sent.

import { generateKeyPairSync } from 'node:crypto'
import { hmacOf, signStringOf } from '../sign.ts'
import { newestMail, operate, secretOf, type Town } from './town.ts'

export const MEMBERSHIPS = '/admin/2022-01/memberships'
export const READER = 'jane@aftership.example'

export interface Shop {
  organization: string
  apiKey: string
  signing: { apiKey: string; apiSecret: string }
}

/** An organization with keys, people and webhooks; everything secret about it is noted. */
export async function openShop(town: Town): Promise<Shop> {
  const { ledger } = town
  const made = await operate(town, 'POST', '/aftership/organizations', { name: 'Shop', requestsPerSecond: 1_000_000 })
  const organization = String(made.id)
  const base = `/aftership/organizations/${organization}`
  for (const email of ['owner@aftership.example', READER, 'new@aftership.example', 'gone@aftership.example']) {
    await operate(town, 'POST', '/aftership/accounts', { email })
  }
  for (const [email, role] of [
    ['owner@aftership.example', 'owner'],
    [READER, 'admin'],
  ]) {
    await operate(town, 'POST', `${base}/memberships`, { email, role, status: 'active' })
  }
  const publicKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({
    type: 'spki',
    format: 'pem',
  })
  const keyOf = async (mode: string, more: object = {}) => {
    const key = await operate(town, 'POST', `${base}/keys`, { name: mode, mode, holder: READER, ...more })
    if (key.apiSecret !== undefined) ledger.add('AfterShip signing secret', key.apiSecret)
    return { apiKey: ledger.add('AfterShip API key', String(key.apiKey)), apiSecret: String(key.apiSecret) }
  }
  const { apiKey } = await keyOf('api_key')
  const signing = await keyOf('hmac')
  await keyOf('rsa', { publicKey })
  await addWebhooks(town, base)
  return { organization, apiKey, signing }
}

async function addWebhooks(town: Town, base: string): Promise<void> {
  for (const target of town.receivers) {
    const url = new URL(`${target}/${secretOf(town, 'webhook URL', 'p')}?token=${secretOf(town, 'webhook URL', 'q')}`)
    url.username = 'hook'
    url.password = secretOf(town, 'webhook URL password', 'u')
    const body = { url: url.href, secret: secretOf(town, 'AfterShip webhook secret') }
    const { id } = await operate(town, 'POST', `${base}/webhooks`, body)
    await operate(town, 'PATCH', `${base}/webhooks/${id}`, { secret: secretOf(town, 'AfterShip webhook secret') })
  }
}

/** Invites, changes and removes by key and by signature, rightly and wrongly; follows the links that mails hold. */
export async function workInShop(town: Town, { organization, apiKey, signing }: Shop): Promise<void> {
  const { wire, ledger } = town
  const key = { 'as-api-key': apiKey }
  const invite = (email: string) => ({ account: { email }, role: { code: 'member' } })
  const { data } = await wire.json<{ data: { id: string } }>('POST', MEMBERSHIPS, key, invite('new@aftership.example'))
  const first = await linkTo(town, 'new@aftership.example')
  town.tick()
  await operate(town, 'POST', `/aftership/organizations/${organization}/memberships/${data.id}/resend-invitation`)
  const second = await linkTo(town, 'new@aftership.example')
  for (const method of ['GET', 'POST']) {
    await wire.send({ method, path: `/invitations/aftership/${first}` })
    await wire.send({ method, path: `/invitations/aftership/${second}` })
  }
  await wire.json('PATCH', `${MEMBERSHIPS}/${data.id}`, key, { role: { code: 'admin' } })
  await wire.json('GET', `${MEMBERSHIPS}?page=1`, key)
  for (const secret of [signing.apiSecret, 'another secret']) {
    const date = new Date().toUTCString()
    const headers = { 'as-api-key': signing.apiKey }
    const text = signStringOf({ method: 'GET', target: MEMBERSHIPS, date, headers, contentType: '', body: '' })
    const signature = ledger.add('AfterShip signature', hmacOf(secret, text))
    await wire.send({
      method: 'GET',
      path: MEMBERSHIPS,
      headers: { ...headers, date, 'as-signature-hmac-sha256': signature },
    })
  }
  const gone = await wire.json<{ data: { id: string } }>('POST', MEMBERSHIPS, key, invite('gone@aftership.example'))
  await linkTo(town, 'gone@aftership.example')
  await wire.json('DELETE', `${MEMBERSHIPS}/${gone.data.id}`, key)
}

async function linkTo(town: Town, email: string): Promise<string> {
  const link = /\/invitations\/aftership\/([\w-]+)/.exec(await newestMail(town, email))?.[1] ?? ''
  return town.ledger.add('invitation link', link)
}
