// The server's operator: calls of the control API, and what its scenarios start from.

import assert from 'node:assert/strict'
import type { InjectOptions } from 'fastify'
import type { TestApp } from './support.ts'

export const OPERATOR_TOKEN = 'ust_operator_token'

/** One organization, Acme (`org_acme`), with an owner and a member; two people who are in none. */
export const ACME = `
aftership:
  accounts:
    - { id: acc_owner, email: owner@acme.test }
    - { id: acc_jane, email: jane@acme.test }
    - { id: acc_nina, email: nina@acme.test }
    - { id: acc_new, email: new@acme.test, verified: false }
  organizations:
    - id: org_acme
      name: Acme
      roles: [{ code: manager, name: Manager }]
      keys: [{ name: plain, mode: api_key, key: as_plain_key }]
      memberships:
        - { id: m_owner, email: owner@acme.test, role: owner }
        - { id: m_jane, email: jane@acme.test, role: member }
control:
  tokens:
    - { name: operator, scope: admin, token: ${OPERATOR_TOKEN} }
    - { name: writer, scope: write, token: ust_writer_token }
    - { name: reader, scope: read, token: ust_reader_token }
`

export type Body = Record<string, unknown>
type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'PUT'

export interface Answer<T = Body> {
  status: number
  /** Null where there is none. */
  body: T
  headers: Record<string, unknown>
}

export interface Operator {
  /** `path` is below `/understudy/v1`. The caller says what the body is; its assertions prove it. */
  call<T = Body>(method: Method, path: string, body?: object): Promise<Answer<T>>
  get<T = Body>(path: string): Promise<Answer<T>>
  post<T = Body>(path: string, body?: object): Promise<Answer<T>>
  patch<T = Body>(path: string, body: object): Promise<Answer<T>>
  delete(path: string): Promise<Answer>
}

export function operatorOf({ request }: TestApp, token: string = OPERATOR_TOKEN): Operator {
  const call = async <T>(method: Method, path: string, body?: object): Promise<Answer<T>> => {
    const options: InjectOptions = {
      method,
      url: `/understudy/v1${path}`,
      headers: { authorization: `Bearer ${token}` },
    }
    const reply = await request(body === undefined ? options : { ...options, payload: body })
    const { statusCode: status, headers } = reply
    return { status, body: JSON.parse(reply.body || 'null'), headers }
  }
  return {
    call,
    get: path => call('GET', path),
    post: (path, body) => call('POST', path, body),
    patch: (path, body) => call('PATCH', path, body),
    delete: path => call('DELETE', path),
  }
}

/** Asserts a refusal: problem details with these, and the request's id. Gives what they say of single fields. */
export function assertProblem({ status, body, headers }: Answer, expected: number, code: string): unknown {
  assert.equal(headers['content-type'], 'application/problem+json; charset=utf-8')
  assert.deepEqual([status, body.status, body.code], [expected, expected, code], JSON.stringify(body))
  assert.equal(body.type, 'about:blank')
  assert.equal(typeof body.title, 'string')
  assert.match(String(body.requestId), /^[0-9a-f]{32}$/)
  return body.errors
}

interface Page<T> {
  data: T[]
  next: string | null
}

/** Walks a list to its end in pages of `limit`; `meanwhile` runs after each page. */
export async function walk<T extends Body>(
  operator: Operator,
  path: string,
  limit: number,
  meanwhile?: (page: number) => Promise<void>,
): Promise<T[]> {
  const items: T[] = []
  let next: string | null = null
  for (let page = 0; ; page++) {
    const query: string = `${path.includes('?') ? '&' : '?'}limit=${limit}${next === null ? '' : `&after=${next}`}`
    const { status, body } = await operator.get<Page<T>>(path + query)
    assert.equal(status, 200, path + query)
    assert.ok(body.data.length <= limit)
    items.push(...body.data)
    next = body.next
    if (next === null) return items
    assert.equal(body.data.length, limit, 'only the last page is short')
    assert.ok(page < 1000, 'the list ends')
    await meanwhile?.(page)
  }
}
