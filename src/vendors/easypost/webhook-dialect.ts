// How webhooks are sent: contract section 10.

import { createHmac } from 'node:crypto'
import type { WebhookDialect } from '../../platform/events/dialect.ts'
import { eventOf, resultOf, shownTypes, silentTypes, wireId } from './feed.ts'
import * as parents from './parents.store.ts'

/** User and key events belong to the production mode of the parent. */
const MODE = 'production'

export const webhookDialect: WebhookDialect = {
  events: shownTypes,
  silentEvents: silentTypes,
  wants: (tx, { tenant }) => parents.hasUserEvents(tx, tenant),
  render(event, endpoint, recipients) {
    if (endpoint.mode !== MODE) return undefined
    const pendingUrls = recipients.filter(({ mode }) => mode === MODE).map(({ url }) => url)
    const outcome = { status: 'in_queue', pendingUrls, completedUrls: [], updatedAt: null } as const
    return {
      messageId: wireId(event.id),
      body: JSON.stringify({ ...eventOf(event, outcome), result: resultOf(event) }),
    }
  },
  headers: ({ body }, secret) => (secret === undefined ? {} : { 'x-hmac-signature': signature(body, secret) }),
  timeLimitMs: 7000,
  // 1 min, 5 min, 15 min, 1 h, 3 h, 6 h, 12 h: 8 attempts inside 24 h.
  retryAfterS: [60, 300, 900, 3600, 10_800, 21_600, 43_200],
  disablesOnFailure: true,
}

/** Over the exact text sent; the key is the secret's UTF-8 after Unicode NFKD [vendor]. */
export function signature(body: string, secret: string): string {
  return `hmac-sha256-hex=${createHmac('sha256', secret.normalize('NFKD')).update(body).digest('hex')}`
}
