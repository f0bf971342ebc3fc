// The wire as schemas: contract sections 4 to 10. Replies are serialised by them; bodies and queries are documented
// here and read by their own code, since nothing in them is refused by shape alone.

import { type TSchema, Type } from 'typebox'

const Text = Type.String()
const orNull = (description?: string) =>
  Type.Unsafe<string | null>({ type: ['string', 'null'], ...(description === undefined ? {} : { description }) })
const TextOrNull = orNull()
const Money = orNull('A decimal with two places.')
const Time = Type.String({ description: 'UTC, whole seconds.' })

const childFields = {
  id: Type.String({ description: '`user_…`' }),
  object: Type.Literal('User'),
  parent_id: TextOrNull,
  name: Text,
  email: TextOrNull,
  phone_number: TextOrNull,
  recharge_amount: Money,
  secondary_recharge_amount: Money,
  recharge_threshold: Money,
  verified: Type.Boolean(),
  created_at: Time,
  updated_at: Time,
  default_carbon_offset: Type.Boolean(),
  has_elevate_access: Type.Boolean(),
}

export const ApiKey = Type.Object({
  object: Type.Literal('ApiKey'),
  active: Type.Boolean(),
  key: Type.String({ description: 'The secret, in full.' }),
  mode: Type.String({ description: '`test` or `production`' }),
  created_at: Time,
  id: Type.String({ description: '`ak_…`' }),
})

const Child = Type.Object(childFields)
export const NewChild = Type.Object({ ...childFields, api_keys: Type.Array(ApiKey) })

/** A child's record, or a parent's, which has more. */
export const User = Type.Object({
  ...childFields,
  balance: Type.Optional(Type.String({ description: 'Parents only, like all that follows.' })),
  price_per_shipment: Type.Optional(Text),
  cc_fee_rate: Type.Optional(Text),
  insurance_fee_rate: Type.Optional(Text),
  insurance_fee_minimum: Type.Optional(Text),
  default_insurance_amount: Type.Optional(Text),
  has_billing_method: Type.Optional(Type.Boolean()),
  children: Type.Optional(Type.Array(Child, { description: 'All of them, oldest first.' })),
})

export const ChildrenReply = Type.Object({ children: Type.Array(Child), has_more: Type.Boolean() })

const KeyNode = Type.Object({ id: Text, keys: Type.Array(ApiKey), children: Type.Array(Type.Object({})) })
export const KeyTree = Type.Object({ id: Text, keys: Type.Array(ApiKey), children: Type.Array(KeyNode) })

export const Brand = Type.Object({
  id: Type.String({ description: '`brd_…`' }),
  object: Type.Literal('Brand'),
  user_id: Text,
  name: Text,
  color: TextOrNull,
  background_color: TextOrNull,
  logo: TextOrNull,
  logo_href: TextOrNull,
  ad: TextOrNull,
  ad_href: TextOrNull,
  theme: Text,
})

/** A body: wrapped under `name`, or bare. */
const wrapped = (name: string, fields: TSchema) => ({
  type: 'object',
  description: 'Wrapped as shown, or the fields bare. JSON, or form encoding.',
  properties: { [name]: fields },
})

const userFields = {
  email: orNull('Unique among all users of the server.'),
  phone_number: orNull('Also taken as `phone`.'),
  recharge_amount: orNull('A decimal; null or blank clears it. Set by the parent alone.'),
  secondary_recharge_amount: TextOrNull,
  recharge_threshold: TextOrNull,
}
export const NewUserBody = wrapped(
  'user',
  Type.Unsafe({ type: 'object', required: ['name'], properties: { name: Text, ...userFields } }),
)
export const UserBody = wrapped('user', Type.Unsafe({ type: 'object', properties: { name: Text, ...userFields } }))
export const BrandBody = wrapped(
  'brand',
  Type.Unsafe({
    type: 'object',
    properties: {
      color: TextOrNull,
      background_color: TextOrNull,
      logo: TextOrNull,
      logo_href: TextOrNull,
      ad: TextOrNull,
      ad_href: TextOrNull,
      theme: Type.String({ description: '`theme1` or `theme2`' }),
    },
  }),
)
export const NewKeyBody = Type.Object({ mode: Type.String({ description: '`test` or `production`' }) })

export const WebhookBody = wrapped(
  'webhook',
  Type.Unsafe({
    type: 'object',
    properties: {
      url: Type.String({ description: 'An absolute http or https URL.' }),
      webhook_secret: orNull('Never shown again. Without one, deliveries are not signed.'),
      custom_headers: Type.Array(Type.Object({ name: Text, value: Text })),
    },
  }),
)

/** Never refused by shape; read by paging.ts. */
export const CursorQuery = {
  type: 'object',
  properties: {
    page_size: { type: 'string', description: '1 to 100; default 20.', examples: ['20'] },
    before_id: { type: 'string', description: 'Rows older than this one.' },
    after_id: { type: 'string', description: 'Rows newer than this one.' },
  },
}

export const Webhook = Type.Object({
  id: Type.String({ description: '`hook_…`' }),
  object: Type.Literal('Webhook'),
  mode: Text,
  url: Text,
  created_at: Time,
  disabled_at: TextOrNull,
  custom_headers: Type.Array(Type.Object({ name: Text, value: Text })),
})
export const WebhookListReply = Type.Object({ webhooks: Type.Array(Webhook) })
export const EmptyObject = Type.Object({})

const eventFields = {
  description: Type.String({ description: 'The type: `user.created`.' }),
  id: Type.String({ description: '`evt_…`' }),
  user_id: Type.String({ description: 'The parent, for its children too.' }),
  status: Type.String({ description: '`in_queue`, `retrying`, `completed` or `failed`' }),
  created_at: Type.String({ description: 'UTC, milliseconds.' }),
  mode: Text,
  object: Type.Literal('Event'),
}
const AnyObject = Type.Object({}, { additionalProperties: true })
export const Event = Type.Object({
  ...eventFields,
  previous_attributes: AnyObject,
  pending_urls: Type.Array(Text),
  completed_urls: Type.Array(Text),
  updated_at: Text,
})
export const EventListReply = Type.Object({ events: Type.Array(Type.Object(eventFields)), has_more: Type.Boolean() })

export const Payload = Type.Object({
  id: Type.String({ description: '`payload_…`' }),
  object: Type.Literal('Payload'),
  mode: Text,
  created_at: Time,
  updated_at: Time,
  request_url: Text,
  request_headers: AnyObject,
  request_body: Text,
  response_code: Type.Unsafe<number | null>({ type: ['integer', 'null'] }),
  response_headers: AnyObject,
  response_body: TextOrNull,
  total_time: Type.Integer({ description: 'Milliseconds.' }),
})
export const PayloadListReply = Type.Object({ payloads: Type.Array(Payload) })
export const ByPayload = Type.Object({ id: Type.String(), payload: Type.String() })

export const ById = Type.Object({ id: Type.String() })
export const Nothing = Type.Null({ description: 'No content.' })

/** Every refusal; built in errors.ts, here for the documentation. */
export const ErrorReply = Type.Object(
  {
    error: Type.Object({
      code: Text,
      message: Text,
      errors: Type.Array(Type.Object({ field: Text, message: Text })),
    }),
  },
  { description: 'Refused; nothing was changed.' },
)
