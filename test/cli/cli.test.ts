// `understudy serve`, `env` and `seed` from outside: first start, second start, seeds, and a graceful stop.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import test from 'node:test'
import { vendors } from '../../src/vendors/index.ts'
import { runHere } from '../here.ts'
import { fileWith, run, type ServerProcess, serve, shell, temporaryDirectory } from '../process.ts'

/** What `env --json` holds of each vendor. */
const fieldsOf = {
  aftership: ['baseUrl', 'apiKey'],
  easypost: ['baseUrl', 'productionKey', 'testKey'],
  memberstack: ['baseUrl', 'secretKey', 'liveSecretKey', 'publicKey', 'livePublicKey'],
}

const seed = fileWith(
  'seed.yaml',
  `
aftership:
  accounts:
    - { id: acc_seeded, email: seeded@acme.test }
  organizations:
    - id: org_seeded
      name: Seeded
      keys:
        - { name: signed, mode: hmac }
        - { name: pinned, mode: api_key, key: as_pinned_key }
control:
  tokens:
    - { name: operator, scope: admin, token: ust_pinned_token }
`,
)

/** Each of Memberstack's keys opens its API, in its environment. */
async function assertOpened({ memberstack: of = {} }: Environment): Promise<void> {
  const get = async (path: string, key = '') => {
    const reply = await fetch(new URL(path, of.baseUrl), { headers: { 'x-api-key': key } })
    return (await reply.json()) as { totalCount: number; data: { mode: string } }
  }
  assert.ok((await get('members', of.secretKey)).totalCount > 0)
  assert.equal((await get('members', of.liveSecretKey)).totalCount, 0)
  assert.equal((await get('app', of.publicKey)).data.mode, 'sandbox')
  assert.equal((await get('app', of.livePublicKey)).data.mode, 'live')
}

type Environment = Record<string, Record<string, string>> & { url: string }

async function environmentOf(directory: string): Promise<Environment> {
  const { code, stdout, stderr } = await runHere(['env', '--json', '--data', directory])
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout)
}

/** Runs a curl command of a banner, and gives its body. */
async function worksNow(curl: string): Promise<string> {
  const answer = await shell(`${curl} -w '\\n%{http_code}'`)
  const end = answer.lastIndexOf('\n')
  assert.equal(answer.slice(end + 1), '200', `${curl}: ${answer}`)
  return answer.slice(0, end)
}

async function aftershipStatus({ url }: ServerProcess, key: string): Promise<number> {
  const { status } = await fetch(`${url}/admin/2022-01/roles`, { headers: { 'as-api-key': key } })
  return status
}

/** A request to register an account of which half a body has been sent, and the server knows. */
async function halfSent(url: string, token: string, email: string) {
  const body = JSON.stringify({ email })
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  const text: string[] = []
  socket.on('data', chunk => text.push(chunk.toString()))
  socket.write(
    [
      'POST /understudy/v1/aftership/accounts HTTP/1.1',
      `host: ${hostname}`,
      `authorization: Bearer ${token}`,
      `content-length: ${body.length}`,
      'expect: 100-continue',
      '\r\n',
    ].join('\r\n'),
  )
  while (!text.join('').includes('100 Continue')) await once(socket, 'data')
  socket.write(body.slice(0, 5))
  return async () => {
    socket.write(body.slice(5))
    await once(socket, 'close')
    return text.join('')
  }
}

/** Resolves when nobody listens at `url` any more. */
async function refused(url: string): Promise<void> {
  const { hostname, port } = new URL(url)
  const listens = () =>
    new Promise<boolean>(resolve => {
      const socket = connect(Number(port), hostname)
      const end = (connected: boolean) => {
        socket.destroy()
        resolve(connected)
      }
      socket.on('connect', () => end(true)).on('error', () => end(false))
    })
  while (await listens());
}

const data = join(temporaryDirectory(), 'made', 'on the way')
let keys: Environment

