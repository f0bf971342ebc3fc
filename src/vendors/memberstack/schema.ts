// What goes over the wire: contract sections 3 to 10. Bodies are checked by member-input.ts, whose refusals are the
// vendor's; here they are for the documentation.

import { Type } from 'typebox'

const NullableString = Type.Union([Type.String(), Type.Null()])
const AnyObject = Type.Record(Type.String(), Type.Unknown())
const Json = Type.Union([AnyObject, Type.Array(Type.Unknown())])

export const ErrorReply = Type.Object(
  { code: Type.String(), message: Type.String() },
  { description: 'Refused; nothing was changed.' },
)

const PlanType = Type.Enum(['FREE', 'SUBSCRIPTION', 'ONETIME'])
const PlanConnection = Type.Object({
  id: Type.String(),
  active: Type.Boolean(),
  status: Type.Enum(['ACTIVE', 'TRIALING', 'REQUIRES_PAYMENT', 'REQUIRES_AUTHENTICATION', 'CANCELED']),
  planId: Type.String(),
  planName: Type.String(),
  type: PlanType,
  payment: Type.Union([AnyObject, Type.Null()]),
})

const memberFields = {
  id: Type.String(),
  createdAt: Type.String(),
  lastLogin: NullableString,
  auth: Type.Object({ email: Type.String() }),
  verified: Type.Boolean(),
  customFields: AnyObject,
  metaData: AnyObject,
  permissions: Type.Array(Type.String()),
  loginRedirect: NullableString,
  stripeCustomerId: NullableString,
  profileImage: NullableString,
  planConnections: Type.Array(PlanConnection),
}
export const Member = Type.Object({ ...memberFields, json: Json })
export const ListedMember = Type.Object({ ...memberFields, json: Type.Optional(Json) })
export const Teams = Type.Object({ ownedTeams: Type.Array(Type.Unknown()), joinedTeams: Type.Array(Type.Unknown()) })
export const OwnMember = Type.Object({
  ...memberFields,
  auth: Type.Object({ email: Type.String(), hasPassword: Type.Boolean(), providers: Type.Array(Type.Unknown()) }),
  teams: Teams,
})

export const dataOf = <T extends Parameters<typeof Type.Union>[0][number]>(data: T) => Type.Object({ data })
/** The same, where there may be nobody. */
export const dataOrNull = <T extends Parameters<typeof Type.Union>[0][number]>(data: T) =>
  dataOf(Type.Union([data, Type.Null()]))

/** How callers sign in, as the documentation says it: by a key, by a key and a member's token, or not at all. */
export const signedBy = {
  key: [{ apiKey: [] }],
  member: [{ apiKey: [], memberToken: [] }],
  keyOrMember: [{ apiKey: [] }, { apiKey: [], memberToken: [] }],
  nobody: [],
}

export const MemberList = Type.Object({
  totalCount: Type.Integer({ description: 'Of the whole environment.' }),
  endCursor: Type.Integer({ description: 'The `after` of the next page.' }),
  hasNextPage: Type.Boolean(),
  hasMore: Type.Boolean({ description: 'The same as `hasNextPage`.' }),
  data: Type.Array(ListedMember),
})

export const ListQuery = Type.Object({
  after: Type.Optional(Type.String({ description: 'The `endCursor` of the page before.' })),
  order: Type.Optional(Type.String({ description: '`ASC` (default) or `DESC`, by creation.' })),
  limit: Type.Optional(Type.String({ description: 'Page size: 50 by default, at most 100.' })),
  first: Type.Optional(Type.String({ description: 'The same as `limit`; wins over it.' })),
  includeJSON: Type.Optional(Type.String({ description: '`true` adds `json` to each member.' })),
})

export const ById = Type.Object({ id: Type.String() })

