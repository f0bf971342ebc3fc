// What is shown once is shown once: no key, secret, token or link comes back in a read, an event or the log.

import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import test from 'node:test'
import { ACME, type Body, OPERATOR_TOKEN, operatorOf, walk } from './operator.ts'
import { SECOND, startApp } from './support.ts'

const PINNED = {
  key: 'as_pinned_key_of_the_seed',
  hmacKey: 'as_pinned_hmac_key_of_the_seed',
  hmacSecret: 'as_pinned_hmac_secret_of_the_seed',
  clientSecret: 'pinned_client_secret_of_the_seed',
  webhookSecret: 'pinned_webhook_secret_of_the_seed',
}
const seed = ACME.replace(
  '      keys: [{ name: plain, mode: api_key, key: as_plain_key }]\n',
  `      keys:
        - { name: plain, mode: api_key, key: ${PINNED.key} }
        - { name: signed, mode: hmac, key: ${PINNED.hmacKey}, secret: ${PINNED.hmacSecret}, holder: jane@acme.test }
      webhooks: [{ url: "https://receiver.test/hook", secret: ${PINNED.webhookSecret} }]
`,
).replace(
  'control:\n',
  `  apps: [{ name: App, partner: true, clientId: app_pinned, clientSecret: ${PINNED.clientSecret}, redirectUris: ["https://app.test/"] }]
control:
`,
)

const app = await startApp(seed)
const operator = operatorOf(app)
const acme = '/aftership/organizations/org_acme'

/** Makes one of everything that is secret; gives all of it, the pinned ones too. */
async function makeSecrets(): Promise<string[]> {
  const secrets = [...Object.values(PINNED), OPERATOR_TOKEN, 'ust_writer_token', 'ust_reader_token']
  for (const mode of ['api_key', 'hmac']) {
    const { body } = await operator.post<{ apiKey: string; apiSecret?: string }>(`${acme}/keys`, { name: mode, mode })
    secrets.push(body.apiKey)
    if (body.apiSecret !== undefined) secrets.push(body.apiSecret)
  }
  const token = await operator.post<{ token: string }>('/tokens', { name: 'made', scope: 'read' })
  const made = await operator.post<{ app: { id: string }; clientSecret: string }>('/aftership/apps', {
    name: 'Made',
    partner: true,
    redirectUris: ['https://app.test/'],
  })
  const rotated = await operator.post<{ clientSecret: string }>(`/aftership/apps/${made.body.app.id}/rotate-secret`)
  const webhookSecret = 'a_webhook_secret_that_was_given'
  await operator.post(`${acme}/webhooks`, { url: 'https://receiver.test/hook', secret: webhookSecret })
  secrets.push(token.body.token, made.body.clientSecret, rotated.body.clientSecret, webhookSecret)

  const { body } = await operator.post(`${acme}/memberships`, { email: 'nina@acme.test', role: 'member' })
  await operator.post(`${acme}/memberships/${body.id}/resend-invitation`)
  for (const { text } of await app.mailsTo('nina@acme.test')) {
    secrets.push(String(/\/invitations\/aftership\/([\w-]+)/.exec(text)?.[1]))
  }
  return secrets
}

/** Uses what was made, rightly and wrongly, so that refusals speak too. */
async function useThem(secrets: string[]): Promise<void> {
  const date = new Date(app.clock.now()).toUTCString()
  for (const secret of secrets) {
    app.clock.advance(SECOND)
    await operatorOf(app, secret).get('/events')
    await operator.post(`${acme}/roles`, { code: 'x', name: 'X', secret })
    await operator.post('/tokens', { name: 'pinned', scope: 'read', token: secret })
    await operator.post(`${acme}/keys`, { name: 'pinned', mode: 'rsa', publicKey: secret })
    await operator.get(`/keys/${secret}`)
    await operator.get(`/events?after=${secret}`)
    await operator.get(`${acme}/memberships?status=${secret}`)
    await app.request({
      method: 'POST',
      url: '/understudy/v1/tokens',
      headers: { authorization: secret },
      payload: secret,
    })
    const signature = createHmac('sha256', secret).update('something else').digest('base64')
    for (const headers of [
      { 'as-api-key': secret },
      { 'as-api-key': secret, date, 'as-signature-hmac-sha256': signature },
      { 'aftership-api-key': secret },
      { 'as-access-token': secret },
      { authorization: `Bearer ${secret}`, cookie: `session=${secret}` },
    ]) {
      await app.request({ url: `/admin/2022-01/memberships?key=${secret}`, headers })
    }
    await app.request({ url: `/invitations/aftership/${secret}` })
    await app.request({ method: 'POST', url: `/invitations/aftership/${secret}` })
    await app.request({ url: `/oauth/aftership/sign-in/${secret}` })
    // A link of which too much was copied, and one that is mistyped.
    await app.request({ url: `/invitations/aftership/${secret}/To` })
    await app.request({ url: `/invitation/aftership/${secret}?and=${secret}` })
  }
}

/** Lists that hold something here. */
const filled = /\/(events|keys|mails|organizations|memberships|webhooks|accounts|apps)$/

/** Everything that can be read: each GET route, with each id that any list shows. */
async function everythingToRead(): Promise<[path: string, text: string][]> {
  const reply = await app.request({ url: '/openapi/control.json' })
  const routes = Object.entries(reply.json<{ paths: Record<string, Body> }>().paths)
    .filter(([, operations]) => 'get' in operations)
    .map(([path]) => path.replace('/understudy/v1', '').replace('{organization}', 'org_acme'))
    .filter(path => /^\/(events|keys|mails|aftership)\b/.test(path))
  const read: [string, string][] = []
  for (const route of routes.filter(path => !path.includes('{') && path !== acme)) {
    const items = await walk(operator, route, 200)
    if (filled.test(route)) assert.ok(items.length > 0, `${route} has something to show`)
    read.push([route, JSON.stringify(items)])
    // A mail's text is the one place where a link is to be read, by an admin.
    const one = routes.find(path => path.startsWith(`${route}/{`) && !path.startsWith('/mails'))
    for (const { id } of one === undefined ? [] : items) {
      const { status, body } = await operator.get(`${route}/${id}`)
      assert.equal(status, 200)
      read.push([`${route}/${id}`, JSON.stringify(body)])
    }
  }
  read.push([acme, JSON.stringify((await operator.get(acme)).body)])
  return read
}

const secrets = await makeSecrets()
await useThem(secrets)

test('no secret comes back in any read or event', async () => {
  assert.equal(new Set(secrets).size, secrets.length)
  for (const secret of secrets) assert.ok(secret.length >= 16, secret)
  const read = await everythingToRead()
  assert.ok(read.length > 20)
  for (const secret of secrets) {
    for (const [path, text] of read) assert.equal(text.includes(secret), false, `${path} shows ${secret}`)
  }
})

test('no secret stands in the log, however it was sent', () => {
  assert.ok(app.log.length > 300, 'there is a log')
  const shown = app.log.filter(line => secrets.some(secret => JSON.stringify(line).includes(secret)))
  assert.deepEqual(shown, [])
})