test('a first start on an empty store makes sample data and keys, and prints commands that work', async () => {
  const server = await serve(['--data', data])
  assert.match(server.banner, new RegExp(`^Understudy listens on http://127\\.0\\.0\\.1:\\d+\n {2}data {6}${data}\n`))
  assert.match(server.banner, /keys {6}made just now/)
  for (const vendor of vendors) assert.ok(server.banner.includes(`\n${vendor.title}\n  base URL  ${server.url}`))
  assert.equal(server.curls.length, vendors.length + 1, 'one a vendor, and one of the control API')
  for (const curl of server.curls) await worksNow(curl)

  for (const file of ['environment.json', 'master.key', 'understudy.db']) {
    assert.equal(statSync(join(data, file)).mode & 0o777, 0o600, file)
  }
  assert.equal(statSync(data).mode & 0o777, 0o700)
  assert.deepEqual(
    readdirSync(data)
      .filter(name => !/^understudy\.db-(wal|shm)$/.test(name))
      .sort(),
    ['environment.json', 'master.key', 'understudy.db'],
  )

  keys = await environmentOf(data)
  const built = vendors.map(({ name }) => name)
  assert.deepEqual(Object.keys(keys), ['url', ...built, 'control'])
  assert.equal(keys.url, server.url)
  for (const name of built) assert.deepEqual(Object.keys(keys[name] ?? {}), fieldsOf[name])
  assert.deepEqual(Object.keys(keys.control ?? {}), ['baseUrl', 'token'])
  assert.equal(keys.aftership?.baseUrl, `${server.url}/admin/2022-01`)
  assert.equal(keys.memberstack?.baseUrl, `${server.url}/`)
  assert.equal(keys.control?.baseUrl, `${server.url}/understudy/v1`)
  await assertOpened(keys)

  const exports = await run(['env', '--data', data])
  const names = [
    'UNDERSTUDY_URL',
    'AFTERSHIP_BASE_URL',
    'AFTERSHIP_API_KEY',
    'MEMBERSTACK_LIVE_SECRET_KEY',
    'UNDERSTUDY_CONTROL_TOKEN',
  ]
  const seen = await shell(`${exports.stdout}\nfor name in ${names.join(' ')}; do eval "echo \\$$name"; done`)
  assert.deepEqual(seen.trimEnd().split('\n'), [
    server.url,
    keys.aftership?.baseUrl,
    keys.aftership?.apiKey,
    keys.memberstack?.liveSecretKey,
    keys.control?.token,
  ])

  const finish = await halfSent(server.url, String(keys.control?.token), 'in.flight@acme.test')
  server.kill('SIGTERM')
  await refused(server.url)
  const answer = await finish()
  assert.match(answer, /\r\n\r\nHTTP\/1\.1 201 Created\r\n/, 'the request in flight is answered')
  const { code, stderr } = await server.finished
  assert.equal(code, 0, stderr)
})

test('a second start keeps data and keys, and SIGINT stops it as gracefully', async () => {
  const server = await serve(['--data', data])
  assert.doesNotMatch(server.banner, /made just now/)
  const again = await environmentOf(data)
  assert.equal(again.url, server.url)
  assert.equal(again.aftership?.apiKey, keys.aftership?.apiKey)
  assert.equal(again.control?.token, keys.control?.token)
  assert.equal(server.curls.length, vendors.length + 1)
  for (const curl of server.curls) await worksNow(curl)

  const authorization = `Bearer ${again.control?.token}`
  const accounts = `${again.control?.baseUrl}/aftership/accounts`
  const found = await fetch(`${accounts}?email=in.flight@acme.test`, { headers: { authorization } })
  assert.match(await found.text(), /"email":"in\.flight@acme\.test"/, 'what was answered is stored')

  const finish = await halfSent(server.url, String(again.control?.token), 'second@acme.test')
  server.kill('SIGINT')
  await refused(server.url)
  assert.match(await finish(), /\r\n\r\nHTTP\/1\.1 201 Created\r\n/)
  const { code, stderr } = await server.finished
  assert.equal(code, 0, stderr)
  assert.deepEqual(readdirSync(data).sort(), ['environment.json', 'master.key', 'understudy.db'], 'the store is closed')
})

