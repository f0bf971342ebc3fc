// How a plan is defined: contract section 7. The same in the seed and the control API.

import { Type } from 'typebox'

const strict = { additionalProperties: false }
const Text = Type.String({ minLength: 1, maxLength: 255, pattern: '\\S' })
const Url = Type.String({ maxLength: 2000 })
/** Where something stands among its like; as much as every store keeps. */
export const Rank = Type.Integer({ minimum: -2_147_483_648, maximum: 2_147_483_647 })

const Price = Type.Object(
  {
    id: Type.Optional(Text),
    amount: Type.Number({ minimum: 0 }),
    name: Text,
    type: Type.Optional(Text),
    status: Type.Optional(Text),
    currency: Text,
    interval: Type.Optional(Type.Object({ type: Text, count: Type.Integer({ minimum: 1 }) }, strict)),
  },
  strict,
)

export const PlanId = Type.String({ pattern: '^pln_[A-Za-z0-9_-]{1,100}$', description: '`pln_…`' })
const PlanType = Type.Enum(['FREE', 'SUBSCRIPTION', 'ONETIME'])
export const Permissions = Type.Array(Text, { maxItems: 100, uniqueItems: true })

/** What can be changed of a plan; all may be left out. */
const planFields = {
  description: Type.Optional(Type.Union([Type.String({ maxLength: 2000 }), Type.Null()])),
  priority: Type.Optional(Type.Union([Rank, Type.Null()])),
  status: Type.Optional(Type.Enum(['ACTIVE', 'INACTIVE'])),
  environment: Type.Optional(
    Type.Union([Type.Literal('sandbox'), Type.Literal('live'), Type.Null()], {
      description: 'Serves this one alone; null for both.',
    }),
  ),
  restrictToAdmin: Type.Optional(Type.Boolean({ description: 'Members cannot add it to themselves.' })),
  permissions: Type.Optional(Permissions),
  prices: Type.Optional(Type.Array(Price, { maxItems: 50, description: 'None for a free plan.' })),
  redirects: Type.Optional(
    Type.Object(
      { afterSignup: Type.Optional(Url), afterLogin: Type.Optional(Url), afterLogout: Type.Optional(Url) },
      strict,
    ),
  ),
}

export const NewPlan = Type.Object({ id: Type.Optional(PlanId), name: Text, type: PlanType, ...planFields }, strict)
export const PlanChange = Type.Object({ name: Type.Optional(Text), ...planFields }, strict)
