// AfterShip contract section 7, RSA: RSASSA-PSS with any salt length, and nothing else.

import assert from 'node:assert/strict'
import { constants, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'node:test'
import {
  changesOf,
  DATE,
  hmac,
  KEY,
  R1,
  seedWith,
  serve,
  signed,
  signStringOf,
  type Unsigned,
  V3_BODY,
  VECTOR_PUBLIC_KEY,
} from './aftership.signed.ts'
import { M, northwind } from './aftership.support.ts'
import { operatorOf } from './operator.ts'
import type { SocketRequest } from './socket.ts'

/** PKCS#1 v1.5. */
const R3 =
  'asbRnvxXzSha3f3lLoA/0q5dqvItmxhFCPkyqdW2bli5t7o4/XD3WXTIizIkWD4NHyi+n5G0cOMyElklCCDThbpsC1bLGmcXuLpHLCbi97KdGg6pscztCN3X5eKFdI9qotghwM4JBXIlPPh7yK5riPT4mWcosv8K9XckpGq1MskUM63oTySCOzFYNpzLUaewYOaoBp7NyU0osTNDwZ2KUZtDIcYKLHv32QYDKKLmixKpoxFtQwEVqeBv08dDjx/z9ONqiwlqzgyuBzW6OWK+AYWUuFz91v9vAAihv33n0H+LfIXXxTGpmPXPNeTx0odeKch81R2CX5qNohN4QOajJA=='

test('R1 verifies, R3 is refused', async () => {
  const seed = seedWith({ name: 'rsa', mode: 'rsa', key: KEY, publicKey: VECTOR_PUBLIC_KEY })
  const server = await serve(seed)
  const headers = { 'as-api-key': KEY, date: DATE, 'content-type': 'application/json' }
  const withSignature = (signature: string) =>
    server.status({ path: M, headers: { ...headers, 'as-signature-rsa-sha256': signature } })
  assert.equal(await withSignature(R1), 200)
  assert.equal(await withSignature(R3), 401)
  assert.equal(server.reason(), 'signature does not match')
})

const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
const spki = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString()
const pkcs1 = pair.publicKey.export({ type: 'pkcs1', format: 'pem' }).toString()
const rsaSeed = (publicKey: string) => seedWith({ name: 'rsa', mode: 'rsa', key: KEY, publicKey })
const { RSA_PKCS1_PSS_PADDING: PSS, RSA_PKCS1_PADDING: PKCS1 } = constants

const rsa = (request: Unsigned, options: object, hash = 'sha256') =>
  sign(hash, Buffer.from(signStringOf(request)), { key: pair.privateKey, ...options }).toString('base64')
const withRsa = (request: Unsigned, signature: string): SocketRequest => {
  const { headers, ...rest } = signed(request)
  const { 'as-signature-hmac-sha256': _other, ...others } = headers
  return { ...rest, headers: { ...others, 'as-signature-rsa-sha256': signature } }
}

test('PSS verifies with a salt of 32 bytes, of the most that fits, and of any other length', async () => {
  for (const publicKey of [spki, pkcs1]) {
    const { status } = await serve(rsaSeed(publicKey))
    for (const saltLength of [32, 222, constants.RSA_PSS_SALTLEN_DIGEST, constants.RSA_PSS_SALTLEN_MAX_SIGN, 0, 20]) {
      assert.equal(await status(withRsa({}, rsa({}, { padding: PSS, saltLength }))), 200, `salt ${saltLength}`)
    }
  }
})

test('PKCS#1 v1.5, another hash and another key are refused', async () => {
  const { status } = await serve(rsaSeed(spki))
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  const text = Buffer.from(signStringOf({}))
  for (const signature of [
    rsa({}, { padding: PKCS1 }),
    rsa({}, { padding: PSS, saltLength: 32 }, 'sha512'),
    rsa({}, { padding: PSS, saltLength: 20 }, 'sha1'),
    sign('sha256', text, { key: other, padding: PSS, saltLength: 32 }).toString('base64'),
    hmac(signStringOf({}), spki),
    '',
    'AAAA',
    R1,
  ]) {
    assert.equal(await status(withRsa({}, signature)), 401)
  }
})

test('a change of one byte anywhere is 401', async () => {
  const { app, status } = await serve(rsaSeed(spki))
  const request = { method: 'POST', body: V3_BODY, target: `${M}?a=1` }
  const signature = rsa(request, { padding: PSS, saltLength: 32 })
  const good = withRsa(request, signature)
  for (const body of changesOf(V3_BODY, /[ -~]/)) assert.equal(await status({ ...good, body }), 401)
  for (const query of changesOf('?a=1', /[?a-z0-9=&]/)) {
    assert.equal(await status({ ...good, path: `${M}${query}` }), 401)
  }
  for (const changed of changesOf(signature, /[A-Za-z0-9+/=]/)) {
    assert.equal(await status(withRsa(request, changed)), 401, changed)
  }
  for (const changed of [`${signature}=`, `${signature} x`, signature.slice(0, -2), `${signature}AAAA`]) {
    assert.equal(await status(withRsa(request, changed)), 401, changed)
  }
  await app.assertEvents()
  assert.equal(await status(good), 201)
})

test('a public key has 2048 to 4096 bits, and is PEM, SPKI or PKCS#1', async () => {
  const { app } = await serve(seedWith())
  const path = `/aftership/organizations/${northwind.id}/keys`
  const post = async (publicKey: string | undefined) =>
    (
      await operatorOf(app).post(path, {
        name: 'rsa',
        mode: 'rsa',
        ...(publicKey === undefined ? {} : { publicKey }),
      })
    ).status
  /** A key of so many bits that nobody holds: good enough to be looked at. */
  const ofBits = (bits: number, type: 'spki' | 'pkcs1') => {
    const modulus = Buffer.alloc(bits / 8, 0xff)
    const n = modulus.toString('base64url')
    return createPublicKey({ key: { kty: 'RSA', n, e: 'AQAB' }, format: 'jwk' }).export({ type, format: 'pem' })
  }
  for (const type of ['spki', 'pkcs1'] as const) {
    for (const bits of [1024, 2040, 4104, 8192]) assert.equal(await post(String(ofBits(bits, type))), 422, `${bits}`)
    for (const bits of [2048, 3072, 4096]) assert.equal(await post(String(ofBits(bits, type))), 201, `${bits}`)
  }
  const elliptic = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
  const privateKey = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  for (const text of [
    undefined,
    '',
    'no key',
    spki.replaceAll('PUBLIC', 'PRIVATE'),
    spki.replaceAll(/-----.*-----/g, ''),
    elliptic.export({ type: 'spki', format: 'pem' }).toString(),
    privateKey,
  ]) {
    assert.equal(await post(text), 422)
  }
  assert.ok(!JSON.stringify([app.log, await app.newEvents()]).includes(privateKey.slice(40, 80)))
})
