// What every vendor is to the rest of the house.

import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { TSchema } from 'typebox'
import type { Context, Principal } from '../platform/context.ts'
import type { EventNoun } from '../platform/credentials/credentials.ts'
import type { Holders } from '../platform/credentials/holders.ts'
import type { Migrations } from '../platform/db/migrate.ts'
import type { DomainError } from '../platform/errors.ts'
import type { WebhookDialect } from '../platform/events/dialect.ts'
import type { Job } from '../platform/jobs.ts'

export type VendorName = 'aftership' | 'easypost' | 'memberstack'

/** An answer made without a route: the request could not be read far enough to have one. */
export interface PlainReply {
  status: number
  headers: Record<string, string>
  body: string
}

/** How callers sign in, as OpenAPI says it. */
export type SecuritySchemes = Record<
  string,
  { type: 'apiKey'; in: 'header'; name: string } | { type: 'http'; scheme: 'basic' | 'bearer' }
>

export interface Vendor {
  name: VendorName
  title: string
  /** Path prefixes that are this vendor's: what is answered under them wears its envelope. */
  prefixes: readonly string[]
  /** Its API is at the root: it answers for paths that are nobody's, and repeated slashes in its own count as one. */
  atRoot?: true
  securitySchemes: SecuritySchemes
  migrations: Migrations
  jobs: readonly Job[]
  /** The vendor's own API. Mounted at the root, in a scope of its own. */
  api(ctx: Context): FastifyPluginAsync
  /** Its part of the control API. Mounted at `/understudy/v1/<name>`. */
  control(ctx: Context): FastifyPluginAsync
  /** Sees a request on one of its paths that no route takes, before `refuse` answers it. */
  seeUnknown?(ctx: Context, request: FastifyRequest, reply: FastifyReply): void
  /** Answers an error that arose before there was a request: headers too large, broken HTTP. */
  refuse(error: DomainError, requestId: string): PlainReply
  /** What a person can hold here, and what happens when they leave. */
  holders: Holders
  /** What its events call a key; left out where its own wire shows no events of keys. */
  keyNoun?: EventNoun
  /** How its webhooks look on the wire; left out by a vendor that sends none. */
  webhooks?: WebhookDialect
  seed: VendorSeed
  /** This vendor's part of `understudy env`: base URL and sample credentials. */
  environment(origin: string, samples: Samples): Record<string, string>
  /** One command that works against a store with these samples; undefined when they hold no key for it. */
  curl(origin: string, samples: Samples): string | undefined
}

/** Credentials in clear that the seed made or pinned, by the names that `understudy env --json` shows. */
export type Samples = Record<string, string>

interface VendorSeed {
  schema: TSchema
  /** What `load` is given of a section that fits `schema`: what takes too long for its transaction is done here. */
  prepare?(ctx: Context, section: unknown): Promise<unknown>
  /**
   * Stores a section that fits `schema`, or what `prepare` made of it, through the same rules as every other path, inside the caller's transaction.
   * Throws a DomainError whose first issue's path leads from the section's root to what is wrong.
   */
  load(tx: Context, section: unknown): Promise<Samples>
}

/** What a caller of the control API may do; each includes the ones before it. */
export type ControlScope = 'read' | 'write' | 'admin'

declare module 'fastify' {
  interface FastifyRequest {
    /** On control routes: the operator's token as a principal, without a tenant. */
    operator: Principal
    /** On control routes: what the token may do. */
    operatorScope: ControlScope
  }
  interface FastifyContextConfig {
    /** On control routes: the scope needed, where it is not `read` for GET and `write` for the rest. */
    controlScope?: ControlScope
  }
}