test('--seed on an empty store replaces the sample; on any other it is left alone', async () => {
  const directory = temporaryDirectory()
  const server = await serve(['--data', directory, '--seed', seed])
  assert.equal(await aftershipStatus(server, 'as_pinned_key'), 200)
  const { aftership, control } = await environmentOf(directory)
  assert.equal(aftership?.apiKey, 'as_pinned_key')
  assert.equal(control?.token, 'ust_pinned_token')
  for (const curl of server.curls) await worksNow(curl)
  await server.end('SIGTERM')

  const other = fileWith('other.yaml', 'control: { tokens: [{ name: other, scope: admin, token: ust_other_token }] }\n')
  const again = await serve(['--data', directory, '--seed', other])
  await again.logged(/the store is not empty: --seed is left alone/)
  assert.deepEqual((await environmentOf(directory)).control?.token, 'ust_pinned_token')
  const answer = await fetch(`${again.url}/understudy/v1/events`, {
    headers: { authorization: 'Bearer ust_other_token' },
  })
  assert.equal(answer.status, 401)

  // While this server runs: what is seeded from outside works at its next request.
  const late = fileWith(
    'late.yaml',
    'aftership: { organizations: [{ name: Late, keys: [{ name: late, mode: api_key, key: as_late_key }] }] }',
  )
  assert.equal(await aftershipStatus(again, 'as_late_key'), 401)
  const { code, stdout, stderr } = await run(['seed', late, '--data', directory])
  assert.deepEqual([code, stderr, stdout], [0, '', `loaded ${late} into ${directory}\n`])
  assert.equal(await aftershipStatus(again, 'as_late_key'), 200)
  assert.equal(await aftershipStatus(again, 'as_pinned_key'), 200)
  const kept = await environmentOf(directory)
  assert.deepEqual([kept.url, kept.aftership?.apiKey], [again.url, 'as_pinned_key'], 'known samples stay')
  await again.end('SIGTERM')
})

test('seed makes a store that is not there yet; a server then starts on it as it is', async () => {
  const directory = join(temporaryDirectory(), 'new')
  const { code, stderr } = await runHere(['seed', seed, '--data', directory])
  assert.equal(code, 0, stderr)
  const server = await serve(['--data', directory])
  assert.doesNotMatch(server.banner, /made just now/)
  assert.equal(server.curls.length, 2, 'of the vendor that was seeded, and of the control API')
  for (const curl of server.curls) await worksNow(curl)
  assert.doesNotMatch(
    await worksNow(
      `curl -s -H 'authorization: Bearer ust_pinned_token' ${server.url}/understudy/v1/aftership/organizations`,
    ),
    /Acme/,
  )
  await server.end('SIGTERM')
})

test('a store in memory leaves nothing behind; without a key or token its banner offers nothing that does not work', async () => {
  const directory = temporaryDirectory()
  const bare = fileWith('bare.yaml', 'aftership: { accounts: [{ email: someone@acme.test }] }\n')
  const server = await serve(['--data', ':memory:', '--seed', bare], {}, directory)
  assert.doesNotMatch(server.banner, /undefined/)
  assert.equal(server.curls.length, 1, 'a control token is made all the same')
  for (const curl of server.curls) await worksNow(curl)
  assert.equal((await server.end('SIGTERM')).code, 0)
  assert.deepEqual(readdirSync(directory), [])
  const refusal = await runHere(['env', '--data', ':memory:'])
  assert.equal(refusal.code, 2)
  assert.match(refusal.stderr, /in memory/)
})
