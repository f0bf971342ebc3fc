// The `easypost` section of a seed file. Its vendor is not built yet: the shape is here so that a file can be checked.

import { Type } from 'typebox'

const strict = { additionalProperties: false }
const Text = Type.String({ minLength: 1, maxLength: 255 })
const Money = Type.String({ pattern: '^\\d+(\\.\\d{1,2})?$' })
const Key = Type.Union([Text, Type.Object({ key: Type.Optional(Text), holder: Type.Optional(Text) }, strict)])

const person = {
  id: Type.Optional(Type.String({ pattern: '^user_' })),
  name: Text,
  email: Type.Optional(Text),
  phone_number: Type.Optional(Text),
  recharge_amount: Type.Optional(Money),
  secondary_recharge_amount: Type.Optional(Money),
  recharge_threshold: Type.Optional(Money),
  keys: Type.Optional(Type.Object({ test: Type.Optional(Key), production: Type.Optional(Key) }, strict)),
}

export const EasypostSeed = Type.Object(
  {
    users: Type.Optional(
      Type.Array(
        Type.Object(
          {
            ...person,
            balance: Type.Optional(Money),
            rateLimit: Type.Optional(
              Type.Object(
                {
                  listPerSecond: Type.Optional(Type.Integer({ minimum: 1 })),
                  perSecond: Type.Optional(Type.Integer({ minimum: 1 })),
                },
                strict,
              ),
            ),
            children: Type.Optional(Type.Array(Type.Object(person, strict))),
            webhooks: Type.Optional(
              Type.Array(
                Type.Object(
                  {
                    url: Text,
                    mode: Type.Optional(Type.Union([Type.Literal('test'), Type.Literal('production')])),
                    secret: Type.Optional(Text),
                  },
                  strict,
                ),
              ),
            ),
          },
          strict,
        ),
      ),
    ),
  },
  strict,
)
