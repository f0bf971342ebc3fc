// The documents of each API: OpenAPI to load, pages to read, and a problem for what is nowhere.

import assert from 'node:assert/strict'
import test from 'node:test'
import { vendors } from '../src/vendors/index.ts'
import { assertProblem } from './operator.ts'
import { startApp } from './support.ts'

const names = [...vendors.map(({ name }) => name), 'control']

/** As much of OpenAPI as is looked at here. */
interface Operation {
  summary?: string
  parameters?: { name: string; in: string; required?: boolean; schema: object }[]
  requestBody?: { content: Record<string, { schema: object }> }
  responses: Record<string, { description: string }>
}
interface Document {
  openapi: string
  info: { title: string; version: string }
  paths: Record<string, Record<string, Operation>>
}

/** The routes of the Members API; those of the control API are listed in its own test. */
const memberRoutes = [
  'delete /admin/2022-01/memberships/{id}',
  'get /admin/2022-01/memberships',
  'get /admin/2022-01/memberships/{id}',
  'get /admin/2022-01/roles',
  'patch /admin/2022-01/memberships/{id}',
  'post /admin/2022-01/memberships',
]

function operationsOf({ paths }: Document): [route: string, operation: Operation][] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [`${method} ${path}`, operation]),
  )
}

const docs = await startApp('')

async function documentOf(name: string): Promise<Document> {
  const reply = await docs.request({ url: `/openapi/${name}.json` })
  assert.equal(reply.statusCode, 200)
  assert.equal(reply.headers['content-type'], 'application/json; charset=utf-8')
  return reply.json()
}

for (const name of names) {
  test(`/openapi/${name}.json is OpenAPI 3.1 and lists every route`, async () => {
    const document = await documentOf(name)
    assert.match(document.openapi, /^3\.1\.\d+$/)
    assert.ok(document.info.title.length > 0)
    assert.equal(document.info.version, '0.1.0')
    const operations = operationsOf(document)
    assert.ok(operations.length > 0)
    for (const [route, { summary, parameters = [], requestBody, responses }] of operations) {
      const [method = '', path = ''] = route.split(' ')
      assert.ok(summary, `${route} says what it does`)
      const templated = [...path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter)
      const inPath = parameters.filter(parameter => parameter.in === 'path')
      assert.deepEqual(inPath.map(parameter => parameter.name).sort(), templated.sort(), route)
      assert.ok(inPath.every(({ required }) => required === true))
      for (const parameter of parameters) assert.equal(typeof parameter.schema, 'object', `${route} ${parameter.name}`)
      assert.ok(
        Object.keys(responses).some(status => /^2\d\d$/.test(status)),
        `${route} shows its success`,
      )
      assert.ok(Object.values(responses).every(({ description }) => typeof description === 'string'))
      if (method === 'patch') assert.ok(requestBody?.content['application/json'], `${route} shows its body`)
    }
    if (name !== 'aftership') return
    const routes = operations.map(([route]) => route).filter(route => route.includes('/admin/'))
    assert.deepEqual(routes.sort(), memberRoutes)
  })

  test(`/docs/${name} shows every operation, and runs no script`, async () => {
    const reply = await docs.request({ url: `/docs/${name}` })
    assert.equal(reply.statusCode, 200)
    assert.equal(reply.headers['content-type'], 'text/html; charset=utf-8')
    assert.match(String(reply.headers['content-security-policy']), /^default-src 'none';/)
    assert.doesNotMatch(String(reply.headers['content-security-policy']), /script-src/)
    assert.doesNotMatch(reply.body, /<script|javascript:|\son\w+=|src=/i)
    for (const [route, { summary = '' }] of operationsOf(await documentOf(name))) {
      const [method = '', path = ''] = route.split(' ')
      assert.ok(reply.body.includes(`<code>${method.toUpperCase()} ${path}</code>`), route)
      assert.ok(reply.body.includes(`<h2>${summary.replaceAll("'", '&#39;')}</h2>`), summary)
    }
  })
}

test('/docs leads to each API and to health, readiness and metrics', async () => {
  const { statusCode, body, headers } = await docs.request({ url: '/docs' })
  assert.equal(statusCode, 200)
  assert.match(String(headers['content-security-policy']), /^default-src 'none';/)
  const links = [...body.matchAll(/href="([^"]+)"/g)].map(([, link]) => String(link))
  assert.deepEqual(links, [...names.map(name => `/docs/${name}`), '/health', '/ready', '/metrics'])
  for (const url of links) assert.equal((await docs.request({ url })).statusCode, 200, url)
})

test('what is nowhere below the own paths is 404, told as a problem', async () => {
  for (const [method, url] of [
    ['POST', '/health'],
    ['GET', '/docs/nothing'],
    ['GET', '/docs/nothing?more'],
    ['GET', '/openapi/nothing.json'],
  ] as const) {
    const reply = await docs.request({ method, url })
    assertProblem({ status: reply.statusCode, body: reply.json(), headers: reply.headers }, 404, 'notFound')
  }
})

test('what is nowhere else is told as the vendor at the root tells it', async () => {
  for (const [method, url, shown = url] of [
    ['GET', '/'],
    ['GET', '/nothing'],
    ['GET', '/documents'],
    ['GET', '/%E0%A4%A', '/!E0!A4!A'],
    ['DELETE', '/admins'],
  ] as const) {
    const reply = await docs.request({ method, url })
    assert.equal(reply.statusCode, 404)
    assert.deepEqual(reply.json(), { code: 'generic-message', message: `Cannot ${method} ${shown}` })
  }
})