const PlanIds = Type.Array(Type.Object({ planId: Type.String() }))
const fields = {
  customFields: Type.Optional(AnyObject),
  metaData: Type.Optional(AnyObject),
}
const loginRedirect = Type.Optional(NullableString)
const json = Type.Optional(Type.Union([Json, Type.Null()]))
export const NewMemberBody = Type.Object({
  email: Type.String(),
  password: Type.String({ minLength: 8, maxLength: 1000 }),
  plans: Type.Optional(PlanIds),
  ...fields,
  json,
  loginRedirect,
})
export const MemberBody = Type.Object({
  email: Type.Optional(Type.String()),
  ...fields,
  json,
  loginRedirect,
  verified: Type.Optional(Type.Boolean()),
  profileImage: Type.Optional(NullableString),
})
export const DeleteBody = Type.Object({
  deleteStripeCustomer: Type.Optional(Type.Boolean()),
  cancelStripeSubscriptions: Type.Optional(Type.Boolean()),
})
const Flag = (what: string) => Type.Optional(Type.String({ description: `\`true\` ${what}; in the body too.` }))
export const DeleteQuery = Type.Object({
  deleteStripeCustomer: Flag('deletes the Stripe customer'),
  cancelStripeSubscriptions: Flag('cancels its subscriptions'),
})
export const RetrieveQuery = Type.Object({ include: Type.Optional(Type.String({ description: '`teams`.' })) })
export const DeletedMember = Type.Object({ id: Type.String() })
export const PlanBody = Type.Object({ planId: Type.String() })
/** The text `OK`, which is no JSON. */
export const Ok = { description: 'Done.', content: { 'text/plain': { schema: Type.Literal('OK') } } }
export const TokenBody = Type.Object({ token: Type.String() })
export const TokenClaims = Type.Object({
  id: Type.String(),
  type: Type.String(),
  iat: Type.Integer(),
  exp: Type.Integer(),
  aud: Type.String(),
  iss: Type.String(),
})

const Price = Type.Object({
  id: Type.String(),
  amount: Type.Number(),
  name: Type.String(),
  type: Type.String(),
  status: Type.String(),
  currency: Type.String(),
  interval: Type.Optional(Type.Object({ type: Type.String(), count: Type.Integer() })),
})
const planFields = {
  id: Type.String(),
  name: Type.String(),
  description: NullableString,
  priority: Type.Union([Type.Integer(), Type.Null()]),
  prices: Type.Array(Price),
  redirects: Type.Optional(
    Type.Object({
      afterSignup: Type.Optional(Type.String()),
      afterLogin: Type.Optional(Type.String()),
      afterLogout: Type.Optional(Type.String()),
    }),
  ),
}
export const Plan = Type.Object(planFields)
export const SinglePlan = Type.Object({ ...planFields, status: Type.Enum(['ACTIVE', 'INACTIVE']) })

export const ContentGroup = Type.Object({
  id: Type.String(),
  name: Type.String(),
  key: Type.String(),
  allowAllMembers: Type.Boolean(),
  redirect: NullableString,
  urls: Type.Array(Type.Object({ url: Type.String(), filter: Type.String() })),
  plans: Type.Array(Type.Object({ id: Type.String() })),
})

export const App = Type.Object({
  id: Type.String(),
  name: Type.String(),
  mode: Type.Enum(['live', 'sandbox']),
  plans: Type.Array(Plan),
  contentGroups: Type.Array(ContentGroup),
  customFields: Type.Array(
    Type.Object({
      key: Type.String(),
      label: Type.String(),
      order: Type.Integer(),
      hidden: Type.Boolean(),
      visibility: Type.String(),
      restrictToAdmin: Type.Boolean(),
    }),
  ),
  allowMemberSelfDelete: Type.Boolean(),
  captchaRequired: Type.Boolean(),
  authProviders: Type.Array(Type.Unknown()),
  additionalAuthMethods: Type.Object({
    passwordless: Type.Object({ enabled: Type.Boolean(), isDefault: Type.Boolean() }),
  }),
  ssoSignupButtonURL: Type.Null(),
  isPaid: Type.Boolean(),
  branding: Type.Object({ logo: Type.Null(), colors: Type.Object({ lightMode: Type.Object({}) }) }),
})

export const Auth = Type.Object({
  tokens: Type.Object({ accessToken: Type.String(), expires: Type.Integer(), type: Type.Literal('bearer') }),
  member: OwnMember,
  redirect: Type.String(),
  contentGroups: Type.Array(Type.Unknown()),
})
export const Success = Type.Object({ success: Type.Boolean() })
export const KeySet = Type.Object({
  keys: Type.Array(
    Type.Object({
      kty: Type.Literal('RSA'),
      n: Type.String(),
      e: Type.String(),
      alg: Type.Literal('RS256'),
      use: Type.Literal('sig'),
      kid: Type.String(),
    }),
  ),
})
export const SessionData = Type.Object({ sessionId: Type.String() })
