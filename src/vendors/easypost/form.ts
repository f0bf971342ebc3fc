// Form encoding with names that nest, as the vendor's Ruby server reads them: `a=1`, `a[b]=1`, `a[][b]=1`.

import { DomainError } from '../../platform/errors.ts'

type Value = string | Value[] | Fields
interface Fields {
  [name: string]: Value
}

const PAIRS_MAX = 1000
const DEPTH_MAX = 8
/** A name, then any number of `[name]` or `[]`. */
const NAME = /^([^[\]]+)((?:\[[^[\]]*\])*)$/

/** Parses a form. Throws `malformed`: too large, or names that contradict each other (`a=1&a[b]=1`). */
export function parseForm(text: string): Record<string, unknown> {
  const pairs = [...new URLSearchParams(text)]
  if (pairs.length > PAIRS_MAX) throw broken(`more than ${PAIRS_MAX} fields`)
  const fields = newFields()
  for (const [name, value] of pairs) put(fields, pathOf(name), value)
  return fields
}

/** `a[b][]` is `['a', 'b', '']`. A name of another form is taken as it is. */
function pathOf(name: string): string[] {
  const parts = NAME.exec(name)
  if (!parts) return [name]
  const path = [parts[1] ?? '', ...(parts[2] ?? '').slice(1, -1).split('][')]
  if (parts[2] === '') path.pop()
  if (path.length > DEPTH_MAX) throw broken('names nest too deep')
  return path
}

function put(fields: Fields, [name = '', ...rest]: string[], value: string): void {
  if (rest.length === 0) fields[name] = value
  else if (rest[0] === '') append(listAt(fields, name), rest.slice(1), value)
  else put(fieldsAt(fields, name), rest, value)
}

/** A new element begins where the last one has the field already: `a[][n]=1&a[][v]=2&a[][n]=3` are two. */
function append(list: Value[], rest: string[], value: string): void {
  if (rest.length === 0) {
    list.push(value)
    return
  }
  const last = list.at(-1)
  const begun = isFields(last) && !Object.hasOwn(last, rest[0] ?? '') ? last : undefined
  const element = begun ?? newFields()
  if (!begun) list.push(element)
  put(element, rest, value)
}

function listAt(fields: Fields, name: string): Value[] {
  const value = fields[name] ?? []
  if (!Array.isArray(value)) throw broken(`${name} is a list and something else`)
  fields[name] = value
  return value
}

function fieldsAt(fields: Fields, name: string): Fields {
  const value = fields[name] ?? newFields()
  if (!isFields(value)) throw broken(`${name} is an object and something else`)
  fields[name] = value
  return value
}

function isFields(value: Value | undefined): value is Fields {
  return typeof value === 'object' && !Array.isArray(value)
}

/** Without a prototype: `__proto__` is a name like any other. */
function newFields(): Fields {
  return Object.create(null)
}

function broken(reason: string): DomainError {
  return new DomainError('malformed', `the form cannot be read: ${reason}`)
}
