// OpenAPI documents, one an API, made from the route schemas; and the same as pages to read, without any script.

import Fastify, { type FastifyInstance, type FastifyPluginAsync, type RouteOptions } from 'fastify'
import { DomainError } from '../platform/errors.ts'
import { version } from '../platform/version.ts'
import { type Html, html, pageOf, sendMadePage, sendPage } from '../platform/web/page.ts'
import type { SecuritySchemes } from '../vendors/vendor.ts'

interface Entry {
  name: string
  title: string
  document(): Promise<OpenApi>
}

export interface Catalogue {
  readonly entries: Entry[]
  /** Collects the routes that `scope` will get. Call it before they are registered. Any one of the schemes will do. */
  add(scope: FastifyInstance, name: string, title: string, schemes: SecuritySchemes): void
}

export function createCatalogue(): Catalogue {
  const entries: Entry[] = []
  return {
    entries,
    add(scope, name, title, securitySchemes) {
      const routes: RouteOptions[] = []
      scope.addHook('onRoute', route => void routes.push(route))
      entries.push({ name, title, document: once(() => documentOf(routes, title, securitySchemes)) })
    },
  }
}

/** Made when it is first asked for, from the routes alone: a server starts without what makes it. */
async function documentOf(routes: RouteOptions[], title: string, securitySchemes: SecuritySchemes): Promise<OpenApi> {
  const { default: swagger } = await import('@fastify/swagger')
  const security = Object.keys(securitySchemes).map(scheme => ({ [scheme]: [] }))
  const described = Fastify({ exposeHeadRoutes: false })
  described.setValidatorCompiler(() => () => true)
  described.setSerializerCompiler(() => String)
  await described.register(swagger, {
    openapi: { openapi: '3.1.0', info: { title, version }, components: { securitySchemes }, security },
  })
  for (const { method, url, schema = {} } of routes) described.route({ method, url, schema, handler: () => undefined })
  await described.ready()
  return described.swagger() as OpenApi
}

export function docsRoutes({ entries }: Catalogue): FastifyPluginAsync {
  return async app => {
    for (const { name, title, document } of entries) {
      // Made once, and the same bytes for all: anybody may ask for them, as often and as many at once as they like.
      const json = once(async () => Buffer.from(JSON.stringify(await document())))
      const page = once(async () => pageOf(title, documentPage(name, await document())))
      app.get(`/openapi/${name}.json`, async (_request, reply) =>
        reply.type('application/json; charset=utf-8').send(await json()),
      )
      app.get(`/docs/${name}`, async (_request, reply) => sendMadePage(reply, 200, await page()))
    }
    app.get('/docs', async (_request, reply) =>
      sendPage(
        reply,
        200,
        'Understudy',
        html`<p>Version ${version}. The APIs of this server:</p>
<ul>${entries.map(({ name, title }) => html`<li><a href="/docs/${name}">${title}</a></li>`)}</ul>
<p><a href="/health">/health</a> · <a href="/ready">/ready</a> · <a href="/metrics">/metrics</a></p>`,
      ),
    )
    app.get('/openapi/:name', async () => {
      throw new DomainError('notFound', `there are ${entries.map(({ name }) => `/openapi/${name}.json`).join(', ')}`)
    })
  }
}

/** What `make` makes the first time, whoever else asks meanwhile; anew only after it failed. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= make().catch(error => {
      made = undefined
      throw error
    })
    return made
  }
}

/** As much of OpenAPI 3.1 as our own documents hold. */
interface OpenApi {
  paths: Record<string, Record<string, Operation>>
}
interface Operation {
  summary?: string
  description?: string
  tags?: string[]
  parameters?: { name: string; in: string; description?: string }[]
  requestBody?: { content: Record<string, { schema: Schema }> }
  responses?: Record<string, { description?: string; content?: Record<string, { schema: Schema }> }>
}
interface Schema {
  type?: string | string[]
  description?: string
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  anyOf?: Schema[]
  const?: unknown
  enum?: unknown[]
}

function documentPage(name: string, document: OpenApi): Html {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => operationSection(method.toUpperCase(), path, operation)),
  )
  return html`<p><a href="/docs">All APIs</a> · <a href="/openapi/${name}.json">OpenAPI document</a></p>${operations}`
}

function operationSection(method: string, path: string, operation: Operation): Html {
  const body = operation.requestBody?.content['application/json']?.schema
  return html`<h2>${operation.summary ?? path}</h2><p><code>${method} ${path}</code></p>
${operation.description ? html`<p>${operation.description}</p>` : undefined}
${operation.parameters?.length ? parameterTable(operation.parameters) : undefined}
${body ? html`<p>Body</p><pre>${sketch(body)}</pre>` : undefined}
${Object.entries(operation.responses ?? {}).map(([status, { content }]) => {
  const schema = content?.['application/json']?.schema
  return html`<p>Answer ${status.toLowerCase()}</p>${schema ? html`<pre>${sketch(schema)}</pre>` : undefined}`
})}`
}

function parameterTable(parameters: NonNullable<Operation['parameters']>): Html {
  return html`<table>${parameters.map(
    ({ name, in: place, description }) =>
      html`<tr><td><code>${name}</code></td><td>${place}</td><td>${description ?? ''}</td></tr>`,
  )}</table>`
}

/** A schema as a reader wants it: `{ "name": string, "seats"?: integer | null }`. */
function sketch(schema: Schema, indent = ''): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum) return schema.enum.map(value => JSON.stringify(value)).join(' | ')
  if (schema.anyOf && !schema.properties) return schema.anyOf.map(option => sketch(option, indent)).join(' | ')
  if (schema.items) return `[${sketch(schema.items, indent)}, …]`
  if (!schema.properties) return schema.type === 'object' ? '{}' : [schema.type ?? 'any'].flat().join(' | ')
  const inner = `${indent}  `
  const lines = Object.entries(schema.properties).map(([name, field]) => {
    const mark = schema.required?.includes(name) ? '' : '?'
    const note = field.description ? `  // ${field.description}` : ''
    return `${inner}"${name}"${mark}: ${sketch(field, inner)}${note}`
  })
  return lines.length === 0 ? '{}' : `{\n${lines.join('\n')}\n${indent}}`
}
