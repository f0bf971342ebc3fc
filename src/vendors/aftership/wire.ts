// Rows to wire objects: pure functions, the shapes of contract sections 2 to 4.

import type { ListedMembership } from './memberships.store.ts'

export interface WireMembership {
  id: string
  organization: { id: string }
  account: { id: string; email: string }
  role: { code: string; name: string }
}

/** Section 3: all of these, always, and nothing else: no status, no times. */
export function membershipOf(row: ListedMembership): WireMembership {
  return {
    id: row.id,
    organization: { id: row.organizationId },
    account: { id: row.accountId, email: row.email },
    role: { code: row.roleCode, name: row.roleName },
  }
}

/** One membership as `data`: itself [vendor], and once more under the guide's name. */
export function singleMembershipOf(row: ListedMembership): WireMembership & { membership: WireMembership } {
  const membership = membershipOf(row)
  return { ...membership, membership }
}

const OK = { code: 200, type: 'OK', message: 'Everything worked as expected.' }
const CREATED = {
  code: 201,
  type: 'Created',
  message: 'The request was successful, we created a new resource and the response body contains the representation.',
}

export function ok<T>(data: T) {
  return { meta: OK, data }
}

export function created<T>(data: T) {
  return { meta: CREATED, data }
}
