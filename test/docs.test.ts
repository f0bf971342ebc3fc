// The documents of each API: OpenAPI to load, pages to read, and a problem for what is nowhere.

import assert from 'node:assert/strict'
import test from 'node:test'
import Fastify from 'fastify'
import { controlApi } from '../src/http/control/index.ts'
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

/** The routes of vendors' own APIs; those of the control API are listed in its own test. */
const routesOf: Record<string, { under: RegExp; routes: string[] }> = {
  aftership: {
    under: / \/admin\//,
    routes: [
      'delete /admin/2022-01/memberships/{id}',
      'get /admin/2022-01/memberships',
      'get /admin/2022-01/memberships/{id}',
      'get /admin/2022-01/roles',
      'patch /admin/2022-01/memberships/{id}',
      'post /admin/2022-01/memberships',
    ],
  },
  memberstack: {
    under: /^/,
    routes: [
      'delete /member',
      'delete /members/{id}',
      'get /.well-known/jwks.json',
      'get /app',
      'get /app-member',
      'get /app/content-groups',
      'get /app/plans',
      'get /app/plans/{id}',
      'get /jwks',
      'get /member',
      'get /member/json',
      'get /members',
      'get /members/{id}',
      'patch /members/{id}',
      'post /app-member',
      'post /auth/login',
      'post /auth/passwordless/login',
      'post /auth/passwordless/login/send',
      'post /auth/passwordless/signup/send',
      'post /auth/reset-password',
      'post /auth/send-email-verification',
      'post /auth/send-reset-password-email',
      'post /auth/signup',
      'post /auth/verify-email',
      'post /event',
      'post /member',
      'post /member-auth',
      'post /member/json',
      'post /member/logout',
      'post /member/plans/add',
      'post /member/plans/remove',
      'post /member/set-password',
      'post /members',
      'post /members/verify-token',
      'post /members/{id}',
      'post /members/{id}/add-plan',
      'post /members/{id}/remove-plan',
      'post /page-view',
    ],
  },
}

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
    const listed = routesOf[name]
    if (!listed) return
    const routes = operations.map(([route]) => route).filter(route => listed.under.test(route))
    assert.deepEqual(routes.sort(), listed.routes)
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

test('a document is made once, whoever asks for it and however many at once', async t => {
  const { app } = await startApp('')
  const stringify = t.mock.method(JSON, 'stringify')
  const made = () => stringify.mock.calls.filter(({ arguments: [value] }) => Object(value).openapi !== undefined).length
  for (const name of names) {
    const asked = Array.from({ length: 5 }, () => app.inject(`/openapi/${name}.json`))
    const [first, ...more] = await Promise.all([...asked, ...asked.map(() => app.inject(`/docs/${name}`))])
    const third = await app.inject(`/openapi/${name}.json`)
    assert.ok(first && more.every(({ statusCode }) => statusCode === 200))
    assert.equal(third.body, first.body)
  }
  assert.equal(made(), names.length)
})

test('a document that could not be made is made when it is asked for again', async t => {
  const { app } = await startApp('')
  const { stringify } = JSON
  let fails = true
  t.mock.method(JSON, 'stringify', (value: unknown, ...more: []) => {
    if (fails && Object(value).openapi !== undefined) throw new Error('no memory')
    return stringify(value, ...more)
  })
  const status = async () => (await app.inject('/openapi/control.json')).statusCode
  assert.equal(await status(), 500)
  fails = false
  assert.equal(await status(), 200)
})

test('/docs leads to each API and to health, readiness and metrics', async () => {
  const { statusCode, body, headers } = await docs.request({ url: '/docs' })
  assert.equal(statusCode, 200)
  assert.match(String(headers['content-security-policy']), /^default-src 'none';/)
  const links = [...body.matchAll(/href="([^"]+)"/g)].map(([, link]) => String(link))
  assert.deepEqual(links, [...names.map(name => `/docs/${name}`), '/health', '/ready', '/metrics'])
  for (const url of links) assert.equal((await docs.request({ url })).statusCode, 200, url)
})

test('what is nowhere below the server’s own paths is 404, told as a problem', async () => {
  for (const [method, url] of [
    ['POST', '/health'],
    ['GET', '/ready/now'],
    ['GET', '/metrics/nothing'],
    ['GET', '/docs/nothing'],
    ['GET', '/docs/nothing?more'],
    ['GET', '/openapi/nothing.json'],
    ['GET', '/understudy'],
    ['GET', '/understudy/v2?a=1'],
  ] as const) {
    const reply = await docs.request({ method, url })
    assertProblem({ status: reply.statusCode, body: reply.json(), headers: reply.headers }, 404, 'notFound')
  }
})

test('what is nobody’s is 404 as the API at the root says it', async () => {
  for (const [method, url] of [
    ['GET', '/'],
    ['GET', '/nothing'],
    ['POST', '/healthy'],
    ['GET', '/documents'],
    ['DELETE', '/admins'],
  ] as const) {
    const { statusCode, headers, ...reply } = await docs.request({ method, url: `${url}?a=1` })
    assert.equal(statusCode, 404)
    assert.deepEqual(reply.json(), { code: 'generic-message', message: `Cannot ${method} ${url}` })
    assert.deepEqual(
      Object.keys(headers).filter(name => name.startsWith('access-control-')),
      [],
    )
  }
  assert.equal((await docs.request({ url: '/%E0%A4%A' })).statusCode, 404)
})

test('the schemas of every route compile: a server compiles them at their first use', async () => {
  // A server of its own with the framework's compilers, which do not wait.
  const eager = Fastify()
  const { context } = docs.app
  for (const vendor of vendors) await eager.register(async scope => scope.register(vendor.api(context)))
  await eager.register(controlApi(context, vendors), { prefix: '/understudy/v1' })
  await eager.ready()
  await eager.close()
})
