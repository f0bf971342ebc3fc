// What signing scenarios share: an app whose clock stands at the published vectors' date, and a client that signs for
// itself, so that it can sign what it does not send.

import { createHash, createHmac } from 'node:crypto'
import { M, northwind, seedOf } from './aftership.support.ts'
import { openClient, type SocketReply, type SocketRequest } from './socket.ts'
import { startApp, type TestApp } from './support.ts'

export const NOW = '2025-01-01T00:00:00.000Z'
export const DATE = 'Wed, 01 Jan 2025 00:00:00 GMT'
export const KEY = '6e759c509d174859be1fb856c4ab646e'
export const SECRET = 'asas_test_secret_0123456789abcdef'

const MEMBER = { id: '3ea1910b07394a95bf7cdaa611d3cc3f', email: 'ben@northwind.example', role: 'member' }

/** The public key of the RSA vectors. */
export const VECTOR_PUBLIC_KEY = `-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAtWwg8/Nfk070o+2ctdGgEtiJpXpftBncyKjOgnqxGhw1umrIMPYJjyofHelJUGD06LmTL4ccxOGiT+SE9lfFDmTG9WQ4x01hm/WAx/eK5LlEbAQws1qjhs8B4SyUTlFcwn+n+3QzYZJJoNwudONZEU2Mk0mciqMzNTRCFCBw6uIdZvIYXKuvbgsIfOM0N68HM/uPNCIaw5sUsf8kPaphlbCeJaBji/EnWQVAtUsg01hvgRFKCtSvmftGGAyVACWW5ryGFsJrjbE7LYOy3zdgqhff4i5iTuo+jxMSLFJ3cBSLd33gJMrzyjN8+UakyVUBefISuvKQy+Kez2bb44wFmQIDAQAB
-----END PUBLIC KEY-----
`
/** What its owner signs for V1: PSS, salt 32. */
export const R1 =
  'S0bxLSOIvaJMl/KQZ4WXRphGu3T1SUxPfpLFGRr70ln8wjdjmElt0HrEoKu03ZWw9sEks6obP0srl8t07dU5ljGv616ZLTfmNEwffKf0/hw5jhzdcSkEZ6+VFnGTaJPN8+gKAWUV9SuBYc1r/meOYeW27sKEn7XOY+0JhDi668jQ/zITE+ifvHndyNskWdbJpayqpvN4XWRcACaI7Ww0k8yZTq0kySOZNfVd35WISFC1KyAf+HIMb/ubIZ+l9VVlJbO+HgL41yr/XRk1PqlB16bd5Kx2PZVw1AM4P/r1OhvUajFWJt/ebXTagpaLgIQmphqUE7hHxYBAS5fFk6L5AQ=='

/** A store in which every vector succeeds; `example@mydomain.com` is registered and not yet a member. */
export function seedWith(...keys: object[]): string {
  const { aftership, control } = JSON.parse(
    seedOf({ ...northwind, keys, memberships: [...northwind.memberships.slice(0, 2), MEMBER] }),
  ) as { aftership: { accounts: object[] }; control: object }
  aftership.accounts.push({ email: 'example@mydomain.com' })
  return JSON.stringify({ aftership, control })
}

export const HMAC_SEED = seedWith({ name: 'hmac', mode: 'hmac', key: KEY, secret: SECRET })

/** A request before it is signed. `target` goes out, `resource` is what the client signs for it. */
export interface Unsigned {
  method?: string
  target?: string
  resource?: string
  body?: string
  date?: string
  headers?: Record<string, string>
  /** Signed; sent under the same name unless `headers` says otherwise. */
  contentType?: string
}

export function signStringOf({
  method = 'GET',
  target = M,
  resource = target,
  body = '',
  date = DATE,
  ...rest
}: Unsigned): string {
  const { headers = {}, contentType = 'application/json' } = rest
  const signed = Object.entries({ 'as-api-key': KEY, ...headers })
    .filter(([name]) => name.startsWith('as-'))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}:${value}`)
  const md5 = body === '' ? '' : createHash('md5').update(body).digest('hex').toUpperCase()
  return [method, md5, body === '' ? '' : contentType, date, signed.join('\n'), resource].join('\n')
}

export function hmac(text: string, secret: string = SECRET): string {
  return createHmac('sha256', secret).update(text).digest('base64')
}

interface SignedRequest extends SocketRequest {
  headers: Record<string, string>
}

/** The signed request as it goes out. */
export function signed(request: Unsigned, signature: string = hmac(signStringOf(request))): SignedRequest {
  const { method = 'GET', target = M, body, date = DATE, headers = {}, contentType = 'application/json' } = request
  return {
    method,
    path: target,
    headers: {
      'as-api-key': KEY,
      date,
      'content-type': contentType,
      'as-signature-hmac-sha256': signature,
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
  }
}

interface Server {
  app: TestApp
  send(request: SocketRequest): Promise<SocketReply>
  status(request: SocketRequest): Promise<number>
  /** Why the last request was refused, as the log has it. */
  reason(): string
}

export async function serve(seed: string = HMAC_SEED, settings: { strippedPrefix?: string } = {}): Promise<Server> {
  const app = await startApp(seed, { now: NOW, ...settings })
  const send = openClient(await app.app.listen())
  return {
    app,
    send,
    status: async request => (await send(request)).status,
    reason: () => String(app.log.findLast(line => line.msg === 'request')?.reason),
  }
}

export const V3_BODY = '{"account":{"email":"example@mydomain.com"},"role":{"code":"admin"}}'

/** Every text that differs from `text` in one character, by another that may stand there. */
export function* changesOf(text: string, allowed: RegExp): Generator<string> {
  for (const [index, character] of [...text].entries()) {
    const code = character.charCodeAt(0)
    const other = [code ^ 1, code ^ 2, code ^ 32, 120, 121]
      .map(candidate => String.fromCharCode(candidate))
      .find(candidate => candidate !== character && allowed.test(candidate))
    yield text.slice(0, index) + other + text.slice(index + 1)
  }
}
