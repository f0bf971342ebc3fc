// Rows as the wire shows them: contract sections 4, 7 and 10. Pure.

import type { Static } from 'typebox'
import type { App } from './apps.store.ts'
import type { Connection, Member } from './member.ts'
import type { Plan } from './plans.store.ts'
import { serves } from './plans.ts'
import type { Environment } from './realm.ts'
import type * as schema from './schema.ts'

/** Contract section 4: `active` is true for these two. */
export function isActive({ status }: Pick<Connection, 'status'>): boolean {
  return status === 'ACTIVE' || status === 'TRIALING'
}

/** A member as Admin answers, and as events tell it; lists may leave `json` out. */
export function memberOf(member: Member): Static<typeof schema.Member> {
  return { ...listedMemberOf(member), json: member.json }
}

export function listedMemberOf(member: Member): Static<typeof schema.ListedMember> {
  return {
    id: member.id,
    createdAt: member.createdAt,
    lastLogin: member.lastLogin,
    auth: { email: member.email },
    verified: member.verified,
    customFields: member.customFields,
    metaData: member.metaData,
    permissions: permissionsOf(member),
    loginRedirect: member.loginRedirect,
    stripeCustomerId: member.stripeCustomerId,
    profileImage: member.profileImage,
    planConnections: member.connections.map(connectionOf),
  }
}

/** A member as the client API shows it to itself. */
export function ownMemberOf(member: Member): Static<typeof schema.OwnMember> {
  return {
    ...listedMemberOf(member),
    auth: { email: member.email, hasPassword: member.passwordHash !== null, providers: [] },
    teams: NO_TEAMS,
  }
}

/** There are no teams here; the field is there for who asks with `include=teams`. */
export const NO_TEAMS = { ownedTeams: [], joinedTeams: [] }

export function connectionOf({ id, status, planId, planName, type, payment }: Connection) {
  return {
    id,
    active: isActive({ status }),
    status,
    planId,
    planName,
    type,
    payment: type === 'FREE' ? null : payment,
  }
}

/** The member's own, then those of its active plans, each once. */
function permissionsOf({ permissions, connections }: Member): string[] {
  const granted = connections.filter(isActive).flatMap(plan => plan.permissions)
  return [...new Set([...permissions, ...granted])]
}

/** A plan as lists show it. */
export function planOf({ id, name, description, priority, prices, redirects }: Plan) {
  const shown = { id, name, description, priority, prices }
  return Object.keys(redirects).length > 0 ? { ...shown, redirects } : shown
}

export function singlePlanOf(plan: Plan): Static<typeof schema.SinglePlan> {
  return { ...planOf(plan), status: plan.status }
}

/** The app as a page needs it to draw its forms. */
export function appOf(
  { id, name, settings }: App,
  plans: readonly Plan[],
  environment: Environment,
): Static<typeof schema.App> {
  const offered = plans.filter(plan => plan.status === 'ACTIVE' && serves(plan, environment))
  return {
    id,
    name,
    mode: environment,
    plans: offered.map(planOf),
    contentGroups: contentGroupsOf(settings),
    customFields: (settings.customFields ?? []).map((field, order) => ({
      key: field.key,
      label: field.label ?? field.key,
      order: field.order ?? order,
      hidden: field.hidden ?? false,
      visibility: field.visibility ?? 'PUBLIC',
      restrictToAdmin: field.restrictToAdmin ?? false,
    })),
    allowMemberSelfDelete: settings.allowMemberSelfDelete,
    captchaRequired: false,
    authProviders: [],
    additionalAuthMethods: { passwordless: { enabled: settings.passwordless, isDefault: false } },
    ssoSignupButtonURL: null,
    isPaid: true,
    branding: { logo: null, colors: { lightMode: {} } },
  }
}

export function contentGroupsOf({ contentGroups }: App['settings']): Static<typeof schema.ContentGroup>[] {
  return contentGroups.map(group => ({
    id: group.id ?? group.key ?? group.name,
    name: group.name,
    key: group.key ?? group.name,
    allowAllMembers: group.allowAllMembers ?? false,
    redirect: group.redirect ?? null,
    urls: group.urls ?? [],
    plans: (group.plans ?? []).map(plan => (typeof plan === 'string' ? { id: plan } : plan)),
  }))
}
