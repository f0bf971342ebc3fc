// Sign-up, login and codes: contract section 10. A bearer header is ignored here: a stale one is sent even to login.

import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import type { Context } from '../../../platform/context.ts'
import { emailIn, newPasswordIn, profileIn, textIn } from '../member-input.ts'
import * as schema from '../schema.ts'
import * as signIn from '../sign-in.ts'
import * as verification from '../verification.ts'
import { ownMemberOf } from '../wire.ts'
import { route } from './route.ts'
import { claimsOf, visitorOf } from './visitor.ts'

const TAG = 'Auth'
const Email = Type.String()
const Profile = {
  customFields: Type.Optional(Type.Object({})),
  metaData: Type.Optional(Type.Object({})),
  plans: Type.Optional(Type.Array(schema.PlanBody)),
}
const SignUpBody = Type.Object({
  email: Email,
  password: Type.Optional(Type.String()),
  passwordlessToken: Type.Optional(Type.String()),
  ...Profile,
})
const SignUpQuery = Type.Object({
  isPasswordless: Type.Optional(Type.String({ description: '`true`: `passwordlessToken` in place of `password`.' })),
})
const LoginBody = Type.Object({ email: Email, password: Type.String() })
const CodeBody = Type.Object({ email: Email, passwordlessToken: Type.String() })
const EmailBody = Type.Object({ email: Email })
const ResetBody = Type.Object({ token: Type.String(), newPassword: Type.String(), email: Type.Optional(Email) })

const auth = schema.dataOf(schema.Auth)
const success = schema.dataOf(schema.Success)
const SUCCEEDED = { data: { success: true } }
const RESET_SENT = { data: 'If a member has this email, a reset code is on its way.' }

export function authRoutes(ctx: Context, app: FastifyInstance): void {
  app.post(
    '/auth/signup',
    route('Sign up', TAG, { querystring: SignUpQuery, body: SignUpBody }, auth),
    async request => {
      const { body } = request.memberstack
      const { isPasswordless } = request.query as Record<string, unknown>
      const email = emailIn(body)
      if (isPasswordless === 'true') {
        const code = textIn(body, 'passwordlessToken')
        return authOf(await signIn.signUpWithCode(ctx, visitorOf(request), { email, code, ...profileIn(body) }))
      }
      const password = newPasswordIn(body, 'password')
      return authOf(await signIn.signUp(ctx, visitorOf(request), { email, password, ...profileIn(body) }))
    },
  )
  app.post('/auth/login', route('Log in', TAG, { body: LoginBody }, auth), async request => {
    const { body } = request.memberstack
    const credentials = { email: textIn(body, 'email'), password: textIn(body, 'password') }
    return authOf(await signIn.logIn(ctx, visitorOf(request), credentials))
  })
  app.post('/auth/passwordless/login', route('Log in with a code', TAG, { body: CodeBody }, auth), async request => {
    const { body } = request.memberstack
    const credentials = { email: textIn(body, 'email'), code: textIn(body, 'passwordlessToken') }
    return authOf(await signIn.logInWithCode(ctx, visitorOf(request), credentials))
  })
  app.post(
    '/auth/passwordless/signup/send',
    route('Mail a sign-up code', TAG, { body: EmailBody }, success),
    async request => {
      await signIn.sendSignUpCode(ctx, visitorOf(request), emailIn(request.memberstack.body))
      return SUCCEEDED
    },
  )
  app.post(
    '/auth/passwordless/login/send',
    route('Mail a login code', TAG, { body: EmailBody }, success),
    async request => {
      await signIn.sendLoginCode(ctx, visitorOf(request), emailIn(request.memberstack.body))
      return SUCCEEDED
    },
  )
  app.post(
    '/auth/send-reset-password-email',
    route('Mail a reset code', TAG, { body: EmailBody }, schema.dataOf(Type.String())),
    async request => {
      await signIn.sendResetCode(ctx, visitorOf(request), emailIn(request.memberstack.body))
      return RESET_SENT
    },
  )
  app.post('/auth/reset-password', route('Reset the password', TAG, { body: ResetBody }, success), async request => {
    const { body } = request.memberstack
    await signIn.resetPassword(ctx, visitorOf(request), {
      code: textIn(body, 'token'),
      newPassword: newPasswordIn(body, 'newPassword'),
      email: body.email === undefined ? undefined : emailIn(body),
    })
    return SUCCEEDED
  })
  app.post(
    '/auth/send-email-verification',
    route('Mail a verification code', TAG, {}, success, { member: true }),
    async request => {
      await verification.sendCode(ctx, visitorOf(request), claimsOf(request).id)
      return SUCCEEDED
    },
  )
  app.post(
    '/auth/verify-email',
    route('Verify the email', TAG, { body: schema.TokenBody }, success, { member: true }),
    async request => {
      const code = textIn(request.memberstack.body, 'token')
      await verification.verifyEmail(ctx, visitorOf(request), claimsOf(request).id, code)
      return SUCCEEDED
    },
  )
}

function authOf({ token, member, redirect }: signIn.SignedIn) {
  return {
    data: {
      tokens: { accessToken: token.accessToken, expires: token.expires, type: 'bearer' },
      member: ownMemberOf(member),
      redirect,
      contentGroups: [],
    },
  }
}
