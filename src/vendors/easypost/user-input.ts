// What a client may write of a user: contract section 5. Everything else in a body is ignored without error.

import { EMAIL_MAX, EMAIL_PATTERN } from '../../platform/email.ts'
import type { Parameters } from './body.ts'
import { emailRefused, missing, refusal } from './errors.ts'
import { isGiven, money, shortText, text } from './fields.ts'
import type { UserFields } from './users.store.ts'

/** Fields that were sent; what was not stays as it is. */
export type UserChanges = { [Field in keyof UserFields]?: UserFields[Field] | undefined }
export type NewUserFields = UserChanges & { name: string }

const NAME_MAX = 255
const PHONE_MAX = 255
const EMAIL = new RegExp(EMAIL_PATTERN)

/** The fields of a new child. Throws `USER.INVALID`, `PARAMETER.REQUIRED`, `PARAMETER.INVALID_TYPE`. */
export function newUserIn(parameters: Parameters): NewUserFields {
  for (const field of ['password', 'password_confirmation']) {
    if ((parameters[field] ?? null) !== null) {
      throw refusal('passwordGiven', 'invalid', 'a child is made without a password')
    }
  }
  if (Object.keys(parameters).length === 0) throw missing('user')
  const { name, ...changes } = userChangesIn(parameters)
  if (name === undefined) throw missing('name')
  return { name, ...changes }
}

/** The fields that an update changes. Throws as `newUserIn`, but for the password, which is ignored. */
export function userChangesIn(parameters: Parameters): UserChanges {
  return {
    name: nameIn(parameters),
    email: emailIn(parameters),
    phoneNumber: shortText(parameters, isGiven(parameters, 'phone_number') ? 'phone_number' : 'phone', PHONE_MAX),
    rechargeAmount: money(parameters, 'recharge_amount'),
    secondaryRechargeAmount: money(parameters, 'secondary_recharge_amount'),
    rechargeThreshold: money(parameters, 'recharge_threshold'),
  }
}

/** Whether a body tries to set a field that only the parent may set, since it pays. */
export function setsRecharge(parameters: Parameters): boolean {
  return ['recharge_amount', 'secondary_recharge_amount', 'recharge_threshold'].some(field =>
    isGiven(parameters, field),
  )
}

function nameIn(parameters: Parameters): string | undefined {
  const name = text(parameters, 'name')?.trim()
  if (name === undefined && !isGiven(parameters, 'name')) return undefined
  if (!name) throw missing('name')
  shortText({ name }, 'name', NAME_MAX)
  return name
}

/** Blank is no email: null. */
function emailIn(parameters: Parameters): string | null | undefined {
  const email = text(parameters, 'email')?.trim()
  if (email === undefined) return isGiven(parameters, 'email') ? null : undefined
  if (email === '') return null
  if (email.length > EMAIL_MAX || !EMAIL.test(email)) throw emailRefused('is invalid')
  return email
}
