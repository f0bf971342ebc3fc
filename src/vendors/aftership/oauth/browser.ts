// The cookie that tells one browser from another, before and after sign-in, and the token that its forms carry.

import { timingSafeEqual } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../../../platform/context.ts'
import { DomainError } from '../../../platform/errors.ts'

const COOKIE = 'understudy_aftership'
const COOKIE_PATH = '/oauth/aftership'
/** What we put there: 32 random bytes as base64url. Nothing else is believed. */
const COOKIE_VALUE = /^[A-Za-z0-9_-]{43}$/
const COOKIE_BYTES = 32

/** The cookie's value: the session's secret once somebody has signed in. */
function browserOf(request: FastifyRequest): string | undefined {
  for (const pair of (request.headers.cookie ?? '').split(';')) {
    const [name, value] = pair.trim().split('=', 2)
    if (name === COOKIE && value !== undefined && COOKIE_VALUE.test(value)) return value
  }
  return undefined
}

/** The browser's cookie, given now when it has none: a form token needs something to be bound to. */
export function knownBrowser(ctx: Context, request: FastifyRequest, reply: FastifyReply): string {
  const known = browserOf(request)
  if (known !== undefined) return known
  const made = ctx.ids.secret(COOKIE_BYTES)
  setBrowser(ctx, reply, made)
  return made
}

/** Gives the browser a cookie. It lasts as long as the browser runs; how long a session lasts, the store says. */
export function setBrowser(ctx: Context, reply: FastifyReply, value: string): void {
  const secure = ctx.settings.publicUrl.startsWith('https:') ? '; Secure' : ''
  reply.header('set-cookie', `${COOKIE}=${value}; Path=${COOKIE_PATH}; HttpOnly; SameSite=Lax${secure}`)
}

/** What this browser's forms carry: only who was shown our form can know it. */
export function formTokenOf(ctx: Context, browser: string): string {
  return ctx.vault.lookupHash(`aftership-oauth-form:${browser}`)
}

/** The browser that a form comes from. Throws `forbidden` when the form was not made for it. */
export function requireFormToken(ctx: Context, request: FastifyRequest, form: ReadonlyMap<string, string>): string {
  const browser = browserOf(request)
  const expected = Buffer.from(formTokenOf(ctx, browser ?? ''))
  const sent = Buffer.from(form.get('csrf') ?? '')
  if (browser === undefined || sent.length !== expected.length || !timingSafeEqual(sent, expected)) {
    throw new DomainError('forbidden', 'This form is not valid any more, or cookies are switched off.')
  }
  return browser
}
