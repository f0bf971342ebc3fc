// Request bodies: contract section 5. JSON under any content type, forms, wrapped or bare, and every way of sending
// nothing.

import type { FastifyRequest } from 'fastify'
import { DomainError } from '../../platform/errors.ts'
import { wrongType } from './errors.ts'
import { parseForm } from './form.ts'

/** What a body holds, by field name. Read it through fields.ts alone. */
export type Parameters = Readonly<Record<string, unknown>>

const FORM = /^application\/x-www-form-urlencoded\s*(;|$)/i
const NOTHING: Parameters = {}
const decoder = new TextDecoder('utf-8', { fatal: true })

/** The parameters in a body. Throws `malformed`: unreadable, or JSON that is no object. */
export function parametersIn(body: Buffer, contentType: string | undefined): Parameters {
  const text = textOf(body)
  if (text === '') return NOTHING
  if (text.startsWith('{') || text.startsWith('[') || text === 'null') return objectIn(text)
  if (FORM.test(contentType?.trim() ?? '')) return parseForm(text)
  throw unreadable()
}

/** The parameters under `wrapper` when there is one, else the body's own. Throws `PARAMETER.INVALID_TYPE`. */
export function unwrapped(parameters: Parameters, wrapper: string): Parameters {
  if (!Object.hasOwn(parameters, wrapper)) return parameters
  const inner = parameters[wrapper]
  if (inner === null || inner === '' || isEmptyArray(inner)) return NOTHING
  if (!isObject(inner)) throw wrongType(wrapper, 'must be an object')
  return inner
}

/** GET and DELETE bodies are ignored: contract section 5. */
export function hasParameters({ method }: FastifyRequest): boolean {
  return method === 'POST' || method === 'PUT' || method === 'PATCH'
}

function textOf(body: Buffer): string {
  try {
    return decoder.decode(body).trim()
  } catch {
    throw unreadable()
  }
}

function objectIn(json: string): Parameters {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    throw unreadable()
  }
  if (value === null || isEmptyArray(value)) return NOTHING
  if (!isObject(value)) throw unreadable()
  return value
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isEmptyArray(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0
}

function unreadable(): DomainError {
  return new DomainError('malformed', 'the body is neither a JSON object nor a form')
}
