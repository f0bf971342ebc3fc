/**
 * Every table by name. Each room declares its own by merging into this interface beside the queries that use them:
 *
 *     declare module '../db/database.ts' { interface Database { events: EventTable } }
 *
 * Columns are the lowest common of both engines: text ids, UTC text timestamps of fixed width, integer booleans, JSON
 * as text.
 */
// biome-ignore lint/suspicious/noEmptyInterface: filled by declaration merging
export interface Database {}
