// Wire bodies, queries and replies: contract sections 2 to 4. They validate, serialise and document.

import { type TSchema, Type } from 'typebox'
import { EMAIL_MAX, EMAIL_PATTERN } from '../../platform/email.ts'

const Role = Type.Object({ code: Type.String({ minLength: 1 }) }, { description: 'Only `code` is read.' })

export const CreateMembershipBody = Type.Object({
  account: Type.Object(
    {
      email: Type.Optional(Type.String({ pattern: EMAIL_PATTERN, maxLength: EMAIL_MAX })),
      id: Type.Optional(Type.String({ minLength: 1 })),
    },
    { anyOf: [{ required: ['email'] }, { required: ['id'] }], description: 'A registered account, by email or id.' },
  ),
  role: Role,
})

export const UpdateMembershipBody = Type.Object({ role: Role })

/** Never refused: what does not fit is the default. Documented here, read by paging.ts. */
export const ListQuery = {
  type: 'object',
  properties: {
    page: { description: 'From 1; default 1.', examples: [1] },
    limit: { description: '1 to 200; default 100.', examples: [100] },
    email: { description: 'The member with this email, compared without case.', examples: ['user@example.com'] },
  },
}

const WireMembershipFields = {
  id: Type.String(),
  organization: Type.Object({ id: Type.String() }),
  account: Type.Object({ id: Type.String(), email: Type.String() }),
  role: Type.Object({ code: Type.String(), name: Type.String() }),
}
const WireMembership = Type.Object(WireMembershipFields)
const SingleMembership = Type.Object({ ...WireMembershipFields, membership: WireMembership })

const Meta = Type.Object({ code: Type.Integer(), type: Type.String(), message: Type.String() })

const envelope = <T extends TSchema>(data: T) => Type.Object({ meta: Meta, data })

export const SingleMembershipReply = envelope(SingleMembership)
export const MembershipListReply = envelope(
  Type.Object({
    memberships: Type.Array(WireMembership),
    pagination: Type.Object({ page: Type.Integer(), limit: Type.Integer(), total: Type.Integer() }),
    parameter_string: Type.String(),
  }),
)
export const RoleListReply = envelope(
  Type.Object({
    roles: Type.Array(Type.Object({ code: Type.String(), name: Type.String() })),
    parameter_string: Type.String(),
  }),
)
export const EmptyReply = envelope(Type.Object({}))

/** The envelope of every refusal; built in errors.ts, here for the documentation. */
export const ErrorReply = Type.Object(
  {
    meta: Type.Object({
      code: Type.Integer(),
      type: Type.String(),
      message: Type.String(),
      errors: Type.Array(Type.Object({ path: Type.String(), info: Type.String() })),
    }),
    data: Type.Object({}),
  },
  { description: 'Refused; nothing was changed.' },
)
