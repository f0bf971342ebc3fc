// Memberstack contract section 9: tokens as the client API issues them, the key set, and verify-token.

import assert from 'node:assert/strict'
import { createHmac, createPublicKey, createSign, generateKeyPairSync, randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { createLocalJWKSet, createRemoteJWKSet, jwtVerify } from 'jose'
import {
  acmeWith,
  assertRefused,
  call,
  callClient,
  createMember,
  getMember,
  globex,
  ids,
  keys,
  login,
  ok,
  okClient,
  PASSWORD,
  SEED,
  seedOf,
} from './memberstack.support.ts'
import { decode, encode } from './memberstack.tokens.ts'
import { DAY, SECOND, startApp, type TestApp } from './support.ts'

const start = () => startApp(SEED)
const LIFE_SECONDS = 1_209_600
const IAT = Date.parse('2026-03-04T09:30:00.000Z') / 1000

const verify = (app: TestApp, token: unknown, key = keys.acme) =>
  call(app, 'POST', '/members/verify-token', { body: { token }, key })

async function assertInvalid(app: TestApp, token: unknown, key = keys.acme): Promise<void> {
  const reply = await verify(app, token, key)
  assertRefused(reply, 'invalidToken')
  assert.deepEqual(reply.body, { code: 'INVALID_TOKEN', message: 'Invalid token' })
}

async function assertValid(app: TestApp, token: string, key = keys.acme): Promise<void> {
  const { status, body } = await verify(app, token, key)
  assert.deepEqual([status, body], [200, { data: decode(token).claims }])
}

const loginAda = async (app: TestApp, key = keys.acmePublic): Promise<string> =>
  (await login(app, 'ada@acme.example', PASSWORD, { key })).tokens.accessToken

describe('a token', () => {
  test('is an RS256 JWT with exactly these claims, which verify-token answers', async () => {
    const app = await start()
    for (const [publicKey, secretKey, id, aud] of [
      [keys.acmePublic, keys.acme, ids.ada, ids.acme],
      [keys.acmeLivePublic, keys.acmeLive, ids.adaLive, ids.acme],
      [keys.globexPublic, keys.globex, ids.adaGlobex, ids.globex],
    ] as const) {
      const { tokens } = await login(app, 'ada@acme.example', PASSWORD, { key: publicKey })
      const { header, claims } = decode(tokens.accessToken)
      assert.deepEqual(Object.keys(header).toSorted(), ['alg', 'kid', 'typ'])
      assert.deepEqual([header.alg, header.typ], ['RS256', 'JWT'])
      assert.match(header.kid, /^[0-9a-f]{64}$/)
      const iss = 'https://api.memberstack.com'
      assert.deepEqual(claims, { id, type: 'member', iat: IAT, exp: IAT + LIFE_SECONDS, aud, iss })
      assert.deepEqual([tokens.type, tokens.expires], ['bearer', claims.exp * SECOND])
      await app.newEvents()
      await assertValid(app, tokens.accessToken, secretKey)
      await app.assertEvents()
    }
  })

  test('lives for 14 days, or as long as the app says', async () => {
    const short = acmeWith({ tokenLifetimeSeconds: 60 })
    const app = await startApp(seedOf(short, globex))
    const token = await loginAda(app)
    const long = await loginAda(app, keys.globexPublic)
    const { iat, exp } = decode(token).claims
    assert.equal(exp - iat, 60)
    app.clock.advance(59 * SECOND)
    await assertValid(app, token)
    app.clock.advance(2 * SECOND)
    await assertInvalid(app, token)
    app.clock.advance(14 * DAY - 62 * SECOND)
    await assertValid(app, long, keys.globex)
    app.clock.advance(2 * SECOND)
    await assertInvalid(app, long, keys.globex)
  })

  test('has the issuer that is configured', async () => {
    const seed = JSON.parse(SEED)
    seed.memberstack.issuer = 'https://tokens.acme.example'
    const app = await startApp(JSON.stringify(seed))
    const token = await loginAda(app)
    assert.equal(decode(token).claims.iss, 'https://tokens.acme.example')
    await assertValid(app, token)
  })
})

describe('the key set', () => {
  test('is open to all, at both addresses, and holds what verifies a token alone', async () => {
    const app = await start()
    const sets = []
    for (const path of ['/jwks', '/.well-known/jwks.json']) {
      for (const sent of [{ key: null }, { key: 'sk_sb_nobody' }, { key: null, origin: 'https://acme.example' }]) {
        const { status, headers, body } = await call(app, 'GET', path, sent)
        assert.equal(status, 200)
        assert.equal(headers['access-control-allow-origin'], '*')
        sets.push(body)
      }
    }
    const [set] = sets
    for (const other of sets) assert.deepEqual(other, set)
    assert.deepEqual(Object.keys(set), ['keys'])
    const [{ n, kid, ...rest }, ...more] = set.keys
    assert.deepEqual([rest, more], [{ kty: 'RSA', e: 'AQAB', alg: 'RS256', use: 'sig' }, []])
    assert.equal(Buffer.from(n, 'base64url').length, 2048 / 8)

    const token = await loginAda(app)
    assert.equal(decode(token).header.kid, kid)
    const { payload } = await jwtVerify(token, createLocalJWKSet(set), {
      issuer: 'https://api.memberstack.com',
      audience: ids.acme,
      algorithms: ['RS256'],
      currentDate: new Date(app.clock.now()),
    })
    assert.equal(payload.id, ids.ada)
  })

  test('is one from the first moment, however many ask for it', async () => {
    const app = await start()
    const sets = await Promise.all(Array.from({ length: 5 }, () => call(app, 'GET', '/jwks', { key: null })))
    for (const { body } of sets) assert.deepEqual(body, sets[0]?.body)
    const made = (await app.newEvents()).filter(({ type }) => type === 'signing_key.created')
    assert.ok(made.length <= 1, 'a key that is told of is there')
  })

  test('is what a verifier of another machine fetches', async () => {
    const app = await start()
    const token = await loginAda(app)
    const set = createRemoteJWKSet(new URL(`${await app.app.listen()}/.well-known/jwks.json`))
    const { payload } = await jwtVerify(token, set, { currentDate: new Date(app.clock.now()) })
    assert.deepEqual(payload, decode(token).claims)
  })
})

describe('verify-token refuses', () => {
  test('what is no token', async () => {
    const app = await start()
    const good = await loginAda(app)
    const [header = '', claims = ''] = good.split('.')
    for (const token of [
      undefined,
      null,
      '',
      5,
      true,
      {},
      [good],
      { token: good },
      'x',
      'x.y.z',
      `${header}.${claims}`,
      `${header}.${claims}.`,
      `${good}.x`,
      ` ${good}`,
      `Bearer ${good}`,
      '.'.repeat(1000),
      'x'.repeat(100_000),
    ]) {
      await assertInvalid(app, token)
    }
    assertRefused(await call(app, 'POST', '/members/verify-token'), 'invalidToken')
    assertRefused(await call(app, 'POST', '/members/verify-token', { body: '{' }), 'invalidJson')
    await assertValid(app, good)
  })

  test('a changed character, anywhere', async () => {
    const app = await start()
    const good = await loginAda(app)
    const parts = good.split('.')
    for (const [index, part] of parts.entries()) {
      for (const position of [0, 5, Math.floor(part.length / 2), part.length - 2]) {
        const changed = part[position] === 'A' ? 'B' : 'A'
        const other = part.slice(0, position) + changed + part.slice(position + 1)
        await assertInvalid(app, parts.with(index, other).join('.'))
      }
    }
    await assertValid(app, good)
  })

  for (const verifyTokenStrict of [true, false]) {
    test(`a token of the other environment or of another app (${verifyTokenStrict ? 'strict' : 'stateless'})`, async () => {
      const settings = { verifyTokenStrict }
      const app = await startApp(
        seedOf(acmeWith(settings), { ...globex, settings: { ...globex.settings, ...settings } }),
      )
      const tokens: [string, string][] = [
        [await loginAda(app), keys.acme],
        [await loginAda(app, keys.acmeLivePublic), keys.acmeLive],
        [await loginAda(app, keys.globexPublic), keys.globex],
      ]
      for (const [token, own] of tokens) {
        for (const key of [keys.acme, keys.acmeLive, keys.globex, keys.globexLive]) {
          if (key === own) await assertValid(app, token, key)
          else await assertInvalid(app, token, key)
        }
      }
    })
  }

  test('signatures by no key, by the public key as a secret, by another key', async () => {
    const app = await start()
    const good = await loginAda(app)
    const { header, claims } = decode(good)
    const { keys: set } = (await call(app, 'GET', '/jwks')).body
    // What a verifier that mixes up algorithms would take as a secret.
    const pem = createPublicKey({ key: set[0], format: 'jwk' }).export({ type: 'spki', format: 'pem' })
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const sign = (input: string) => createSign('RSA-SHA256').update(input).sign(privateKey)
    const jwk = publicKey.export({ format: 'jwk' })
    for (const forged of [
      encode({ ...header, alg: 'none' }, claims, () => Buffer.alloc(0)),
      encode({ ...header, alg: 'None' }, claims, () => randomBytes(8)),
      encode({ ...header, alg: 'HS256' }, claims, input => createHmac('sha256', pem).update(input).digest()),
      encode({ ...header, alg: 'HS256' }, claims, input => createHmac('sha256', set[0].n).update(input).digest()),
      encode(header, claims, sign),
      encode({ ...header, kid: 'f'.repeat(64) }, claims, sign),
      encode({ alg: 'RS256', typ: 'JWT' }, claims, sign),
      encode({ ...header, jwk }, claims, sign),
      encode({ ...header, kid: { toString: 1 } }, claims, sign),
      encode({ ...header, crit: ['exp'] }, claims, sign),
      encode(header, { ...claims, exp: undefined }, sign),
      encode(header, { ...claims, id: ids.ben }, () => Buffer.from(good.split('.')[2] ?? '', 'base64url')),
    ]) {
      await assertInvalid(app, forged)
    }
    await assertValid(app, good)
  })
})

describe('a token does not outlive', () => {
  const ends: [what: string, end: (app: TestApp, token: string) => Promise<unknown>][] = [
    ['its member', app => ok(app, 'DELETE', `/members/${ids.ada}`)],
    ['its logout', (app, token) => okClient(app, 'POST', '/member/logout', { token })],
    [
      'a password reset',
      async app => {
        const body = { email: 'ada@acme.example' }
        await okClient(app, 'POST', '/auth/send-reset-password-email', { body })
        const [mail] = [...(await app.mailsTo('ada@acme.example')), ...(await app.mailsTo('Ada@acme.example'))]
        const token = /\b\d{6}\b/.exec(mail?.text ?? '')?.[0]
        await okClient(app, 'POST', '/auth/reset-password', { body: { token, newPassword: 'another password' } })
      },
    ],
    [
      'a password change by another session',
      async app => {
        const token = await loginAda(app)
        const body = { oldPassword: PASSWORD, newPassword: 'another password' }
        await okClient(app, 'POST', '/member-auth', { body, token })
      },
    ],
  ]
  for (const [what, end] of ends) {
    test(`${what}; the stateless check does not ask`, async () => {
      for (const strict of [true, false]) {
        const app = await startApp(seedOf(acmeWith({ verifyTokenStrict: strict }), globex))
        const token = await loginAda(app)
        await assertValid(app, token)
        await end(app, token)
        if (strict) await assertInvalid(app, token)
        else await assertValid(app, token)
        assert.equal((await callClient(app, 'GET', '/member', { token })).body.data, null)
      }
    })
  }

  test('a member of the same email made after its delete has tokens of its own', async () => {
    const app = await start()
    const old = await loginAda(app)
    await ok(app, 'DELETE', `/members/${ids.ada}`)
    const { id } = await createMember(app, { email: 'ada@acme.example' })
    const token = await loginAda(app)
    assert.equal(decode(token).claims.id, id)
    await assertValid(app, token)
    await assertInvalid(app, old)
  })
})

test('an update of a member ends no token', async () => {
  const app = await start()
  const token = await loginAda(app)
  await ok(app, 'PATCH', `/members/${ids.ada}`, { body: { email: 'other@acme.example', password: 'ignored here' } })
  await assertValid(app, token)
  assert.equal((await getMember(app, 'other@acme.example')).id, ids.ada)
})
