// Bodies and replies of AfterShip's part of the control API.

import { type Static, Type } from 'typebox'
import { Key } from '../../../platform/credentials/wire.ts'
import { EMAIL_MAX, EMAIL_PATTERN } from '../../../platform/email.ts'
import { PerSecond } from '../../../platform/rate-limit/wire.ts'
import type { Membership as MembershipRow } from '../memberships.store.ts'
import { Id, Seats, Timestamp } from '../seed.ts'

export const Empty = Type.Null({ description: 'No content.' })

const strict = { additionalProperties: false }
const Name = Type.String({ minLength: 1, maxLength: 255, pattern: '\\S' })
const Email = Type.String({ pattern: EMAIL_PATTERN, maxLength: EMAIL_MAX })
const SeatsOrNull = Type.Union([Seats, Type.Null()], { description: 'null is unlimited.' })
const Invitations = Type.Enum(['verify', 'automatic'])

export const Organization = Type.Object({
  id: Type.String(),
  name: Type.String(),
  invitations: Invitations,
  seats: SeatsOrNull,
  requestsPerSecond: Type.Integer(),
  createdAt: Type.String(),
})
export const NewOrganization = Type.Object(
  {
    id: Type.Optional(Id),
    name: Name,
    invitations: Type.Optional(Invitations),
    seats: Type.Optional(SeatsOrNull),
    requestsPerSecond: Type.Optional(PerSecond),
  },
  strict,
)
export const OrganizationChange = Type.Object(
  {
    name: Type.Optional(Name),
    invitations: Type.Optional(Invitations),
    seats: Type.Optional(SeatsOrNull),
    requestsPerSecond: Type.Optional(PerSecond),
  },
  strict,
)

export const Account = Type.Object({
  id: Type.String(),
  email: Type.String(),
  verified: Type.Boolean(),
  createdAt: Type.String(),
})
export const NewAccount = Type.Object(
  { id: Type.Optional(Id), email: Email, verified: Type.Optional(Type.Boolean()) },
  strict,
)
export const AccountChange = Type.Object({ verified: Type.Boolean() }, strict)

export const Role = Type.Object({ code: Type.String(), name: Type.String() })
export const NewRole = Type.Object({ code: Name, name: Name }, strict)
export const RoleChange = Type.Object({ name: Name }, strict)

export const NewKey = Type.Object(
  {
    name: Name,
    mode: Type.Enum(['api_key', 'hmac', 'rsa']),
    publicKey: Type.Optional(Type.String({ maxLength: 10_000, description: 'PEM; needed for mode rsa.' })),
    permission: Type.Optional(Type.Enum(['full', 'read', 'none'])),
    holder: Type.Optional(Email),
    expiresAt: Type.Optional(Timestamp),
  },
  strict,
)
export const MadeKey = Type.Object({
  key: Key,
  apiKey: Type.String({ description: 'The key in clear. Shown this once.' }),
  apiSecret: Type.Optional(Type.String({ description: 'Mode hmac: the signing secret. Shown this once.' })),
})

const Status = Type.Enum(['pending', 'active'])
export const Membership = Type.Object({
  id: Type.String(),
  organization: Type.Object({ id: Type.String() }),
  account: Type.Object({ id: Type.String(), email: Type.String() }),
  role: Role,
  status: Status,
  createdAt: Type.String(),
  updatedAt: Type.String(),
  deletedAt: Type.Union([Type.String(), Type.Null()]),
})
export const NewMembership = Type.Object(
  { id: Type.Optional(Id), email: Email, role: Name, status: Type.Optional(Status) },
  strict,
)
export const MembershipChange = Type.Object({ role: Name }, strict)
export const MembershipState = Type.Enum(['pending', 'active', 'deleted'])

const RedirectUris = Type.Array(Type.String({ maxLength: 2000 }), { minItems: 1, maxItems: 20 })
export const App = Type.Object({
  id: Type.String({ description: 'The client_id.' }),
  name: Type.String(),
  partner: Type.Boolean(),
  redirectUris: Type.Array(Type.String()),
  createdAt: Type.String(),
})
export const NewApp = Type.Object({ name: Name, partner: Type.Boolean(), redirectUris: RedirectUris }, strict)
export const AppChange = Type.Object(
  {
    name: Type.Optional(Name),
    partner: Type.Optional(Type.Boolean()),
    redirectUris: Type.Optional(RedirectUris),
  },
  strict,
)
export const MadeApp = Type.Object({
  app: App,
  clientSecret: Type.String({ description: 'Shown this once.' }),
})

const WebhookSecret = Type.String({ minLength: 8, maxLength: 1024 })
const WebhookEvents = Type.Array(Type.String({ maxLength: 100 }), {
  maxItems: 50,
  description: 'Names, or `membership.*`. Empty: all events.',
})
export const NewWebhook = Type.Object(
  { url: Type.String({ maxLength: 2000 }), secret: WebhookSecret, events: Type.Optional(WebhookEvents) },
  strict,
)
export const Grant = Type.Object({
  id: Type.String(),
  appId: Type.String(),
  organizationId: Type.String(),
  accountId: Type.String({ description: 'Who consented.' }),
  scopes: Type.Array(Type.String()),
  createdAt: Type.String(),
  endedAt: Type.Union([Type.String(), Type.Null()]),
  endedBy: Type.Union([Type.String(), Type.Null()], {
    description: 'What ended it; a removed membership suspends it.',
  }),
})

export const WebhookChange = Type.Partial(NewWebhook, strict)

/** A membership as operators see it: with its status and times. */
export function membershipOf(row: MembershipRow): Static<typeof Membership> {
  return {
    id: row.id,
    organization: { id: row.organizationId },
    account: { id: row.accountId, email: row.email },
    role: { code: row.roleCode, name: row.roleName },
    status: row.status,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    deletedAt: row.deletedAt,
  }
}
