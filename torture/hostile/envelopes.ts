// Whose answer it has to be, and how each vendor's answers look: docs/fidelity.md says where from. Each check gives what
// is wrong, or undefined.

import type { Shot } from './shot.ts'
import type { Answer } from './wire.ts'

type Dialect = (answer: Answer) => string | undefined
type Fields = Record<string, unknown>

const JSON_TYPE = 'application/json; charset=utf-8'
const HTML_TYPE = 'text/html; charset=utf-8'

const AFTERSHIP_TYPES: Record<number, string> = {
  200: 'OK',
  201: 'Created',
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  413: 'PayloadTooLarge',
  422: 'UnprocessableEntity',
  429: 'TooManyRequests',
  431: 'RequestHeaderFieldsTooLarge',
}
/** Codes of their own, beside the status's. */
const AFTERSHIP_CODES = [10001, 10002, 10003, 10004]
const EASYPOST_STATUSES = [200, 201, 204, 400, 401, 403, 404, 405, 422, 429]
const MEMBERSTACK_STATUSES = [200, 204, 400, 401, 403, 404, 413, 429, 431]
const CONTROL_STATUSES = [200, 201, 204, 400, 401, 403, 404, 409, 410, 413, 422, 429, 431]
const PROBLEM_FIELDS = ['type', 'title', 'status', 'code', 'detail', 'errors', 'requestId']
const HEX_32 = /^[0-9a-f]{32}$/

const aftership: Dialect = ({ status, headers, body }) => {
  const type = AFTERSHIP_TYPES[status]
  if (type === undefined) return `status ${status}`
  if (headers['content-type'] !== JSON_TYPE) return `content type ${headers['content-type']}`
  if (!HEX_32.test(headers['as-trace-id'] ?? '')) return 'no as-trace-id'
  const { meta, data, ...more } = objectIn(body)
  if (!isFields(meta) || !isFields(data) || Object.keys(more).length > 0) return 'not {meta, data}'
  const isRefusal = status >= 400
  if (!sameKeys(meta, isRefusal ? ['code', 'type', 'message', 'errors'] : ['code', 'type', 'message'])) return 'meta'
  if (meta.type !== type || !isText(meta.message)) return `meta.type ${meta.type}`
  if (meta.code !== status && !(status === 422 && AFTERSHIP_CODES.includes(Number(meta.code)))) return 'meta.code'
  if (!isRefusal) return undefined
  if (Object.keys(data).length > 0) return 'data of a refusal'
  return areAll(meta.errors, error => sameKeys(error, ['path', 'info']) && isText(error.info)) ? undefined : 'errors'
}

const easypost: Dialect = ({ status, headers, body }) => {
  if (!EASYPOST_STATUSES.includes(status)) return `status ${status}`
  if (!HEX_32.test(headers['x-ep-request-uuid'] ?? '')) return 'no x-ep-request-uuid'
  if (status === 204) return headers['content-type'] === undefined ? undefined : 'a type without a body'
  if (headers['content-type'] !== JSON_TYPE) return `content type ${headers['content-type']}`
  const answered = objectIn(body)
  if (status < 300) return 'error' in answered ? 'an error that succeeded' : undefined
  const { error } = answered
  if (!sameKeys(answered, ['error']) || !sameKeys(error, ['code', 'message', 'errors'])) return 'not {error: {…}}'
  if (!isText(error.code) || !isText(error.message)) return 'code or message'
  if (status === 401 && headers['www-authenticate'] !== 'Basic realm="api"') return 'no www-authenticate'
  if (status === 405 && !headers.allow) return 'no allow'
  return areAll(error.errors, ({ field, message }) => typeof field === 'string' && isText(message))
    ? undefined
    : 'errors'
}

const memberstack: Dialect = ({ status, headers, body }) => {
  if (!MEMBERSTACK_STATUSES.includes(status)) return `status ${status}`
  if (status === 204) return undefined
  if (status === 200 && headers['content-type'] === 'text/plain; charset=utf-8') {
    return body.toString() === 'OK' ? undefined : 'a text that is not OK'
  }
  if (headers['content-type'] !== JSON_TYPE) return `content type ${headers['content-type']}`
  const answered = objectIn(body)
  if (status === 200) {
    if ('error' in answered) return 'a top-level error'
    return 'data' in answered || sameKeys(answered, ['keys']) ? undefined : 'no data'
  }
  if (!sameKeys(answered, ['code', 'message'])) return 'not {code, message}'
  const { code, message } = answered
  if (!isText(message) || !isText(code)) return 'code or message'
  return code === 'INVALID_TOKEN' || /[-/]/.test(String(code)) ? undefined : `code ${code}`
}

const control: Dialect = ({ status, headers, body }) => {
  if (!CONTROL_STATUSES.includes(status)) return `status ${status}`
  if (status === 204) return body.length === 0 ? undefined : 'a body'
  if (status < 300) return headers['content-type'] === JSON_TYPE && isFields(objectIn(body)) ? undefined : 'no JSON'
  if (headers['content-type'] !== 'application/problem+json; charset=utf-8') return `type ${headers['content-type']}`
  const problem = objectIn(body)
  if (Object.keys(problem).some(name => !PROBLEM_FIELDS.includes(name))) return 'a field that no problem has'
  if (problem.type !== 'about:blank' || problem.status !== status) return 'type or status'
  if (![problem.title, problem.code].every(isText)) return 'title or code'
  return HEX_32.test(String(problem.requestId)) ? undefined : 'requestId'
}

