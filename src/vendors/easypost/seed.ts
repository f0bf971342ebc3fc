// The `easypost` section of a seed file: shapes, and the rules that store it.

import { type Static, Type } from 'typebox'
import type { Context, Principal } from '../../platform/context.ts'
import { EMAIL_MAX, EMAIL_PATTERN } from '../../platform/email.ts'
import { at } from '../../platform/errors.ts'
import * as endpoints from '../../platform/events/endpoints.ts'
import { PerSecond } from '../../platform/rate-limit/wire.ts'
import type { Samples } from '../vendor.ts'
import { twoPlaces } from './fields.ts'
import { type NewKey, VENDOR } from './keys.ts'
import * as parents from './parents.ts'
import * as users from './users.ts'

const strict = { additionalProperties: false }
const Text = Type.String({ minLength: 1, maxLength: 255, pattern: '\\S' })
const Email = Type.String({ pattern: EMAIL_PATTERN, maxLength: EMAIL_MAX })
export const UserId = Type.String({ pattern: '^user_[A-Za-z0-9_-]{1,64}$', description: '`user_…`' })
export const Money = Type.String({ pattern: '^\\d{1,12}(\\.\\d{1,2})?$', description: 'A decimal.' })
/** Without what Basic authentication cannot carry. */
const Secret = Type.String({ pattern: '^[^\\s:]{1,255}$' })
const Key = Type.Union([Secret, Type.Object({ key: Type.Optional(Secret), holder: Type.Optional(Email) }, strict)])

const person = {
  id: Type.Optional(UserId),
  name: Text,
  email: Type.Optional(Email),
  phone_number: Type.Optional(Text),
  recharge_amount: Type.Optional(Money),
  secondary_recharge_amount: Type.Optional(Money),
  recharge_threshold: Type.Optional(Money),
  keys: Type.Optional(Type.Object({ test: Type.Optional(Key), production: Type.Optional(Key) }, strict)),
}
const Child = Type.Object(person, strict)

const Parent = Type.Object(
  {
    ...person,
    balance: Type.Optional(Money),
    rateLimit: Type.Optional(
      Type.Object(
        {
          listPerSecond: Type.Optional(PerSecond),
          perSecond: Type.Optional(PerSecond),
        },
        strict,
      ),
    ),
    userEvents: Type.Optional(Type.Boolean({ description: 'Whether user and key events are shown and sent.' })),
    children: Type.Optional(Type.Array(Child)),
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
)

export const EasypostSeed = Type.Object({ users: Type.Optional(Type.Array(Parent)) }, strict)

/** Stores the section. The samples are the keys of the first user. */
export async function load(tx: Context, section: Static<typeof EasypostSeed>): Promise<Samples> {
  const operator: Principal = { vendor: VENDOR, tenant: '', actor: 'cli:seed', operator: true }
  const samples: Samples = {}
  for (const [index, input] of (section.users ?? []).entries()) {
    await at(`users.${index}`, () => loadParent(tx, operator, input, samples))
  }
  return samples
}

async function loadParent(
  tx: Context,
  operator: Principal,
  { children, webhooks, rateLimit, balance, userEvents, ...person }: Static<typeof Parent>,
  samples: Samples,
): Promise<void> {
  const made = await parents.create(tx, operator, { ...userIn(person), ...rateLimit, balance, userEvents })
  const [test, production] = made.keys
  if (production) samples.productionKey ??= production.key
  if (test) samples.testKey ??= test.key
  const principal = { ...operator, tenant: made.user.id }
  for (const [index, child] of (children ?? []).entries()) {
    await at(`children.${index}`, () => users.createChild(tx, principal, userIn(child)))
  }
  for (const [index, { mode, ...webhook }] of (webhooks ?? []).entries()) {
    const id = `hook_${tx.ids.hex32()}`
    await at(`webhooks.${index}`, () =>
      endpoints.register(tx, principal, { id, mode: mode ?? 'production', ...webhook }),
    )
  }
}

function userIn(person: Static<typeof Child>): users.NewUser {
  const { id, name, email, keys } = person
  return {
    id,
    name: name.trim(),
    email: email?.trim(),
    phoneNumber: person.phone_number,
    rechargeAmount: amountIn(person.recharge_amount),
    secondaryRechargeAmount: amountIn(person.secondary_recharge_amount),
    rechargeThreshold: amountIn(person.recharge_threshold),
    keys: { test: keyIn(keys?.test), production: keyIn(keys?.production) },
  }
}

function amountIn(amount: string | undefined): string | undefined {
  return amount === undefined ? undefined : twoPlaces(amount)
}

function keyIn(key: Static<typeof Key> | undefined): Omit<NewKey, 'mode'> | undefined {
  return typeof key === 'string' ? { key } : key
}
