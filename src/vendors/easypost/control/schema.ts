// Bodies and replies of EasyPost's part of the control API.

import { type Static, Type } from 'typebox'
import { Key } from '../../../platform/credentials/wire.ts'
import { EMAIL_MAX, EMAIL_PATTERN } from '../../../platform/email.ts'
import { PerSecond } from '../../../platform/rate-limit/wire.ts'
import type { Account } from '../parents.ts'
import { Money, UserId } from '../seed.ts'
import type { User } from '../users.store.ts'

const strict = { additionalProperties: false }
const Name = Type.String({ minLength: 1, maxLength: 255, pattern: '\\S' })
const Email = Type.String({ pattern: EMAIL_PATTERN, maxLength: EMAIL_MAX })
const Phone = Type.String({ maxLength: 255 })
const orNull = <T extends Parameters<typeof Type.Optional>[0]>(type: T) => Type.Union([type, Type.Null()])
const TextOrNull = orNull(Type.String())

const userFields = {
  id: Type.String(),
  name: Type.String(),
  email: TextOrNull,
  phoneNumber: TextOrNull,
  rechargeAmount: TextOrNull,
  secondaryRechargeAmount: TextOrNull,
  rechargeThreshold: TextOrNull,
  createdAt: Type.String(),
  updatedAt: Type.String(),
}
const RateLimit = Type.Object(
  { listPerSecond: PerSecond, perSecond: PerSecond },
  { description: 'For each user of the parent by itself; both modes together.' },
)
const UserEvents = Type.Boolean({ description: 'Whether user and key events are shown and sent.' })

export const Parent = Type.Object({
  ...userFields,
  balance: Type.String(),
  rateLimit: RateLimit,
  userEvents: UserEvents,
})
export const Child = Type.Object({ ...userFields, parentId: Type.String(), deletedAt: TextOrNull })

const settings = {
  balance: Type.Optional(Money),
  rateLimit: Type.Optional(Type.Partial(RateLimit, strict)),
  userEvents: Type.Optional(UserEvents),
}
export const NewParent = Type.Object(
  {
    id: Type.Optional(UserId),
    name: Name,
    email: Email,
    phoneNumber: Type.Optional(Phone),
    rechargeAmount: Type.Optional(Money),
    secondaryRechargeAmount: Type.Optional(Money),
    rechargeThreshold: Type.Optional(Money),
    ...settings,
  },
  strict,
)
export const ParentChange = Type.Object(
  {
    name: Type.Optional(Name),
    email: Type.Optional(Email),
    phoneNumber: Type.Optional(orNull(Phone)),
    rechargeAmount: Type.Optional(orNull(Money)),
    secondaryRechargeAmount: Type.Optional(orNull(Money)),
    rechargeThreshold: Type.Optional(orNull(Money)),
    ...settings,
  },
  strict,
)

export const NewKey = Type.Object(
  {
    mode: Type.Union([Type.Literal('test'), Type.Literal('production')]),
    user: Type.Optional(Type.String({ description: "A child's id; the parent itself when left out." })),
    holder: Type.Optional(Email),
  },
  strict,
)
export const MadeKey = Type.Object({ key: Key, apiKey: Type.String({ description: 'The key in clear.' }) })
export const MadeParent = Type.Object({ parent: Parent, keys: Type.Array(MadeKey) })

export const ChildState = Type.Union([Type.Literal('live'), Type.Literal('deleted')])

export function parentOf({ user, parent }: Account): Static<typeof Parent> {
  const { balance, listPerSecond, perSecond, userEvents } = parent
  return { ...fieldsOf(user), balance, rateLimit: { listPerSecond, perSecond }, userEvents }
}

export function childOf(user: User): Static<typeof Child> {
  return { ...fieldsOf(user), parentId: user.tenant, deletedAt: user.deletedAt }
}

function fieldsOf(user: User) {
  const { id, name, email, phoneNumber, rechargeAmount, secondaryRechargeAmount, rechargeThreshold } = user
  const { createdAt, updatedAt } = user
  return {
    id,
    name,
    email,
    phoneNumber,
    rechargeAmount,
    secondaryRechargeAmount,
    rechargeThreshold,
    createdAt,
    updatedAt,
  }
}
