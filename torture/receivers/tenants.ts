// Who changes things, and where their webhooks go: one tenant of each vendor whose every endpoint is hostile, one with a
// single endpoint that is well, and one that asks Stripe.

export const OPERATOR_TOKEN = 'ust_torture_operator'
export const STRIPE_KEY = 'rk_test_torture_secret'

const UNLIMITED = 1_000_000
const ORGANIZATION = 'org_torture'
const APP = 'app_torture0000000000000001'
const BULK_APP = 'app_torture0000000000000002'
const PARENT = 'user_0123456789abcdef0123456789abcdef'

export interface Request {
  method: string
  path: string
  headers: Record<string, string>
  body?: object
}

export interface Answer {
  status: number
  /** JSON; null where there is none. */
  body: unknown
}

/** How requests get to the server, over a socket or without. */
export type Send = (request: Request) => Promise<Answer>

/** A change whose webhook holds `mark`. */
export interface Change extends Request {
  tenant: Tenant
  mark: string
}

/** A request that makes a mail go to somebody. */
export interface Mailed extends Request {
  mailTo: string
}

export type Tenant = keyof typeof TENANTS

/** Each one's place in the control API, and how its vendor tries again: contract section on webhooks. */
export const TENANTS = {
  aftership: {
    base: `/aftership/organizations/${ORGANIZATION}`,
    retryAfterS: [30, 60, 120, 240, 480, 960, 1920, 3840, 7680, 15_360, 30_720, 61_440, 122_880],
  },
  easypost: { base: `/easypost/parents/${PARENT}`, retryAfterS: [60, 300, 900, 3600, 10_800, 21_600, 43_200] },
  memberstack: { base: `/memberstack/apps/${APP}`, retryAfterS: [5, 300, 1800, 7200, 18_000, 36_000] },
  bulk: { base: `/memberstack/apps/${BULK_APP}`, retryAfterS: [5, 300, 1800, 7200, 18_000, 36_000] },
} as const

/** Settled with Stripe before she goes. */
const BILLED = { id: 'mem_sb_torture', email: 'billed@torture.test', stripeCustomerId: 'cus_1' }
/** Changed over and over. */
const BULK_MEMBER = { id: 'mem_sb_bulk', email: 'bulk@torture.test' }
const SIGNING_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

/** The store's start: endpoints at these URLs, so many people to be invited, Stripe at that address. */
export function seedOf(urls: Record<Tenant, string[]>, people: number, stripe: string): string {
  const accounts = Array.from({ length: people }, (_, index) => ({ email: personOf(index) }))
  const hooks = (tenant: Tenant, more: object) => urls[tenant].map(url => ({ url, ...more }))
  const app = (id: string, key: string, tenant: 'memberstack' | 'bulk', sandbox: object[]) => ({
    id,
    name: id,
    keys: {
      sandboxSecret: `sk_sb_${key}`,
      sandboxPublic: `pk_sb_${key}`,
      liveSecret: `sk_${key}`,
      livePublic: `pk_${key}`,
    },
    settings: { rateLimit: { perSecond: UNLIMITED } },
    stripe: { sandbox: { secretKey: STRIPE_KEY, apiBase: stripe } },
    webhooks: hooks(tenant, { environment: 'sandbox', secret: SIGNING_SECRET }),
    members: { sandbox },
  })
  return JSON.stringify({
    aftership: {
      accounts: [{ email: 'owner@torture.test' }, ...accounts],
      organizations: [
        {
          id: ORGANIZATION,
          name: 'Torture',
          invitations: 'verify',
          rateLimit: { perSecond: UNLIMITED },
          keys: [{ name: 'plain', mode: 'api_key', key: 'as_torture_key' }],
          memberships: [{ email: 'owner@torture.test', role: 'owner' }],
          webhooks: hooks('aftership', { secret: 'a webhook secret' }),
        },
        {
          name: 'Mails',
          rateLimit: { perSecond: UNLIMITED },
          keys: [{ name: 'plain', mode: 'api_key', key: 'as_mails_key' }],
          memberships: [{ email: 'owner@torture.test', role: 'owner' }],
        },
      ],
    },
    easypost: {
      users: [
        {
          id: PARENT,
          name: 'Torture',
          rateLimit: { listPerSecond: UNLIMITED, perSecond: UNLIMITED },
          keys: { test: 'EZTKtorture', production: 'EZAKtorture' },
          webhooks: hooks('easypost', { mode: 'production', secret: 'a webhook secret' }),
        },
      ],
    },
    memberstack: {
      apps: [app(APP, 'torture', 'memberstack', []), app(BULK_APP, 'bulk', 'bulk', [BILLED, BULK_MEMBER])],
    },
    webhooks: { allowPrivateAddresses: true },
    control: { tokens: [{ name: 'operator', scope: 'admin', token: OPERATOR_TOKEN }] },
  })
}

const personOf = (index: number) => `person${index}@torture.test`
const memberOf = (index: number) => `member${index}@torture.test`

/** The `index`th change of each vendor's tenant. AfterShip's makes a mail too. */
export function changesOf(index: number): Change[] {
  const person = personOf(index)
  return [
    { ...inviting(person, 'as_torture_key'), tenant: 'aftership', mark: person },
    {
      tenant: 'easypost',
      mark: `Child ${index}.`,
      method: 'POST',
      path: '/v2/users',
      headers: { authorization: `Basic ${Buffer.from('EZAKtorture:').toString('base64')}` },
      body: { user: { name: `Child ${index}.` } },
    },
    {
      tenant: 'memberstack',
      mark: memberOf(index),
      method: 'POST',
      path: '/members',
      headers: { 'x-api-key': 'sk_sb_torture' },
      body: { email: memberOf(index), password: 'correct horse battery' },
    },
  ]
}

export const BULK_MARK = 'one of many '

/** One of many of the tenant with a dead endpoint and a good one. */
export function bulkChange(index: number): Change {
  const mark = `${BULK_MARK}${index}`
  return {
    tenant: 'bulk',
    mark,
    method: 'PATCH',
    path: `/members/${BULK_MEMBER.id}`,
    headers: { 'x-api-key': 'sk_sb_bulk' },
    body: { customFields: { mark } },
  }
}

/** Sends a code to somebody whom one of the changes made a member. */
export function codeMail(index: number): Mailed {
  return {
    mailTo: memberOf(index),
    method: 'POST',
    path: '/auth/send-reset-password-email',
    headers: { 'x-api-key': 'pk_sb_torture' },
    body: { email: memberOf(index) },
  }
}

/** Invites somebody into an organization without webhooks: a mail alone. */
export function invitation(index: number): Mailed {
  const mailTo = personOf(index)
  return { ...inviting(mailTo, 'as_mails_key'), mailTo }
}

/** Removes the member whose bill is at Stripe. */
export const settleBill: Request = {
  method: 'DELETE',
  path: '/members/mem_sb_torture',
  headers: { 'x-api-key': 'sk_sb_bulk' },
  body: { deleteStripeCustomer: true, cancelStripeSubscriptions: true },
}

function inviting(email: string, key: string): Request {
  return {
    method: 'POST',
    path: '/admin/2022-01/memberships',
    headers: { 'as-api-key': key },
    body: { account: { email }, role: { code: 'member' } },
  }
}

export function control(path: string): Request {
  return { method: 'GET', path: `/understudy/v1${path}`, headers: { authorization: `Bearer ${OPERATOR_TOKEN}` } }
}
