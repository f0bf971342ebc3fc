// The store under the storm: for each vendor a tenant whose limits nobody reaches, and one with the vendor's own.

import { PUBLIC_KEY } from './signing-key.ts'

const ENDLESS = 1_000_000
const CALLBACK = 'http://127.0.0.1:9000/callback'
const RECEIVER = 'http://127.0.0.1:9/h0stile'
const WEBHOOK_SECRET = 'whsec_dW5kZXJzdHVkeS1jb250cmFjdC1leGFtcGxlLWtleSE='

export const NAMES = {
  organization: 'org_open',
  parent: 'user_00000000000000000000000000000001',
  child: 'user_00000000000000000000000000000002',
  app: 'app_copen',
  /** Where Stripe may be connected: nobody is a member, so nobody is asked of it. */
  stripeApp: 'app_cstripe',
  clientId: 'partner_app',
  clientSecret: 'partner secret',
  callback: CALLBACK,
  receiver: RECEIVER,
  webhookSecret: WEBHOOK_SECRET,
  ownerEmail: 'owner@open.test',
  password: 'a password of ours',
  endless: ENDLESS,
} as const

/** By what each API knows whom. `slow`: of the tenant with the vendor's own limits. */
export const KEYS = {
  aftership: {
    open: ['as_open_key_full', 'as_open_key_read'],
    hmac: 'as_open_key_hmac',
    secret: 'a secret to sign with',
    rsa: 'as_open_key_rsa',
    slow: 'as_slow_key',
  },
  easypost: { open: ['EZAK_open', 'EZTK_open', 'EZAK_child'], slow: 'EZAK_slow' },
  memberstack: {
    secret: ['sk_sb_open', 'sk_open'],
    public: ['pk_sb_open', 'pk_open'],
    slow: { secret: 'sk_sb_slow', public: 'pk_sb_slow' },
  },
  control: { admin: 'ust_admin_token', others: ['ust_write_token', 'ust_read_token'] },
} as const

/** A seed file: JSON is YAML too. */
export function seedText(): string {
  const people = ['owner', 'one', 'two', 'three'].map(name => ({ email: `${name}@open.test` }))
  const members = people.map(({ email }) => ({ email, password: NAMES.password, plans: ['pln_open'] }))
  const [aftership, easypost, memberstack] = [KEYS.aftership, KEYS.easypost, KEYS.memberstack]
  return JSON.stringify({
    aftership: {
      accounts: [...people, { email: 'unverified@open.test', verified: false }],
      organizations: [
        {
          id: NAMES.organization,
          name: 'Open',
          rateLimit: { perSecond: ENDLESS },
          roles: [{ code: 'manager', name: 'Manager' }],
          keys: [
            { name: 'full', mode: 'api_key', key: aftership.open[0] },
            { name: 'read', mode: 'api_key', key: aftership.open[1], permission: 'read' },
            { name: 'hmac', mode: 'hmac', key: aftership.hmac, secret: aftership.secret },
            { name: 'rsa', mode: 'rsa', key: aftership.rsa, publicKey: PUBLIC_KEY },
          ],
          memberships: [
            { email: 'owner@open.test', role: 'owner' },
            { email: 'one@open.test', role: 'member' },
          ],
          webhooks: [{ url: RECEIVER, secret: 'a webhook secret' }],
        },
        { id: 'org_slow', name: 'Slow', keys: [{ name: 'slow', mode: 'api_key', key: aftership.slow }] },
      ],
      apps: [
        {
          name: 'App',
          partner: true,
          clientId: NAMES.clientId,
          clientSecret: NAMES.clientSecret,
          redirectUris: [CALLBACK],
        },
      ],
    },
    easypost: {
      users: [
        {
          id: NAMES.parent,
          name: 'Open',
          email: 'parent@open.test',
          rateLimit: { listPerSecond: ENDLESS, perSecond: ENDLESS },
          keys: { production: easypost.open[0], test: easypost.open[1] },
          children: [{ id: NAMES.child, name: 'Child', keys: { production: easypost.open[2] } }],
          webhooks: [{ url: RECEIVER, mode: 'production', secret: 'a webhook secret' }],
        },
        { name: 'Slow', email: 'parent@slow.test', keys: { production: easypost.slow } },
      ],
    },
    memberstack: {
      apps: [
        {
          id: NAMES.app,
          name: 'Open',
          keys: {
            sandboxSecret: memberstack.secret[0],
            liveSecret: memberstack.secret[1],
            sandboxPublic: memberstack.public[0],
            livePublic: memberstack.public[1],
          },
          settings: { rateLimit: { perSecond: ENDLESS } },
          webhooks: [{ url: RECEIVER, environment: 'sandbox', secret: WEBHOOK_SECRET }],
          plans: [
            { id: 'pln_open', name: 'Open', type: 'FREE', permissions: ['view:open'] },
            { id: 'pln_paid', name: 'Paid', type: 'SUBSCRIPTION' },
          ],
          members: { sandbox: members, live: members },
        },
        { id: NAMES.stripeApp, name: 'Stripe' },
        {
          id: 'app_cslow',
          name: 'Slow',
          keys: { sandboxSecret: memberstack.slow.secret, sandboxPublic: memberstack.slow.public },
          settings: { rateLimit: { by: 'key' } },
        },
      ],
    },
    webhooks: { allowPrivateAddresses: true },
    control: {
      tokens: [
        { name: 'admin', scope: 'admin', token: KEYS.control.admin },
        { name: 'writer', scope: 'write', token: KEYS.control.others[0] },
        { name: 'reader', scope: 'read', token: KEYS.control.others[1] },
      ],
    },
  })
}
