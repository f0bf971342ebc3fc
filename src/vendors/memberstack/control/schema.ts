// Bodies and replies of Memberstack's part of the control API.

import { type Static, Type } from 'typebox'
import { Key } from '../../../platform/credentials/wire.ts'
import { EMAIL_MAX, EMAIL_PATTERN } from '../../../platform/email.ts'
import type { App as StoredApp } from '../apps.store.ts'
import type { Member as StoredMember } from '../member.ts'
import { Permissions } from '../plan-schema.ts'
import type { Plan as StoredPlan } from '../plans.store.ts'
import * as wire from '../schema.ts'
import { AppId } from '../seed.ts'
import { AppSettingsInput } from '../settings.ts'
import { memberOf as wireMemberOf } from '../wire.ts'

const strict = { additionalProperties: false }
const Name = Type.String({ minLength: 1, maxLength: 255, pattern: '\\S' })
const Email = Type.String({ pattern: EMAIL_PATTERN, maxLength: EMAIL_MAX })
const NullableString = Type.Union([Type.String(), Type.Null()])
const Timestamp = Type.String({
  pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$',
  description: 'UTC, ISO 8601 with milliseconds.',
})

export const Empty = Type.Null({ description: 'No content.' })
export const Environment = Type.Enum(['sandbox', 'live'])

export const App = Type.Object({
  id: Type.String(),
  name: Type.String(),
  settings: Type.Unknown(),
  createdAt: Type.String(),
})
export const NewApp = Type.Object(
  { id: Type.Optional(AppId), name: Name, settings: Type.Optional(AppSettingsInput) },
  strict,
)
export const AppChange = Type.Object({ name: Type.Optional(Name), settings: Type.Optional(AppSettingsInput) }, strict)
export const NewKey = Type.Object(
  {
    name: Type.Optional(Name),
    kind: Type.Enum(['secret', 'public']),
    environment: Environment,
    holder: Type.Optional(Email),
    expiresAt: Type.Optional(Timestamp),
  },
  strict,
)
export const MadeKey = Type.Object({
  key: Key,
  apiKey: Type.String({ description: 'The key in clear. Shown this once.' }),
})

export const Plan = Type.Object({
  id: Type.String(),
  name: Type.String(),
  description: NullableString,
  priority: Type.Union([Type.Integer(), Type.Null()]),
  type: Type.String(),
  status: Type.String(),
  environment: NullableString,
  restrictToAdmin: Type.Boolean(),
  permissions: Type.Array(Type.String()),
  prices: Type.Array(Type.Unknown()),
  redirects: Type.Unknown(),
  createdAt: Type.String(),
})

/** A member as Admin shows it, with what operators alone see. */
export const Member = Type.Object({
  ...wire.Member.properties,
  environment: Environment,
  hasPassword: Type.Boolean(),
  suspendedBy: Type.Array(Type.String(), { description: 'The offboardings that keep it out.' }),
  updatedAt: Type.String(),
  deletedAt: NullableString,
})
export const MemberState = Type.Enum(['live', 'deleted'])
export const MemberChange = Type.Object(
  {
    permissions: Type.Optional(Permissions),
    stripeCustomerId: Type.Optional(Type.Union([Name, Type.Null()])),
  },
  strict,
)
export const PlanState = Type.Object(
  {
    status: Type.Optional(Type.Enum(['ACTIVE', 'TRIALING', 'REQUIRES_PAYMENT', 'REQUIRES_AUTHENTICATION', 'CANCELED'])),
    payment: Type.Optional(Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()])),
  },
  strict,
)
export const Stripe = Type.Object({ environment: Environment, connected: Type.Boolean(), apiBase: NullableString })
export const SigningKey = Type.Object({ kid: Type.String() })

export function appOf(app: StoredApp): Static<typeof App> {
  return app
}

export function planOf({ position: _position, ...plan }: StoredPlan): Static<typeof Plan> {
  return plan
}

export function memberOf(environment: 'sandbox' | 'live', member: StoredMember): Static<typeof Member> {
  const { suspendedBy, updatedAt, deletedAt, passwordHash } = member
  return {
    ...wireMemberOf(member),
    environment,
    hasPassword: passwordHash !== null,
    suspendedBy: [...suspendedBy],
    updatedAt,
    deletedAt,
  }
}
