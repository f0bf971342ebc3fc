// What an app's operator sets: contract section 14. Kept whole as one JSON value; what is not said has its default.

import { type Static, Type } from 'typebox'
import { PerSecond } from '../../platform/rate-limit/wire.ts'
import { Rank } from './plan-schema.ts'

const strict = { additionalProperties: false }
const Text = Type.String({ minLength: 1, maxLength: 255 })

const CustomField = Type.Object(
  {
    key: Text,
    label: Type.Optional(Text),
    order: Type.Optional(Rank),
    hidden: Type.Optional(Type.Boolean()),
    visibility: Type.Optional(Text),
    restrictToAdmin: Type.Optional(Type.Boolean({ description: 'Members cannot write it.' })),
  },
  strict,
)

const ContentGroup = Type.Object(
  {
    id: Type.Optional(Text),
    name: Text,
    key: Type.Optional(Text),
    allowAllMembers: Type.Optional(Type.Boolean()),
    redirect: Type.Optional(Type.Union([Type.String({ maxLength: 2000 }), Type.Null()])),
    urls: Type.Optional(
      Type.Array(
        Type.Object({ url: Type.String({ maxLength: 2000 }), filter: Type.String({ maxLength: 100 }) }, strict),
        {
          maxItems: 100,
        },
      ),
    ),
    plans: Type.Optional(
      Type.Array(Type.Union([Text, Type.Object({ id: Text }, strict)]), {
        maxItems: 100,
        description: 'Ids of plans.',
      }),
    ),
  },
  strict,
)

/** Settings as an operator gives them; all may be left out. */
export const AppSettingsInput = Type.Object(
  {
    tokenLifetimeSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 315_360_000 })),
    verifyTokenStrict: Type.Optional(
      Type.Boolean({ description: 'Whether verify-token refuses tokens that were ended.' }),
    ),
    pageSizeMax: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
    rateLimit: Type.Optional(
      Type.Object(
        {
          perSecond: Type.Optional(PerSecond),
          by: Type.Optional(Type.Enum(['ip', 'key', 'ip+key'])),
        },
        strict,
      ),
    ),
    allowedOrigins: Type.Optional(
      Type.Union(
        [Type.Array(Type.String({ pattern: '^https?://[^/?#\\s]+$', maxLength: 255 }), { maxItems: 100 }), Type.Null()],
        {
          description: 'Origins whose pages may call the client API; null for any.',
        },
      ),
    ),
    passwordless: Type.Optional(Type.Boolean()),
    allowMemberSelfDelete: Type.Optional(Type.Boolean()),
    customFields: Type.Optional(
      Type.Union([Type.Array(CustomField, { maxItems: 200 }), Type.Null()], {
        description: 'The fields that members have; null for any key.',
      }),
    ),
    contentGroups: Type.Optional(Type.Array(ContentGroup, { maxItems: 200 })),
    sandboxMemberLimit: Type.Optional(Type.Union([Type.Integer({ minimum: 0, maximum: 1_000_000_000 }), Type.Null()])),
  },
  strict,
)
export type AppSettingsInput = Static<typeof AppSettingsInput>

export interface AppSettings {
  tokenLifetimeSeconds: number
  verifyTokenStrict: boolean
  pageSizeMax: number
  rateLimit: { perSecond: number; by: 'ip' | 'key' | 'ip+key' }
  /** Null: any. */
  allowedOrigins: string[] | null
  passwordless: boolean
  allowMemberSelfDelete: boolean
  /** Null: any key. */
  customFields: Static<typeof CustomField>[] | null
  contentGroups: Static<typeof ContentGroup>[]
  sandboxMemberLimit: number | null
}

export const RATE_LIMIT = { perSecond: 25, by: 'ip+key' } as const

const DEFAULTS: AppSettings = {
  tokenLifetimeSeconds: 1_209_600,
  verifyTokenStrict: true,
  pageSizeMax: 100,
  rateLimit: RATE_LIMIT,
  allowedOrigins: null,
  passwordless: true,
  allowMemberSelfDelete: true,
  customFields: null,
  contentGroups: [],
  sandboxMemberLimit: null,
}

/** `input` over `settings`, or over the defaults. What is left out stays. */
export function withSettings(input: AppSettingsInput, settings: AppSettings = DEFAULTS): AppSettings {
  const given = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined))
  const rateLimit = { ...settings.rateLimit, ...input.rateLimit }
  return { ...settings, ...given, rateLimit } as AppSettings
}