/** RFC 6749 5.2, for clients. */
const token: Dialect = ({ status, headers, body }) => {
  if (status === 200) return undefined
  if (![400, 401, 403, 404, 413, 429, 431].includes(status)) return `status ${status}`
  if (headers['content-type'] !== JSON_TYPE) return `content type ${headers['content-type']}`
  const { error, error_description: description, ...more } = objectIn(body)
  if (!isText(error) || Object.keys(more).length > 0) return 'not {error, error_description}'
  return description === undefined || isText(description) ? undefined : 'error_description'
}

/** For people: pages without scripts, and redirects to an app's own address or to ours. */
const page: Dialect = ({ status, headers, body }) => {
  if (status === 302 || status === 303) {
    return /^(\/oauth\/aftership\/|http:\/\/127\.0\.0\.1:9000\/callback\?)/.test(headers.location ?? '')
      ? undefined
      : `a redirect to ${headers.location}`
  }
  if (![200, 400, 401, 403, 404, 409, 410, 413, 429, 431].includes(status)) return `status ${status}`
  if (headers['content-type'] !== HTML_TYPE) return `content type ${headers['content-type']}`
  if (!/default-src 'none'/.test(headers['content-security-policy'] ?? '')) return 'no content security policy'
  return /<script|<[^>]+\son\w+=/i.test(body.toString()) ? 'a script' : undefined
}

/** Health, metrics, documents and their pages. */
const own: Dialect = answer => {
  const { status, headers } = answer
  if (status >= 400) return control(answer)
  return status === 200 && headers['content-type'] !== undefined ? undefined : `status ${status}`
}

const DIALECTS: [path: RegExp, dialect: Dialect][] = [
  [/^\/admin(\/|$)/, aftership],
  [/^\/v2\/data-tables(\/|$)/, memberstack],
  [/^\/(v2|beta)(\/|$)/, easypost],
  [/^\/understudy(\/|$)/, control],
  [/^\/(docs|openapi|health|ready|metrics)(\/|$)/, own],
  [/^\/oauth\/aftership\/(token|revoke)\/?$/, token],
  [/^\/oauth\/aftership\/(authorize|sign-in|sign-in\/[^/]+)\/?$/, page],
  [/^\/invitations\/aftership\/[^/]+\/?$/, page],
]
/** Where a path begins to mean different things to different parsers: `//admin`, `/%61dmin`, `/v2/../admin`. */
const AMBIGUOUS = /%|\/\/|\/\.|\\|[\x80-\xff]|^[^/]/
const ALL: readonly Dialect[] = [aftership, easypost, memberstack, control, token, page, own]

/** What is wrong with an answer's envelope for the path that was asked for; undefined where nothing is. */
export function wrongIn({ target, method }: Shot, answer: Answer): string | undefined {
  // Nothing but its head can be seen.
  if (method === 'HEAD')
    return answer.status === 404 || answer.status === 405 || answer.status < 500 ? undefined : 'HEAD'
  const [owner = memberstack, ...others] = dialectsFor(target.split(/[?#]/, 1)[0] ?? '')
  const found = read(owner, answer)
  // A request line that came in pieces, behind too many headers, says no path.
  if (answer.headers.connection === 'close') others.push(memberstack)
  return others.some(dialect => read(dialect, answer) === undefined) ? undefined : found
}

/** Whose envelope an answer may wear: where the router can read another path, one of several. */
function dialectsFor(path: string): Dialect[] {
  const unclear = path.search(AMBIGUOUS)
  // Whole segments that stand before it say already whose it is.
  const clear = unclear < 0 ? path : path.slice(0, path.lastIndexOf('/', unclear) + 1)
  if (unclear >= 0 && (clear === '' || clear === '/')) return [...ALL]
  const owner = DIALECTS.find(([known]) => known.test(clear))?.[1] ?? memberstack
  if (unclear >= 0 && clear === '/v2/') return [easypost, memberstack]
  // Pages have no other methods, and below them is nothing.
  if (owner === page || owner === token) return [owner, memberstack]
  if (unclear >= 0 && /^\/(oauth|invitations)\//.test(clear)) return [memberstack, page, token]
  return [owner]
}

function read(dialect: Dialect, answer: Answer): string | undefined {
  try {
    return dialect(answer)
  } catch (error) {
    return `no JSON object: ${error}`
  }
}

function objectIn(body: Buffer): Fields {
  const value: unknown = JSON.parse(body.toString())
  if (!isFields(value)) throw new Error('something else')
  return value
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

function sameKeys(value: unknown, keys: readonly string[]): value is Fields {
  return isFields(value) && Object.keys(value).join() === keys.join()
}

function areAll(value: unknown, holds: (item: Fields) => boolean): boolean {
  return Array.isArray(value) && value.every(item => isFields(item) && holds(item))
}
