// Member tokens: contract section 9. Exactly six claims, so a token is named by its member and its second; a row for
// each says whether it was ended before its time.

import type { Context } from '../../platform/context.ts'
import { DomainError } from '../../platform/errors.ts'
import { environmentOf, type Realm } from './realm.ts'
import { issuer } from './server-settings.ts'
import * as signingKeys from './signing-keys.ts'
import * as store from './tokens.store.ts'

const ALGORITHM = 'RS256'
const TYPE = 'member'
/** Each token of a member has a second of its own; so far back one is looked for. */
const SECONDS_BACK_MAX = 600

/** What a token says, in this order. */
export interface TokenClaims {
  /** The member's id. */
  id: string
  type: string
  /** Seconds since the epoch. */
  iat: number
  exp: number
  /** The app's id, for both environments. */
  aud: string
  iss: string
}

export interface AccessToken {
  accessToken: string
  /** Milliseconds since the epoch. */
  expires: number
}

/** What is needed to reserve a token inside a transaction: read before it. */
export interface Issuing {
  keys: signingKeys.SigningKeys
  issuer: string
  lifetimeSeconds: number
}

/** A token that is stored, and has yet to be signed. */
export interface Reserved {
  claims: TokenClaims
  key: signingKeys.SigningKeys['current']
}

export async function prepare(ctx: Context, lifetimeSeconds: number): Promise<Issuing> {
  return { keys: await signingKeys.load(ctx), issuer: await issuer(ctx), lifetimeSeconds }
}

/**
 * Stores a token that the member is to get, in the transaction of the login. RS256 gives equal text for equal claims: a
 * second that one was issued in is not used again, but the latest free one before it. Where there is none left, the
 * latest token that still counts is handed out once more. Throws `rateLimited` when that is none either.
 */
export async function reserve(
  tx: Context,
  realm: Realm,
  memberId: string,
  { keys, issuer, lifetimeSeconds }: Issuing,
): Promise<Reserved> {
  const now = Math.floor(tx.clock.now() / 1000)
  // Not so far back that it would have expired.
  const first = now - Math.min(SECONDS_BACK_MAX, lifetimeSeconds - 1)
  const issued = await store.issuedBetween(tx, realm, memberId, first, now)
  const claimsOf = (iat: number, exp: number) => ({
    id: memberId,
    type: TYPE,
    iat,
    exp,
    aud: realm.tenant,
    iss: issuer,
  })
  let free = now
  for (const { issuedAt } of issued) if (issuedAt === free) free--
  if (free >= first) {
    const exp = free + lifetimeSeconds
    await store.insert(tx, realm, { memberId, issuedAt: free, expiresAt: exp, kid: keys.current.kid })
    return { claims: claimsOf(free, exp), key: keys.current }
  }
  const living = issued.find(token => !token.ended && token.kid === keys.current.kid)
  if (!living) throw new DomainError('rateLimited', 'too many logins of one member')
  return { claims: claimsOf(living.issuedAt, living.expiresAt), key: keys.current }
}

/** Loaded with the first token: a server that issues none starts without it. */
const jose = () => import('jose')

/** Signs what was reserved; after the transaction. */
export async function sign({ claims, key }: Reserved): Promise<AccessToken> {
  const { SignJWT } = await jose()
  const accessToken = await new SignJWT({ ...claims })
    .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT', kid: key.kid })
    .sign(key.privateKey)
  return { accessToken, expires: claims.exp * 1000 }
}

/**
 * The claims of a token that this server signed for this environment of this app, and that has not expired. Whether it
 * was ended, `verifyLiving` says too. Undefined for any other: every failure is alike.
 */
export async function verify(ctx: Context, realm: Realm, token: string): Promise<TokenClaims | undefined> {
  if (!isCanonical(token)) return undefined
  const [{ errors, jwtVerify }, keys] = await Promise.all([jose(), signingKeys.load(ctx)])
  try {
    const { payload } = await jwtVerify(
      token,
      ({ kid }) => {
        const key = keys.public.find(candidate => candidate.kid === kid)
        if (!key) throw new errors.JWKSNoMatchingKey()
        return key.publicKey
      },
      {
        algorithms: [ALGORITHM],
        issuer: await issuer(ctx),
        audience: realm.tenant,
        requiredClaims: ['iat', 'exp'],
        currentDate: new Date(ctx.clock.now()),
      },
    )
    const { id, type, iat = 0, exp = 0, aud, iss } = payload
    if (typeof id !== 'string' || type !== TYPE || typeof aud !== 'string' || iss === undefined) return undefined
    return environmentOf(id) === realm.environment ? { id, type, iat, exp, aud, iss } : undefined
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined
    throw error
  }
}

/**
 * Whether the signature is written as whoever makes one writes it. Its last character has bits that mean nothing, and
 * decoding skips blanks: a token with either changed is another text, and no token of ours.
 */
function isCanonical(token: string): boolean {
  const signature = token.slice(token.lastIndexOf('.') + 1)
  return Buffer.from(signature, 'base64url').toString('base64url') === signature
}

/** As `verify`, and not ended: not logged out, nor left behind by a password, a delete or an offboarding. */
export async function verifyLiving(ctx: Context, realm: Realm, token: string): Promise<TokenClaims | undefined> {
  const claims = await verify(ctx, realm, token)
  if (!claims) return undefined
  const living = await store.isLiving(ctx, realm, { memberId: claims.id, issuedAt: claims.iat })
  return living ? claims : undefined
}
