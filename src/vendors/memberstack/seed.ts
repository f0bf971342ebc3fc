// The `memberstack` section of a seed file. Its vendor is not built yet: the shape is here so that a file can be
// checked.

import { Type } from 'typebox'

const strict = { additionalProperties: false }
const Text = Type.String({ minLength: 1, maxLength: 255 })
const AnyObject = Type.Object({}, { additionalProperties: true })
const Environment = Type.Enum(['sandbox', 'live'])
const Stripe = Type.Object({ secretKey: Text, apiBase: Type.Optional(Text) }, strict)

const Member = Type.Object(
  {
    id: Type.Optional(Type.String({ pattern: '^mem_' })),
    email: Text,
    password: Type.Optional(Type.String({ minLength: 8, maxLength: 1000 })),
    plans: Type.Optional(Type.Array(Text)),
    permissions: Type.Optional(Type.Array(Text)),
    customFields: Type.Optional(AnyObject),
    metaData: Type.Optional(AnyObject),
    json: Type.Optional(Type.Union([AnyObject, Type.Array(Type.Unknown())])),
    loginRedirect: Type.Optional(Text),
    stripeCustomerId: Type.Optional(Text),
    verified: Type.Optional(Type.Boolean()),
  },
  strict,
)

const App = Type.Object(
  {
    id: Type.Optional(Type.String({ pattern: '^app_' })),
    name: Text,
    keys: Type.Optional(
      Type.Object(
        {
          sandboxSecret: Type.Optional(Text),
          liveSecret: Type.Optional(Text),
          sandboxPublic: Type.Optional(Text),
          livePublic: Type.Optional(Text),
        },
        strict,
      ),
    ),
    settings: Type.Optional(AnyObject),
    stripe: Type.Optional(Type.Object({ sandbox: Type.Optional(Stripe), live: Type.Optional(Stripe) }, strict)),
    webhooks: Type.Optional(
      Type.Array(Type.Object({ url: Text, environment: Environment, secret: Type.Optional(Text) }, strict)),
    ),
    plans: Type.Optional(
      Type.Array(
        Type.Object(
          {
            id: Type.Optional(Type.String({ pattern: '^pln_[A-Za-z0-9_-]+$' })),
            name: Text,
            type: Type.Enum(['FREE', 'SUBSCRIPTION', 'ONETIME']),
            permissions: Type.Optional(Type.Array(Text)),
            restrictToAdmin: Type.Optional(Type.Boolean()),
            status: Type.Optional(Type.Enum(['ACTIVE', 'INACTIVE'])),
            environment: Type.Optional(Environment),
          },
          strict,
        ),
      ),
    ),
    members: Type.Optional(
      Type.Object({ sandbox: Type.Optional(Type.Array(Member)), live: Type.Optional(Type.Array(Member)) }, strict),
    ),
  },
  strict,
)

export const MemberstackSeed = Type.Object(
  { issuer: Type.Optional(Text), apps: Type.Optional(Type.Array(App)) },
  strict,
)
