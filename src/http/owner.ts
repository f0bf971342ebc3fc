// Whose a path is: for envelopes, labels and repeated slashes.

import type { Vendor } from '../vendors/vendor.ts'

/** Below these it is the server itself that answers. */
const OWN_PATHS = /^\/(docs|openapi|health|ready|metrics|understudy)(\/|\?|$)/

/** The vendor whose prefix the path has; else, if it is not the server's own, the vendor whose API is at the root. */
export function ownerOf(path: string, vendors: readonly Vendor[]): Vendor | undefined {
  const owner = vendors.find(({ prefixes }) => prefixes.some(prefix => isBelow(path, prefix)))
  if (owner || OWN_PATHS.test(path)) return owner
  return vendors.find(({ atRoot }) => atRoot)
}

/** A prefix ends where a segment does. */
function isBelow(path: string, prefix: string): boolean {
  if (!path.startsWith(prefix)) return false
  const next = path[prefix.length]
  return next === undefined || next === '/' || next === '?'
}
