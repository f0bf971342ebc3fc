// Reads one field from a body: contract section 5. Every function gives `undefined` where the field was not sent, and
// `null` where it was sent as null.

import type { Parameters } from './body.ts'
import { unprocessable, wrongType } from './errors.ts'

type Read<T> = T | null | undefined

export function isGiven(parameters: Parameters, field: string): boolean {
  return Object.hasOwn(parameters, field) && parameters[field] !== undefined
}

/** A scalar of any type as text. Throws `PARAMETER.INVALID_TYPE`. */
export function text(parameters: Parameters, field: string): Read<string> {
  if (!isGiven(parameters, field)) return undefined
  const value = parameters[field]
  if (value === null) return null
  if (typeof value === 'object') throw wrongType(field, 'must be a string')
  const string = String(value).toWellFormed()
  // No store keeps it in a text.
  if (string.includes('\0')) throw wrongType(field, 'must be a string')
  return string
}

/** As `text`, of at most `lengthMax` characters. Throws `UNPROCESSABLE_ENTITY` too. */
export function shortText(parameters: Parameters, field: string, lengthMax: number): Read<string> {
  const value = text(parameters, field)
  if (value && value.length > lengthMax && [...value].length > lengthMax) {
    throw unprocessable(field, `is too long (maximum is ${lengthMax} characters)`)
  }
  return value
}

const DECIMAL = /^(\d{1,12})(?:\.(\d{1,2}))?$/

/** A decimal with exactly two places; blank is null. Throws `PARAMETER.INVALID_TYPE`. */
export function money(parameters: Parameters, field: string): Read<string> {
  const value = text(parameters, field)?.trim()
  if (value === undefined) return isGiven(parameters, field) ? null : undefined
  if (value === '') return null
  return twoPlaces(value) ?? refuseMoney(field)
}

/** A decimal that is not negative, with exactly two places; undefined when it is none. */
export function twoPlaces(decimal: string): string | undefined {
  const parts = DECIMAL.exec(decimal)
  return parts ? `${(parts[1] ?? '').replace(/^0+(?=\d)/, '')}.${(parts[2] ?? '').padEnd(2, '0')}` : undefined
}

function refuseMoney(field: string): never {
  throw wrongType(field, 'must be a decimal with at most 2 decimals')
}
