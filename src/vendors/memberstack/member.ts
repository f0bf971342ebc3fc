// What a member is, and how it stands in rows.

import type { Selectable } from 'kysely'
import { emailKey } from '../../platform/email.ts'
import type { ConnectionStatus } from './connections.store.ts'
import type { PlanType } from './plans.store.ts'
import type { Environment, Realm } from './realm.ts'

interface MemberTable {
  app_id: string
  environment: Environment
  id: string
  /** Grows in commit order within app and environment; never reused. */
  number: number
  email: string
  email_key: string
  password_hash: string | null
  verified: number
  /** JSON objects. */
  custom_fields: string
  meta_data: string
  /** JSON object or array. */
  json: string
  /** JSON array: the member's own, without those of its plans. */
  permissions: string
  login_redirect: string | null
  profile_image: string | null
  stripe_customer_id: string | null
  last_login: string | null
  /** What keeps the member out (offboardings): causes separated by blanks, which they have none of; null for nothing. */
  suspended_by: string | null
  created_at: string
  updated_at: string
  deleted_at: string | null
}

declare module '../../platform/db/database.ts' {
  interface Database {
    memberstack_members: MemberTable
  }
}

export type JsonObject = Record<string, unknown>

export interface Connection {
  id: string
  planId: string
  planName: string
  type: PlanType
  status: ConnectionStatus
  payment: Record<string, unknown> | null
  /** What the plan allows, while the connection is active. */
  permissions: readonly string[]
}

export interface Member {
  id: string
  number: number
  email: string
  passwordHash: string | null
  verified: boolean
  customFields: JsonObject
  metaData: JsonObject
  json: JsonObject | unknown[]
  permissions: readonly string[]
  loginRedirect: string | null
  profileImage: string | null
  stripeCustomerId: string | null
  lastLogin: string | null
  /** What keeps it out; it may log in again when the last of these is taken back. */
  suspendedBy: readonly string[]
  createdAt: string
  updatedAt: string
  deletedAt: string | null
  /** Its plans, in the order in which they were added. */
  connections: Connection[]
}

export type MemberRow = Selectable<MemberTable>

/** A plan that a member has. */
export interface PlanRow {
  member_id: string
  id: string
  plan_id: string
  status: ConnectionStatus
  payment: string | null
  name: string
  type: PlanType
  permissions: string
}

/** Members with their plans, in the order of their rows. */
export function membersOf(rows: MemberRow[], plans: PlanRow[]): Member[] {
  const held = Map.groupBy(plans, plan => plan.member_id)
  return rows.map(row => memberOf(row, held.get(row.id) ?? []))
}

function memberOf(row: MemberRow, plans: PlanRow[]): Member {
  return {
    id: row.id,
    number: row.number,
    email: row.email,
    passwordHash: row.password_hash,
    verified: row.verified === 1,
    customFields: JSON.parse(row.custom_fields) as JsonObject,
    metaData: JSON.parse(row.meta_data) as JsonObject,
    json: JSON.parse(row.json) as JsonObject | unknown[],
    permissions: JSON.parse(row.permissions) as string[],
    loginRedirect: row.login_redirect,
    profileImage: row.profile_image,
    stripeCustomerId: row.stripe_customer_id,
    lastLogin: row.last_login,
    suspendedBy: causesOf(row.suspended_by),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    deletedAt: row.deleted_at,
    connections: plans.map(connectionOf),
  }
}

/** What `suspended_by` says. */
export function causesOf(suspendedBy: string | null): string[] {
  return suspendedBy?.split(' ') ?? []
}

function connectionOf(row: PlanRow): Connection {
  return {
    id: row.id,
    planId: row.plan_id,
    planName: row.name,
    type: row.type,
    status: row.status,
    payment: row.payment === null ? null : (JSON.parse(row.payment) as JsonObject),
    permissions: JSON.parse(row.permissions) as string[],
  }
}

/** The whole row of a member. */
export function rowOf({ tenant, environment }: Realm, member: Member): MemberRow {
  return {
    app_id: tenant,
    environment,
    id: member.id,
    number: member.number,
    created_at: member.createdAt,
    deleted_at: member.deletedAt,
    ...columnsOf(member),
  }
}

/** What of a row may change, but for its deletion. */
export function columnsOf(member: Member) {
  return {
    email: member.email,
    email_key: emailKey(member.email),
    password_hash: member.passwordHash,
    verified: member.verified ? 1 : 0,
    custom_fields: JSON.stringify(member.customFields),
    meta_data: JSON.stringify(member.metaData),
    json: JSON.stringify(member.json),
    permissions: JSON.stringify(member.permissions),
    login_redirect: member.loginRedirect,
    profile_image: member.profileImage,
    stripe_customer_id: member.stripeCustomerId,
    last_login: member.lastLogin,
    suspended_by: member.suspendedBy.join(' ') || null,
    updated_at: member.updatedAt,
  }
}
