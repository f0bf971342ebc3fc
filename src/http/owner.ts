// Whose a path is: for envelopes, labels and repeated slashes.

import type { Vendor } from '../vendors/vendor.ts'

/** Below these it is the server itself that answers. */
const OWN_PATHS = /^\/(docs|openapi|health|ready|metrics|understudy)(?=[/?#]|$)/

/**
 * The vendor whose prefix the path has, the longest where several have one; else, if it is not the server's own, the
 * vendor whose API is at the root.
 */
export function ownerOf(path: string, vendors: readonly Vendor[]): Vendor | undefined {
  const [owner] = vendors
    .map(vendor => ({ vendor, length: prefixLength(path, vendor) }))
    .filter(({ length }) => length > 0)
    .toSorted((one, other) => other.length - one.length)
  if (owner || OWN_PATHS.test(path)) return owner?.vendor
  return vendors.find(({ atRoot }) => atRoot)
}

function prefixLength(path: string, { prefixes }: Vendor): number {
  return Math.max(0, ...prefixes.filter(prefix => isBelow(path, prefix)).map(prefix => prefix.length))
}

/** A prefix ends where a segment does; `#` ends a path too, though nobody should send one. */
function isBelow(path: string, prefix: string): boolean {
  if (!path.startsWith(prefix)) return false
  const next = path[prefix.length]
  return next === undefined || '/?#'.includes(next)
}
