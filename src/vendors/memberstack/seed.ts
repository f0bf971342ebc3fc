// The `memberstack` section of a seed file: shapes, and the rules that store it.

import { type Static, Type } from 'typebox'
import type { Context, Principal } from '../../platform/context.ts'
import { EMAIL_MAX, EMAIL_PATTERN } from '../../platform/email.ts'
import { at } from '../../platform/errors.ts'
import type { Samples } from '../vendor.ts'
import * as apps from './apps.ts'
import * as keys from './keys.ts'
import { EMAIL_FORM, requireKeepable } from './member-input.ts'
import * as memberPlans from './member-plans.ts'
import * as members from './members.ts'
import { NewPlan, Permissions, PlanId } from './plan-schema.ts'
import * as plans from './plans.ts'
import { type AppPrincipal, type Environment, environments, VENDOR } from './realm.ts'
import { setIssuer } from './server-settings.ts'
import { AppSettingsInput } from './settings.ts'
import * as webhooks from './webhooks.ts'

const strict = { additionalProperties: false }
const Text = Type.String({ minLength: 1, maxLength: 255, pattern: '\\S' })
const Email = Type.String({ pattern: EMAIL_PATTERN, maxLength: EMAIL_MAX })
/** As the wire takes it. */
const MemberEmail = Type.String({ pattern: EMAIL_FORM, maxLength: EMAIL_MAX })
const AnyObject = Type.Record(Type.String(), Type.Unknown())

export const AppId = Type.String({ pattern: '^app_[A-Za-z0-9]{1,64}$', description: '`app_…`' })
export const StripeAccount = Type.Object({ secretKey: Text, apiBase: Type.Optional(Text) }, strict)
/** A plan of a member: held for nothing, or in the state that a payment would have brought about. */
const HeldPlan = Type.Union([
  PlanId,
  Type.Object(
    {
      planId: PlanId,
      status: Type.Optional(
        Type.Enum(['ACTIVE', 'TRIALING', 'REQUIRES_PAYMENT', 'REQUIRES_AUTHENTICATION', 'CANCELED']),
      ),
      payment: Type.Optional(Type.Union([AnyObject, Type.Null()])),
    },
    strict,
  ),
])
/** A key, or a key with the person who holds it. */
const Key = Type.Union([Text, Type.Object({ key: Type.Optional(Text), holder: Type.Optional(Email) }, strict)])

const memberFields = {
  email: MemberEmail,
  plans: Type.Optional(Type.Array(HeldPlan, { maxItems: 200 })),
  permissions: Type.Optional(Permissions),
  customFields: Type.Optional(AnyObject),
  metaData: Type.Optional(AnyObject),
  json: Type.Optional(Type.Union([AnyObject, Type.Array(Type.Unknown())])),
  loginRedirect: Type.Optional(Text),
  profileImage: Type.Optional(Text),
  stripeCustomerId: Type.Optional(Text),
  verified: Type.Optional(Type.Boolean()),
}
const password = Type.Optional(Type.String({ minLength: 8, maxLength: 1000 }))
const SandboxMember = Type.Object(
  { id: Type.Optional(Type.String({ pattern: '^mem_sb_[A-Za-z0-9]{1,64}$' })), password, ...memberFields },
  strict,
)
const LiveMember = Type.Object(
  { id: Type.Optional(Type.String({ pattern: '^mem_(?!sb_)[A-Za-z0-9]{1,64}$' })), password, ...memberFields },
  strict,
)

const App = Type.Object(
  {
    id: Type.Optional(AppId),
    name: Text,
    keys: Type.Optional(
      Type.Object(
        {
          sandboxSecret: Type.Optional(Key),
          liveSecret: Type.Optional(Key),
          sandboxPublic: Type.Optional(Key),
          livePublic: Type.Optional(Key),
        },
        strict,
      ),
    ),
    settings: Type.Optional(AppSettingsInput),
    stripe: Type.Optional(
      Type.Object({ sandbox: Type.Optional(StripeAccount), live: Type.Optional(StripeAccount) }, strict),
    ),
    webhooks: Type.Optional(
      Type.Array(
        Type.Object(
          {
            url: Text,
            environment: Type.Enum(['sandbox', 'live']),
            secret: Type.Optional(Text),
            events: Type.Optional(Type.Array(Text)),
          },
          strict,
        ),
      ),
    ),
    plans: Type.Optional(Type.Array(NewPlan)),
    members: Type.Optional(
      Type.Object(
        { sandbox: Type.Optional(Type.Array(SandboxMember)), live: Type.Optional(Type.Array(LiveMember)) },
        strict,
      ),
    ),
  },
  strict,
)

