// The framework's own compilers of schemas, put off until a route is first used: most routes never are, and compiling all
// of them would take more than half of the start.

import { createRequire } from 'node:module'
import type { FastifyServerOptions } from 'fastify'

type CompilersFactory = NonNullable<NonNullable<FastifyServerOptions['schemaController']>['compilersFactory']>

/** As much of a validator as the framework uses. */
interface Validate {
  (value: unknown): unknown
  errors?: unknown
}
type Serialize = (value: unknown) => string
type Build<Compiled> = (schemas: unknown, options: unknown) => (route: unknown) => Compiled

/** The packages themselves take a while to load too. */
const require = createRequire(import.meta.url)

const buildValidator: Build<Validate> = (schemas, options) => {
  const compiler = once(() => (require('@fastify/ajv-compiler') as () => Build<Validate>)()(schemas, options))
  return route => {
    const compiled = once(() => compiler()(route))
    const validate: Validate = value => {
      const valid = compiled()(value)
      validate.errors = compiled().errors
      return valid
    }
    return validate
  }
}

const buildSerializer: Build<Serialize> = (schemas, options) => {
  const compiler = once(() =>
    (require('@fastify/fast-json-stringify-compiler') as () => Build<Serialize>)()(schemas, options),
  )
  return route => {
    const compiled = once(() => compiler()(route))
    return value => compiled()(value)
  }
}

// The framework's types describe what the packages make, of which it uses what is above.
export const lazyCompilers = { buildValidator, buildSerializer } as unknown as CompilersFactory

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
