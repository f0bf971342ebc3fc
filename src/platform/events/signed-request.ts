// The request that an attempt makes, and what of it may be shown afterwards.

import type { Context } from '../context.ts'
import { decoded } from '../outbound/url-parts.ts'
import type { Claimed } from './claims.ts'
import * as endpoints from './endpoints.store.ts'

export interface SignedRequest {
  url: URL
  headers: Record<string, string>
  body: Buffer
  /** Without user info. */
  shownUrl: string
  /** Credentials, and custom headers, which may be some, read `***`. */
  shownHeaders: Record<string, string>
  /** What the receiver is told in confidence, and may say back. */
  secrets: string[]
}

const HIDDEN = '***'
/** A part of a URL that is as long may be a secret; shorter ones are words, which answers hold too. */
const URL_SECRET_MIN = 12

/** Ours to set, or meant for one connection: a custom header of this name is left out. */
const RESERVED = new Set([
  'host',
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'content-type',
  'content-length',
  'content-encoding',
  'content-md5',
  'digest',
])

/** Signed afresh, as of `now`. */
export function signedRequest(ctx: Context, { delivery, endpoint, dialect }: Claimed, now: number): SignedRequest {
  const { url: text, customHeaders } = endpoints.endpointOf(ctx, endpoint)
  const url = new URL(text)
  const body = Buffer.from(delivery.body)
  const message = { messageId: delivery.message_id, body: delivery.body }
  const custom = customHeaders.map(({ name, value }) => [name.toLowerCase(), value] as const)
  const authorization = basicAuth(url)
  const ours = lowerCased({
    ...dialect.headers(message, endpoints.secretOf(ctx, endpoint), now),
    host: url.host,
    connection: 'close',
    'user-agent': 'Understudy-Webhooks',
    'content-type': 'application/json',
    'content-length': String(body.length),
  })
  const secrets: Record<string, string> = Object.fromEntries([
    ...custom.filter(([name]) => !RESERVED.has(name)),
    ...(authorization === undefined ? [] : [['authorization', authorization]]),
  ])
  const hidden = Object.fromEntries(Object.keys(secrets).map(name => [name, HIDDEN]))
  return {
    url,
    headers: { ...secrets, ...ours },
    body,
    shownUrl: withoutUserInfo(url),
    shownHeaders: { ...hidden, ...ours },
    // A value's last word is what follows the scheme: `Bearer …`.
    secrets: [...Object.values(secrets).flatMap(value => [value, value.split(' ').at(-1) ?? '']), ...secretsIn(url)],
  }
}

/** Receivers that want no password take a token as the user name. */
function secretsIn({ username, password, pathname, searchParams }: URL): string[] {
  const parts = [username, ...pathname.split('/'), ...searchParams.values()].filter(
    part => part.length >= URL_SECRET_MIN,
  )
  return [password, ...parts].flatMap(part => [part, decoded(part)])
}

function basicAuth({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined
  return `Basic ${Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64')}`
}

function withoutUserInfo(url: URL): string {
  const shown = new URL(url)
  shown.username = ''
  shown.password = ''
  return shown.href
}

function lowerCased(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}
