// Bodies to fields: contract sections 6 and 11. Each refusal is the vendor's own, in the order of the fields.

import { EMAIL_MAX } from '../../platform/email.ts'
import { isStorableText } from '../../platform/web/storable.ts'
import { missing, refusal, wrongType } from './errors.ts'
import type { JsonObject } from './member.ts'

export type Body = Readonly<Record<string, unknown>>

export interface NewMemberFields {
  email: string
  password: string
  planIds: string[]
  customFields: JsonObject
  metaData: JsonObject
  json: JsonObject | unknown[]
  loginRedirect: string | null
}

/** What is left out stays; a null inside `customFields` or `metaData` takes the key away. */
export interface MemberChanges {
  email?: string
  customFields?: JsonObject
  metaData?: JsonObject
  json?: JsonObject | unknown[]
  loginRedirect?: string | null
  verified?: boolean
  profileImage?: string | null
}

const PASSWORD_MIN = 8
const PASSWORD_MAX = 1000
const TEXT_MAX = 2000
const PLANS_MAX = 200
const DEPTH_MAX = 100
/** `something@host.tld`, without blanks and control characters; blanks around it are not trimmed. */
export const EMAIL_FORM = '^[^\\s@\\p{Cc}]+@[^\\s@\\p{Cc}]+\\.[^\\s@\\p{Cc}]+$'
const EMAIL = new RegExp(EMAIL_FORM, 'u')

/** Throws fieldMissing, emailInvalid, passwordTooShort and `invalid`. */
export function newMemberIn(body: Body): NewMemberFields {
  return {
    email: emailIn(body),
    password: newPasswordIn(body, 'password'),
    ...profileIn(body),
    json: jsonIn(body) ?? {},
    loginRedirect: nullableText(body, 'loginRedirect') ?? null,
  }
}

/** What a sign-up brings beside email and password. Throws `invalid`. */
export function profileIn(body: Body): Pick<NewMemberFields, 'planIds' | 'customFields' | 'metaData'> {
  return {
    planIds: planIdsIn(body),
    customFields: objectIn(body, 'customFields') ?? {},
    metaData: objectIn(body, 'metaData') ?? {},
  }
}

/** Throws emailInvalid and `invalid`. */
export function memberChangesIn(body: Body): MemberChanges {
  return given({
    email: body.email === undefined ? undefined : emailIn(body),
    customFields: objectIn(body, 'customFields'),
    metaData: objectIn(body, 'metaData'),
    json: jsonIn(body),
    loginRedirect: nullableText(body, 'loginRedirect'),
    verified: booleanIn(body, 'verified'),
    profileImage: nullableText(body, 'profileImage'),
  })
}

/** What members may change of themselves by `POST /member`. Throws `invalid`. */
export function ownChangesIn(body: Body): Pick<MemberChanges, 'customFields' | 'metaData'> {
  return given({ customFields: objectIn(body, 'customFields'), metaData: objectIn(body, 'metaData') })
}

/** Throws fieldMissing and `invalid`. */
export function textIn(body: Body, field: string): string {
  const value = body[field]
  if (value === undefined) throw missing(field)
  if (typeof value !== 'string' || !isStorableText(value)) throw wrongType(field, 'must be a string')
  if (value === '') throw missing(field)
  return value
}

/** Throws fieldMissing, emailInvalid and `invalid`. */
export function emailIn(body: Body): string {
  const email = body.email === '' ? '' : textIn(body, 'email')
  if (email.length > EMAIL_MAX || !EMAIL.test(email)) throw refusal('emailInvalid', 'invalid', 'this is no email')
  return email
}

/** A password that is to be stored. Throws fieldMissing, passwordTooShort and `invalid`. */
export function newPasswordIn(body: Body, field: string): string {
  const password = textIn(body, field)
  // Of a huge text no more is counted than shows it to be too long: a character is two units at the most.
  const characters = [...password.slice(0, 2 * PASSWORD_MAX + 1)].length
  if (characters < PASSWORD_MIN) throw refusal('passwordTooShort', 'invalid', `${field} is too short`)
  if (characters > PASSWORD_MAX) throw wrongType(field, `must be at most ${PASSWORD_MAX} characters`)
  return password
}

/** The value that `json` is to have; undefined when it is to stay. Throws `invalid`. */
export function jsonIn(body: Body): JsonObject | unknown[] | undefined {
  const { json } = body
  if (json === undefined) return undefined
  if (json === null) return {}
  if (typeof json !== 'object') throw wrongType('json', 'must be an object or an array')
  requireKeepable('json', json)
  return json as JsonObject | unknown[]
}

/** `true` or `"true"`, in the body or in the query, sets a flag: contract section 3. */
export function flagIn(name: string, body: Body, query: Body): boolean {
  return [body[name], query[name]].flat().some(value => value === true || value === 'true')
}

function planIdsIn({ plans }: Body): string[] {
  if (plans === undefined || plans === null) return []
  if (!Array.isArray(plans) || plans.length > PLANS_MAX)
    throw wrongType('plans', `must be an array of at most ${PLANS_MAX}`)
  return [...new Set(plans.map((plan: unknown, index) => planIdIn(plan, index)))]
}

function planIdIn(plan: unknown, index: number): string {
  const id = isObject(plan) ? plan.planId : undefined
  if (typeof id !== 'string' || !isStorableText(id)) throw wrongType(`plans.${index}.planId`, 'must be a string')
  return id
}

function objectIn(body: Body, field: string): JsonObject | undefined {
  const value = body[field]
  if (value === undefined) return undefined
  if (!isObject(value)) throw wrongType(field, 'must be an object')
  requireKeepable(field, value)
  return value
}

function nullableText(body: Body, field: string): string | null | undefined {
  const value = body[field]
  if (value === undefined || value === null) return value
  if (typeof value !== 'string' || value.length > TEXT_MAX || !isStorableText(value)) {
    throw wrongType(field, `must be a string of at most ${TEXT_MAX} characters, or null`)
  }
  return value
}

function booleanIn(body: Body, field: string): boolean | undefined {
  const value = body[field]
  if (value !== undefined && typeof value !== 'boolean') throw wrongType(field, 'must be a boolean')
  return value
}

/**
 * Refuses what cannot be kept as it is: a number that JSON cannot write; and deeper values, which are no use to anybody
 * and break what walks through them. Throws `invalid`.
 */
export function requireKeepable(field: string, value: unknown): void {
  let level = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEPTH_MAX) throw wrongType(field, `must be nested at most ${DEPTH_MAX} deep`)
    if (level.some(item => typeof item === 'number' && !Number.isFinite(item))) {
      throw wrongType(field, 'must hold no number that a double cannot')
    }
    level = level.flatMap(item => (typeof item === 'object' && item !== null ? Object.values(item) : []))
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function given<T extends object>(fields: T): { [Field in keyof T]: Exclude<T[Field], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Field in keyof T]: Exclude<T[Field], undefined>
  }
}
