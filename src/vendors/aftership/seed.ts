// The `aftership` section of a seed file: shapes, and the rules that store it.

import { type Static, Type } from 'typebox'
import type { Context, Principal } from '../../platform/context.ts'
import { EMAIL_MAX, EMAIL_PATTERN } from '../../platform/email.ts'
import { at } from '../../platform/errors.ts'
import { PerSecond } from '../../platform/rate-limit/wire.ts'
import type { Samples } from '../vendor.ts'
import * as accounts from './accounts.ts'
import * as apps from './apps.ts'
import * as keys from './keys.ts'
import * as memberships from './memberships.ts'
import * as organizations from './organizations.ts'
import * as roles from './roles.ts'
import * as webhooks from './webhooks.ts'

const strict = { additionalProperties: false }
const Text = Type.String({ minLength: 1, maxLength: 255 })
const Secret = Type.String({ minLength: 8, maxLength: 1024 })
const Email = Type.String({ pattern: EMAIL_PATTERN, maxLength: EMAIL_MAX })
export const Id = Type.String({ pattern: '^[A-Za-z0-9_.:-]{1,128}$', description: 'Letters, digits and _ . : -' })
export const Timestamp = Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$' })
/** What no store can keep, or not give back as a number, must not come in. */
export const Seats = Type.Integer({ minimum: 0, maximum: 1_000_000_000 })

const Organization = Type.Object(
  {
    id: Type.Optional(Id),
    name: Text,
    invitations: Type.Optional(Type.Enum(['verify', 'automatic'])),
    seats: Type.Optional(Seats),
    rateLimit: Type.Optional(Type.Object({ perSecond: PerSecond }, strict)),
    roles: Type.Optional(Type.Array(Type.Object({ code: Text, name: Text }, strict))),
    keys: Type.Optional(
      Type.Array(
        Type.Object(
          {
            name: Text,
            mode: Type.Enum(['api_key', 'hmac', 'rsa']),
            key: Type.Optional(Secret),
            secret: Type.Optional(Secret),
            publicKey: Type.Optional(Type.String()),
            permission: Type.Optional(Type.Enum(['full', 'read', 'none'])),
            holder: Type.Optional(Email),
            expiresAt: Type.Optional(Timestamp),
          },
          strict,
        ),
      ),
    ),
    memberships: Type.Optional(
      Type.Array(
        Type.Object(
          {
            id: Type.Optional(Id),
            email: Email,
            role: Text,
            status: Type.Optional(Type.Enum(['active', 'pending'])),
          },
          strict,
        ),
      ),
    ),
    webhooks: Type.Optional(
      Type.Array(Type.Object({ url: Type.String(), secret: Secret, events: Type.Optional(Type.Array(Text)) }, strict)),
    ),
  },
  strict,
)

export const AftershipSeed = Type.Object(
  {
    accounts: Type.Optional(
      Type.Array(Type.Object({ id: Type.Optional(Id), email: Email, verified: Type.Optional(Type.Boolean()) }, strict)),
    ),
    organizations: Type.Optional(Type.Array(Organization)),
    apps: Type.Optional(
      Type.Array(
        Type.Object(
          {
            name: Text,
            partner: Type.Boolean(),
            clientId: Type.Optional(Id),
            clientSecret: Type.Optional(Secret),
            redirectUris: Type.Array(Type.String(), { minItems: 1, maxItems: 20 }),
          },
          strict,
        ),
      ),
    ),
  },
  strict,
)

type Section = Static<typeof AftershipSeed>

/** Stores the section. The sample is the first key of mode `api_key`. */
export async function load(tx: Context, section: Section): Promise<Samples> {
  const principal: Principal = { vendor: 'aftership', tenant: '', actor: 'cli:seed', operator: true }
  for (const [index, account] of (section.accounts ?? []).entries()) {
    await at(`accounts.${index}`, () => accounts.create(tx, principal, account))
  }
  const samples: Samples = {}
  for (const [index, organization] of (section.organizations ?? []).entries()) {
    await at(`organizations.${index}`, () => loadOrganization(tx, principal, organization, samples))
  }
  for (const [index, { clientId, ...app }] of (section.apps ?? []).entries()) {
    await at(`apps.${index}`, () => apps.create(tx, principal, { ...app, clientId }))
  }
  return samples
}

async function loadOrganization(
  tx: Context,
  operator: Principal,
  { rateLimit, ...section }: Static<typeof Organization>,
  samples: Samples,
): Promise<void> {
  const { id } = await organizations.create(tx, operator, { ...section, requestsPerSecond: rateLimit?.perSecond })
  const principal = { ...operator, tenant: id }
  for (const [index, role] of (section.roles ?? []).entries()) {
    await at(`roles.${index}`, () => roles.create(tx, principal, role))
  }
  for (const [index, input] of (section.keys ?? []).entries()) {
    const made = await at(`keys.${index}`, () => keys.create(tx, principal, input))
    if (input.mode === 'api_key' && (input.permission ?? 'full') === 'full') samples.apiKey ??= made.key
  }
  for (const [index, { email, role, ...rest }] of (section.memberships ?? []).entries()) {
    await at(`memberships.${index}`, () =>
      memberships.invite(tx, principal, { email, roleCode: role, status: 'active', ...rest }),
    )
  }
  for (const [index, webhook] of (section.webhooks ?? []).entries()) {
    await at(`webhooks.${index}`, () => webhooks.register(tx, principal, webhook))
  }
}
