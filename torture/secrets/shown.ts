// Where a secret is meant to be seen, each place with the reason. Everywhere else it is a leak.

import type { Secret } from './ledger.ts'
import type { Answer } from './wire.ts'

interface Exception {
  reason: string
  /** Which answers, as `METHOD PATH STATUS`. */
  answers: RegExp
  /** Which kinds of secrets. */
  kinds: RegExp
}

const CONTROL = '/understudy/v1'

const EXCEPTIONS: readonly Exception[] = [
  {
    reason: 'control API: what makes a secret shows it, once',
    answers: new RegExp(`^POST ${CONTROL}/(tokens|.*/(keys|apps|rotate-secret|webhooks)|easypost/parents) 20[01]$`),
    kinds:
      /^(control token|AfterShip (API key|signing secret)|OAuth client secret|EasyPost key|Memberstack (secret key|webhook secret))$/,
  },
  {
    reason: 'control API: the text of a mail is what its recipient gets, and an admin may read it',
    answers: new RegExp(`^GET ${CONTROL}/mails/[0-9a-f]{32} 200$`),
    kinds: /^(mailed code|invitation link|sign-in link)$/,
  },
  {
    reason: 'control API: a webhook shows the URL that it was given, with `***` for who signs in there',
    answers: new RegExp(`^(GET|POST|PATCH) ${CONTROL}/.*/webhooks.* 20[01]$`),
    kinds: /^webhook URL$/,
  },
  {
    reason: 'EasyPost contract, sections 4 and 6: keys are shown whenever they are listed, to who has one',
    answers: /^(GET|POST) \/v2\/(users|api_keys)\b.* 20[01]$/,
    kinds: /^EasyPost (key|child's key)$/,
  },
  {
    reason: 'EasyPost contract, section 7: a webhook shows its URL and its custom headers, never its secret',
    answers: /^(GET|POST|PUT|PATCH) \/v2\/webhooks\b.* 20[01]$/,
    kinds: /^(EasyPost webhook URL|webhook URL password|EasyPost custom header)$/,
  },
  {
    reason: 'EasyPost contract, section 10: an event, and each payload of it, names the URLs that it goes to',
    answers: new RegExp(`^GET (/v2/events|${CONTROL}/easypost/parents/[^/]+/deliveries)/.* 200$`),
    kinds: /^EasyPost webhook URL$/,
  },
  {
    reason: 'Memberstack contract, section 10: what signs in gives the token',
    answers: /^POST \/(auth\/(signup|login|passwordless\/login)|member-auth)\b.* 200$/,
    kinds: /^member token$/,
  },
  {
    reason: 'AfterShip contract, section 8: the token endpoint gives tokens',
    answers: /^POST \/oauth\/aftership\/token 200$/,
    kinds: /^OAuth (access|refresh) token$/,
  },
  {
    reason: 'AfterShip contract, section 8: the browser carries the session, and what the app is to get back',
    answers: /^(GET|POST) \/oauth\/aftership\/(authorize|sign-in)\b.* (200|30[23])$/,
    kinds: /^(OAuth (session|code)|sign-in link)$/,
  },
  {
    reason: 'Memberstack contract, section 5: the cursor of an empty page is the number that was sent as `after`',
    answers: /^GET \/members\?.*\bafter=\d+ 200$/,
    kinds: /^(mailed code|mistyped)$/,
  },
  {
    reason: 'Memberstack contract, section 11: an unknown path is named to who asked for it (`Cannot GET /x`)',
    answers: /^\w+ .* 404$/,
    kinds: /./,
  },
]

/** Why an answer may hold a secret; undefined where it may not. */
export function whyShown({ method, path, status, body }: Answer, { kind }: Secret): string | undefined {
  const answer = `${method} ${path} ${status}`
  const found = EXCEPTIONS.find(({ answers, kinds }) => answers.test(answer) && kinds.test(kind))
  // The last one is for this sentence alone.
  if (found?.answers.source.endsWith('404$') && !body.includes(`"Cannot ${method} `)) return undefined
  return found?.reason
}
