// Queries of the hottest paths: built and compiled once, then run with other values.

import type { Compilable, CompiledQuery, DialectAdapter, Kysely } from 'kysely'
import type { Context } from '../context.ts'
import type { Database } from './database.ts'

/** Stands in a compiled query where a value will be. */
class Parameter {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

export type Values = Record<string, string | number | null>
/** Says where in a query a value goes. */
export type Value<V extends Values> = <Name extends keyof V & string>(name: Name) => V[Name]
type Build<V extends Values, Row> = (db: Kysely<Database>, value: Value<V>) => Compilable<Row>

/**
 * A read that is compiled at its first use. `build` puts the query together with `value('name')` where a value goes;
 * what is returned runs it. Twenty times cheaper than building it each time.
 */
export function prepared<V extends Values, Row>(build: Build<V, Row>): (ctx: Context, values: V) => Promise<Row[]> {
  const compiled = compiledOnce(build)
  return async (ctx, values) => {
    const query = compiled(ctx, values)
    return ctx.db.isTransaction ? (await ctx.db.executeQuery(query)).rows : ctx.readSoon(query)
  }
}

/** The same for a change; with `returning` it gives rows. */
export function preparedChange<V extends Values, Row>(
  build: Build<V, Row>,
): (tx: Context, values: V) => Promise<Row[]> {
  const compiled = compiledOnce(build)
  return async (tx, values) => (await tx.db.executeQuery(compiled(tx, values))).rows
}

function compiledOnce<V extends Values, Row>(build: Build<V, Row>): (ctx: Context, values: V) => CompiledQuery<Row> {
  // One an engine: an adapter belongs to one dialect.
  const compiledFor = new WeakMap<DialectAdapter, CompiledQuery<Row>>()
  return (ctx, values) => {
    const { adapter } = ctx.db.getExecutor()
    let query = compiledFor.get(adapter)
    if (!query) {
      // A stand-in passes through the builder like any value; nothing looks at it before it is replaced below.
      query = build(ctx.db, name => new Parameter(name) as unknown as V[typeof name]).compile()
      compiledFor.set(adapter, query)
    }
    const parameters = query.parameters.map(value => (value instanceof Parameter ? values[value.name] : value))
    return { ...query, parameters }
  }
}
