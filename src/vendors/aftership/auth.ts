// Request to caller: contract section 6. Every failure is the same 401; only the log says which.

import { constants, createHmac, createPublicKey, randomBytes, timingSafeEqual, verify } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Context, Principal } from '../../platform/context.ts'
import { type Credential, isUsable, signingSecret } from '../../platform/credentials/credential.ts'
import * as credentials from '../../platform/credentials/credentials.ts'
import { DomainError } from '../../platform/errors.ts'
import { whenThere } from '../../platform/web/at-once.ts'
import * as grants from './grants.ts'
import * as organizations from './organizations.store.ts'
import { signStrings } from './sign-string.ts'

/** Who asks, what it may do, and how often. */
export interface Caller {
  principal: Principal
  scopes: readonly string[]
  requestsPerSecond: number
}

const SKEW_MAX_MS = 180_000
const MISSING = 'signature or date header missing'

/** Throws `unauthenticated`, whose message says why, for the log alone. */
export function authenticate(ctx: Context, request: FastifyRequest): Caller | Promise<Caller> {
  const key = headerOf(request, 'as-api-key')
  const token = headerOf(request, 'as-access-token')
  if (key !== undefined && token !== undefined) throw refused('two credentials in one request')
  if (key !== undefined) return keyCaller(ctx, request, key)
  if (token !== undefined) return tokenCaller(ctx, request, token)
  if (headerOf(request, 'aftership-api-key') !== undefined) {
    ctx.traps('legacy-api-key-header', { vendor: 'aftership', requestId: request.id })
    throw refused('only the legacy header aftership-api-key was sent')
  }
  throw refused('no credential')
}

function keyCaller(ctx: Context, request: FastifyRequest, key: string): Caller | Promise<Caller> {
  const found = ctx.lookups.get(`aftership-key:${ctx.vault.memoryHash(key)}`, () => openKey(ctx, key))
  return whenThere(found, opened => {
    const admitted = admitKey(ctx, request, opened)
    if (typeof admitted !== 'string') return admitted
    // The same work for each refusal, so that the time does not tell which keys there are.
    return whenThere(opened && credentials.lookInVain(ctx, key), () => {
      throw refused(admitted)
    })
  })
}

/** What a key opens; remembered until anything about keys or organizations changes. */
interface OpenedKey {
  credential: Credential
  requestsPerSecond: number
}

async function openKey(ctx: Context, key: string): Promise<OpenedKey | undefined> {
  const credential = await credentials.find(ctx, key)
  if (credential?.vendor !== 'aftership') return undefined
  return { credential, requestsPerSecond: await requestsPerSecond(ctx, credential.tenant) }
}

/** The caller, or why it is refused. */
function admitKey(ctx: Context, request: FastifyRequest, opened: OpenedKey | undefined): Caller | string {
  const credential = opened && isUsable(ctx, opened.credential) ? opened.credential : undefined
  const problem = credential?.mode === 'api_key' ? undefined : signatureProblem(ctx, request, credential)
  if (!opened) return 'unknown key'
  if (!credential) return `key ${opened.credential.fingerprint} is disabled or expired`
  if (problem !== undefined) return problem
  ctx.usage.note(credential.id)
  const principal = principalOf(credential.tenant, `key:${credential.id}`, request)
  return { principal, scopes: credential.scopes, requestsPerSecond: opened.requestsPerSecond }
}

async function tokenCaller(ctx: Context, request: FastifyRequest, token: string): Promise<Caller> {
  const grant = await grants.findByAccessToken(ctx, token)
  if (!grant) throw refused('access token unknown, expired or revoked')
  return {
    principal: principalOf(grant.organizationId, `grant:${grant.id}`, request),
    scopes: grant.scopes,
    requestsPerSecond: await requestsPerSecond(ctx, grant.organizationId),
  }
}

async function requestsPerSecond(ctx: Context, organizationId: string): Promise<number> {
  const organization = await ctx.lookups.get(`aftership-organization:${organizationId}`, () =>
    organizations.findById(ctx, organizationId),
  )
  if (!organization) throw refused('the organization is gone')
  return organization.requestsPerSecond
}