export const MemberstackSeed = Type.Object(
  { issuer: Type.Optional(Text), apps: Type.Optional(Type.Array(App)) },
  strict,
)
type Section = Static<typeof MemberstackSeed>
type AppSeed = Static<typeof App>
type MemberSeed = Static<typeof LiveMember>

/** The section with its passwords hashed, which has no place in the transaction that stores it. */
export interface PreparedSeed {
  section: Section
  /** By the member's place: `apps.0.members.sandbox.3`. */
  passwordHashes: Map<string, string>
}

export async function prepare(ctx: Context, section: Section): Promise<PreparedSeed> {
  const wanted: [place: string, password: string][] = []
  for (const [index, app] of (section.apps ?? []).entries()) {
    for (const environment of environments) {
      for (const [nth, { password }] of (app.members?.[environment] ?? []).entries()) {
        if (password !== undefined) wanted.push([placeOf(index, environment, nth), password])
      }
    }
  }
  const passwordHashes = new Map<string, string>()
  for (const [place, password] of wanted) {
    passwordHashes.set(place, await at(place, () => ctx.passwords.hash(password)))
  }
  return { section, passwordHashes }
}

/** Stores the section. The samples are the keys of the first app. */
export async function load(tx: Context, { section, passwordHashes }: PreparedSeed): Promise<Samples> {
  const operator: Principal = { vendor: VENDOR, tenant: '', actor: 'cli:seed', operator: true }
  if (section.issuer !== undefined) await setIssuer(tx, operator, section.issuer)
  const samples: Samples = {}
  for (const [index, input] of (section.apps ?? []).entries()) {
    await at(`apps.${index}`, () =>
      loadApp(tx, operator, input, samples, (environment, nth) => passwordHashes.get(placeOf(index, environment, nth))),
    )
  }
  return samples
}

const placeOf = (app: number, environment: Environment, nth: number) => `apps.${app}.members.${environment}.${nth}`

async function loadApp(
  tx: Context,
  operator: Principal,
  input: AppSeed,
  samples: Samples,
  hashOf: (environment: Environment, nth: number) => string | undefined,
): Promise<void> {
  const { id: tenant } = await apps.create(tx, operator, input)
  const principal = { ...operator, tenant }
  const made = await loadKeys(tx, principal, input.keys ?? {})
  for (const [name, key] of Object.entries(made)) samples[name] ??= key
  for (const [index, plan] of (input.plans ?? []).entries()) {
    await at(`plans.${index}`, () => plans.create(tx, principal, plan))
  }
  for (const environment of environments) {
    const actor: AppPrincipal = { ...principal, environment }
    const stripe = input.stripe?.[environment]
    if (stripe) await at(`stripe.${environment}`, () => apps.connectStripe(tx, actor, stripe))
    for (const [nth, member] of (input.members?.[environment] ?? []).entries()) {
      await at(`members.${environment}.${nth}`, () => loadMember(tx, actor, member, hashOf(environment, nth)))
    }
  }
  // Last: receivers hear of what happens, not of what was there to begin with.
  for (const [index, webhook] of (input.webhooks ?? []).entries()) {
    await at(`webhooks.${index}`, () => webhooks.register(tx, principal, webhook))
  }
}

/** The four keys of an app, pinned or made, by the names of the samples. */
async function loadKeys(tx: Context, principal: Principal, given: NonNullable<AppSeed['keys']>): Promise<Samples> {
  const wanted = [
    { sample: 'secretKey', field: 'sandboxSecret', kind: 'secret', environment: 'sandbox' },
    { sample: 'liveSecretKey', field: 'liveSecret', kind: 'secret', environment: 'live' },
    { sample: 'publicKey', field: 'sandboxPublic', kind: 'public', environment: 'sandbox' },
    { sample: 'livePublicKey', field: 'livePublic', kind: 'public', environment: 'live' },
  ] as const
  const samples: Samples = {}
  for (const { sample, field, kind, environment } of wanted) {
    const pinned = given[field]
    const input = typeof pinned === 'string' ? { key: pinned } : pinned
    const { key } = await at(`keys.${field}`, () => keys.create(tx, principal, { kind, environment, ...input }))
    samples[sample] = key
  }
  return samples
}

async function loadMember(
  tx: Context,
  actor: AppPrincipal,
  { password: _password, plans: held = [], ...input }: MemberSeed,
  passwordHash: string | undefined,
): Promise<void> {
  for (const field of ['customFields', 'metaData', 'json'] as const) requireKeepable(field, input[field])
  const { id } = await members.create(tx, actor, { ...input, passwordHash: passwordHash ?? null })
  for (const [index, plan] of held.entries()) {
    const { planId, ...state } = typeof plan === 'string' ? { planId: plan } : plan
    await at(`plans.${index}`, () => memberPlans.set(tx, actor, id, planId, state))
  }
}
