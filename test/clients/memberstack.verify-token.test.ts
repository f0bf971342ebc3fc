// `verifyToken` of Memberstack's official Node package, unmodified, against our key set: contract section 9. The package
// knows one address of keys; the helper that is offered in `examples` redirects it. The package asks the system for the
// time, so the clock here ends at the real one.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { get } from 'node:http'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import memberstackAdmin from '@memberstack/admin'
import { generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { ada, call, ids, keys, login, ok, SEED } from '../memberstack.support.ts'
import { startReceiver, theOnly } from '../receiver.ts'
import { DAY, startApp } from '../support.ts'

const FIXED_HOST = 'member-jwt.s3-website-us-east-1.amazonaws.com'
const helper = new URL('../../examples/memberstack-verify-token/redirect-jwks.mjs', import.meta.url)
await import(helper.href)

const app = await startApp(SEED, { now: new Date(Date.now() - 15 * DAY).toISOString() })
process.env.MEMBERSTACK_JWKS_URL = `${await app.app.listen()}/jwks`

const { verifyToken } = memberstackAdmin.init(keys.acme)
const tokenOf = async (key: string): Promise<string> =>
  (await login(app, ada.email, ada.password, { key })).tokens.accessToken
const expired = await tokenOf(keys.acmePublic)
app.clock.advance(15 * DAY)
const token = await tokenOf(keys.acmePublic)
const claims: JWTPayload = await ok(app, 'POST', '/members/verify-token', { body: { token } })

const [header = '', payload = '', signature = ''] = token.split('.')
const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const { privateKey } = await generateKeyPair('RS256')
const protectedHeader = JSON.parse(Buffer.from(header, 'base64url').toString())

test('our tokens are accepted, and their claims are read', async () => {
  assert.equal(claims.id, ids.ada)
  assert.deepEqual(await verifyToken({ token, audience: ids.acme }), claims)
  assert.deepEqual(await verifyToken({ token }), claims)
})

test('so are those of the live environment and of another app, each for its own audience', async () => {
  const live = await verifyToken({ token: await tokenOf(keys.acmeLivePublic), audience: ids.acme })
  assert.equal(live.id, ids.adaLive)
  const other = await verifyToken({ token: await tokenOf(keys.globexPublic), audience: ids.globex })
  assert.equal(other.id, ids.adaGlobex)
})

/** What each refusal's `code` is: which check it was that failed. */
const refused: [what: string, given: { token: string; audience?: string }, code: string][] = [
  ['an expired one', { token: expired, audience: ids.acme }, 'ERR_JWT_EXPIRED'],
  ['another audience', { token, audience: ids.globex }, 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
  [
    'other claims under the same signature',
    { token: [header, encoded({ ...claims, id: ids.ben }), signature].join('.') },
    'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
  ],
  [
    'a changed signature',
    { token: [header, payload, signature.replace(/^./, first => (first === 'A' ? 'B' : 'A'))].join('.') },
    'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
  ],
  [
    'the same claims by another key under our key’s id',
    { token: await new SignJWT(claims).setProtectedHeader(protectedHeader).sign(privateKey) },
    'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
  ],
  [
    'the same claims by a key that is not in the set',
    { token: await new SignJWT(claims).setProtectedHeader({ ...protectedHeader, kid: 'other' }).sign(privateKey) },
    'ERR_JWKS_NO_MATCHING_KEY',
  ],
  ['no signature', { token: [encoded({ alg: 'none' }), payload, ''].join('.') }, 'ERR_JOSE_NOT_SUPPORTED'],
]
for (const [what, given, code] of refused) {
  test(`refused: ${what}`, async () => {
    await assert.rejects(verifyToken(given), { code })
    const { status } = await call(app, 'POST', '/members/verify-token', { body: { token: given.token } })
    assert.equal(status, given.token === token ? 200 : 400, 'verify-token asks for the audience of its key')
  })
}

test('a logout ends a token for the server, and not for the package, which does not ask', async () => {
  const left = await tokenOf(keys.acmePublic)
  await call(app, 'POST', '/member/logout', { key: keys.acmePublic, token: left })
  const { body } = await call(app, 'POST', '/members/verify-token', { body: { token: left } })
  assert.deepEqual(body, { code: 'INVALID_TOKEN', message: 'Invalid token' })
  assert.equal((await verifyToken({ token: left, audience: ids.acme })).id, ids.ada)
})

test('the helper redirects that one URL', async () => {
  const receiver = await startReceiver()
  get(`${receiver.url}/keys`, response => response.resume())
  await receiver.got(1)
  assert.equal(theOnly(receiver).path, '/keys')
  for (const url of [`http://${FIXED_HOST}/other`, `http://${FIXED_HOST}/?a=1`])
    assert.equal(await asks(url), FIXED_HOST)
})

test('without its variable the helper redirects nothing', async t => {
  const { MEMBERSTACK_JWKS_URL } = process.env
  delete process.env.MEMBERSTACK_JWKS_URL
  t.after(() => void Object.assign(process.env, { MEMBERSTACK_JWKS_URL }))
  assert.equal(await asks(`http://${FIXED_HOST}/`), FIXED_HOST)
})

test('it is preloaded as documented', async () => {
  const script = `
    import memberstackAdmin from '@memberstack/admin'
    const { token, audience } = process.env
    console.log(JSON.stringify(await memberstackAdmin.init('sk_sb_any').verifyToken({ token, audience })))`
  const argv = ['--import', fileURLToPath(helper), '--input-type=module', '--eval', script]
  const { MEMBERSTACK_JWKS_URL } = process.env
  const env = { MEMBERSTACK_JWKS_URL, token, audience: ids.acme }
  const cwd = fileURLToPath(new URL('../..', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, argv, { env, cwd })
  assert.deepEqual(JSON.parse(stdout), claims)
})

/** The host that a request to `url` looks up; undefined when it needs no look-up. It goes no further. */
async function asks(url: string): Promise<string | undefined> {
  let asked: string | undefined
  const request = get(url, {
    lookup(hostname, _options, callback) {
      asked = hostname
      callback(new Error('no further'), '')
    },
  })
  await Promise.race([once(request, 'error'), once(request, 'response')])
  request.destroy()
  return asked
}