/** What nobody signs with. Signatures for keys that are not ours are held against it: the time tells nothing. */
const NOBODYS = { secret: randomBytes(32).toString('base64url'), publicKey: publicKeyOfNobody() }

function publicKeyOfNobody(): string {
  const modulus = randomBytes(256)
  // As every modulus of 2048 bits has them.
  modulus[0] = (modulus[0] ?? 0) | 0xc0
  modulus[255] = (modulus[255] ?? 0) | 1
  const jwk = { kty: 'RSA', n: modulus.toString('base64url'), e: 'AQAB' }
  return createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString()
}

/**
 * Why the request is not signed by this credential; undefined where it is. The work is the same for each signature that
 * was sent, whether the credential signs so, otherwise, or is none at all.
 */
function signatureProblem(
  ctx: Context,
  request: FastifyRequest,
  credential: Credential | undefined,
): string | undefined {
  const hmac = headerOf(request, 'as-signature-hmac-sha256')
  const rsa = headerOf(request, 'as-signature-rsa-sha256')
  const date = headerOf(request, 'date')
  if ((hmac ?? rsa) === undefined || date === undefined) return MISSING
  const signedAt = parseHttpDate(date)
  if (signedAt === undefined) return 'date header unreadable'
  if (Math.abs(ctx.clock.now() - signedAt) > SKEW_MAX_MS) return 'date header too far from our clock'

  const candidates = signStrings({
    method: request.method,
    target: ctx.settings.strippedPrefix + request.originalUrl,
    rawHeaders: request.raw.rawHeaders,
    contentType: request.sentContentType,
    date,
    body: request.rawBody,
  })
  const { mode } = credential ?? {}
  const secret = credential && mode === 'hmac' ? signingSecret(ctx, credential) : NOBODYS.secret
  const publicKey = (mode === 'rsa' && credential?.publicKey) || NOBODYS.publicKey
  const good = {
    hmac: hmac !== undefined && hmacMatches(secret, hmac, candidates),
    rsa: rsa !== undefined && rsaMatches(publicKey, rsa, candidates),
  }
  if ((mode === 'hmac' && good.hmac) || (mode === 'rsa' && good.rsa)) return undefined
  return (mode === 'rsa' ? rsa : hmac) === undefined ? MISSING : 'signature does not match'
}

function hmacMatches(secret: string, signature: string, candidates: string[]): boolean {
  // Compared as text: base64 decoding would let a changed last character pass.
  const sent = Buffer.from(signature)
  let matches = false
  for (const candidate of candidates) {
    const expected = Buffer.from(createHmac('sha256', secret).update(candidate).digest('base64'))
    if (expected.length === sent.length && timingSafeEqual(expected, sent)) matches = true
  }
  return matches
}

function rsaMatches(publicKey: string, signature: string, candidates: string[]): boolean {
  const bytes = Buffer.from(signature, 'base64')
  if (bytes.toString('base64') !== signature) return false
  const key = {
    key: createPublicKey(publicKey),
    padding: constants.RSA_PKCS1_PSS_PADDING,
    // SDKs salt with 32 bytes or with the most that fits [vendor].
    saltLength: constants.RSA_PSS_SALTLEN_AUTO,
  }
  return candidates.some(candidate => verify('sha256', Buffer.from(candidate), key, bytes))
}

const HTTP_DATE =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) (?:GMT|UTC)$/
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** RFC 1123 in UTC, with a one-digit day too; undefined for anything else. */
export function parseHttpDate(text: string): number | undefined {
  const parts = HTTP_DATE.exec(text)
  const month = MONTHS.indexOf(parts?.[2] ?? '')
  if (!parts || month === -1) return undefined
  const [day, year, hour, minute, second] = [parts[1], parts[3], parts[4], parts[5], parts[6]].map(Number)
  const time = new Date(Date.UTC(year ?? 0, month, day, hour, minute, second))
  return time.getUTCDate() === day && time.getUTCMinutes() === minute ? time.getTime() : undefined
}

function principalOf(tenant: string, actor: string, request: FastifyRequest): Principal {
  return { vendor: 'aftership', tenant, actor, requestId: request.id }
}

function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name]
  return typeof value === 'string' ? value : undefined
}

function refused(reason: string): DomainError {
  return new DomainError('unauthenticated', reason)
}
