// What an endpoint may be: checked when it is registered, so that a mistake shows at once and not at each delivery.

import type { Context } from '../context.ts'
import { DomainError, type Issue } from '../errors.ts'
import { isRefusedHost } from '../outbound/addresses.ts'
import { allowsPrivateAddresses } from '../settings.ts'
import { type CustomHeader, nameCovers, type WebhookDialect } from './dialect.ts'

const URL_MAX = 2000
const HEADERS_MAX = 20
const HEADER_MAX = 1000
const EVENTS_MAX = 50
/** RFC 9110 5.6.2 and 5.5: nothing that could end a line. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

/** Throws `invalid`: not absolute, not http or https, too long, or a private address where those are refused. */
export async function checkUrl(ctx: Context, text: string): Promise<void> {
  const url = URL.parse(text)
  if (text.length > URL_MAX || !url || !/^https?:$/.test(url.protocol)) {
    throw invalid('a webhook needs an http or https URL', 'url', 'an absolute http or https URL')
  }
  // Names are looked up at each delivery; here only what the URL itself says.
  if (isRefusedHost(url.hostname) && !(await allowsPrivateAddresses(ctx))) {
    const hint = 'a public address; or allow private ones: webhooks.allowPrivateAddresses'
    throw invalid('private addresses are refused as webhook targets', 'url', hint)
  }
}

/** Throws `invalid`. Names that are ours to set are no error: they are left out when sending. */
export function checkHeaders(headers: readonly CustomHeader[]): void {
  if (headers.length > HEADERS_MAX) throw invalid('too many custom headers', 'customHeaders', `at most ${HEADERS_MAX}`)
  for (const [index, { name, value }] of headers.entries()) {
    if (!HEADER_NAME.test(name)) throw invalid('not a header name', `customHeaders.${index}.name`)
    if (value.length > HEADER_MAX || !HEADER_VALUE.test(value)) {
      throw invalid('not a header value', `customHeaders.${index}.value`, 'one line of Latin-1 text')
    }
  }
}

/** Throws `invalid` for a name that would never be sent and that the vendor does not know either. */
export function checkEvents(dialect: WebhookDialect | undefined, names: readonly string[]): void {
  if (names.length > EVENTS_MAX) throw invalid('too many event names', 'events', `at most ${EVENTS_MAX}`)
  if (!dialect) return
  const known = [...dialect.events, ...dialect.silentEvents]
  const unknown = names.findIndex(name => !known.some(type => nameCovers(name, type)))
  if (unknown >= 0) throw invalid('there is no such event', `events.${unknown}`, known.join(', '))
}

function invalid(message: string, path: string, hint?: string): DomainError {
  const issue: Issue = { path, problem: 'invalid', ...(hint === undefined ? {} : { hint }) }
  return new DomainError('invalid', message, { issues: [issue] })
}
