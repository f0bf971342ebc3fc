// The member's own data: contract section 10.

import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import type { Context } from '../../../platform/context.ts'
import { bearerIn } from '../auth.ts'
import { wrongType } from '../errors.ts'
import { type Body, emailIn, jsonIn, newPasswordIn, ownChangesIn, textIn } from '../member-input.ts'
import * as memberPlans from '../member-plans.ts'
import * as members from '../members.ts'
import type { AuthChanges } from '../own-member.ts'
import * as own from '../own-member.ts'
import * as plans from '../plans.store.ts'
import { redirectAfter } from '../redirects.ts'
import * as schema from '../schema.ts'
import { logOut } from '../sign-in.ts'
import { appOf, ownMemberOf } from '../wire.ts'
import { route } from './route.ts'
import { claimsOf, memberOfToken, visitorOf } from './visitor.ts'

const TAG = 'Member'
const member = { member: true } as const
const Own = schema.dataOf(schema.OwnMember)
const Stored = schema.dataOf(Type.Unknown())
const Fields = Type.Object({
  customFields: Type.Optional(Type.Object({})),
  metaData: Type.Optional(Type.Object({})),
})
const AuthBody = Type.Object({
  email: Type.Optional(Type.String()),
  oldPassword: Type.Optional(Type.String()),
  newPassword: Type.Optional(Type.String()),
})
const PasswordBody = Type.Object({ password: Type.String() })
const JsonBody = Type.Object({ json: Type.Unknown() })
const Redirect = Type.Object({ redirect: Type.String() })
const PlanAdded = Type.Object({ redirect: Type.String(), member: schema.OwnMember, app: schema.App })
const PlanRemoved = Type.Object({ member: schema.OwnMember })

export function memberRoutes(ctx: Context, app: FastifyInstance): void {
  // Without a good token null, which makes the package clear its session.
  app.get(
    '/member',
    route('Read oneself', TAG, { security: schema.signedBy.keyOrMember }, schema.dataOrNull(schema.OwnMember)),
    async request => {
      const found = await memberOfToken(ctx, request)
      return { data: found ? ownMemberOf(found) : null }
    },
  )
  app.post('/member', route('Update oneself', TAG, { body: Fields }, Own, member), async request => {
    const { caller, body } = request.memberstack
    const { id } = claimsOf(request)
    return { data: ownMemberOf(await members.update(ctx, caller.principal, id, ownChangesIn(body), true)) }
  })
  app.delete(
    '/member',
    route('Delete oneself', TAG, {}, schema.dataOf(schema.DeletedMember), member),
    async request => {
      const { id } = claimsOf(request)
      await own.removeSelf(ctx, visitorOf(request), id)
      return { data: { id } }
    },
  )
  app.post('/member-auth', route('Change email or password', TAG, { body: AuthBody }, Own, member), async request => {
    const changes = authChangesIn(request.memberstack.body)
    return { data: ownMemberOf(await own.changeAuth(ctx, visitorOf(request), claimsOf(request), changes)) }
  })
  app.post(
    '/member/set-password',
    route('Set a first password', TAG, { body: PasswordBody }, Own, member),
    async request => {
      const password = newPasswordIn(request.memberstack.body, 'password')
      return { data: ownMemberOf(await own.setFirstPassword(ctx, visitorOf(request), claimsOf(request).id, password)) }
    },
  )
  app.get('/member/json', route('Read the own JSON', TAG, {}, Stored, member), async request => {
    const { principal } = request.memberstack.caller
    return { data: (await members.get(ctx, principal, claimsOf(request).id)).json }
  })
  app.post('/member/json', route('Replace the own JSON', TAG, { body: JsonBody }, Stored, member), async request => {
    const { caller, body } = request.memberstack
    const json = jsonIn(body)
    if (json === undefined) throw wrongType('json', 'must be an object or an array')
    return { data: (await members.update(ctx, caller.principal, claimsOf(request).id, { json })).json }
  })
  app.post(
    '/member/plans/add',
    route('Add a free plan', TAG, { body: schema.PlanBody }, schema.dataOf(PlanAdded), member),
    async request => {
      const { caller, body } = request.memberstack
      const { principal } = caller
      const planId = textIn(body, 'planId')
      const updated = await memberPlans.add(ctx, principal, claimsOf(request).id, planId, true)
      const all = await plans.listAll(ctx, principal.tenant)
      const redirect = await redirectAfter(ctx, principal, updated, 'afterSignup', planId)
      return {
        data: { redirect, member: ownMemberOf(updated), app: appOf(caller.app, all, principal.environment) },
      }
    },
  )
  app.post(
    '/member/plans/remove',
    route('Remove a free plan', TAG, { body: schema.PlanBody }, schema.dataOf(PlanRemoved), member),
    async request => {
      const { caller, body } = request.memberstack
      const planId = textIn(body, 'planId')
      const updated = await memberPlans.remove(ctx, caller.principal, claimsOf(request).id, planId)
      return { data: { member: ownMemberOf(updated) } }
    },
  )
  app.post(
    '/member/logout',
    route('Log out', TAG, { security: schema.signedBy.keyOrMember }, schema.dataOf(Redirect)),
    async request => ({
      data: { redirect: await logOut(ctx, visitorOf(request), bearerIn(request)) },
    }),
  )
}

/** Throws fieldMissing (nothing, or half of a password change), emailInvalid, passwordTooShort and `invalid`. */
function authChangesIn(body: Body): AuthChanges {
  const asksPassword = body.oldPassword !== undefined || body.newPassword !== undefined
  const email = body.email === undefined && asksPassword ? undefined : emailIn(body)
  if (!asksPassword) return { email }
  return { email, password: { old: textIn(body, 'oldPassword'), new: newPasswordIn(body, 'newPassword') } }
}
