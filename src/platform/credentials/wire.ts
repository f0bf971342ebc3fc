// A credential as the control API shows it, alike for every vendor: who holds it and what state it is in, never what
// it is.

import { type Static, Type } from 'typebox'
import type { Context } from '../context.ts'
import { type Credential, isUsable } from './credential.ts'

const Time = Type.String({ description: 'UTC, ISO 8601 with milliseconds.' })
const orNull = (time: typeof Time) => Type.Union([time, Type.Null()])

export const Key = Type.Object({
  id: Type.String(),
  vendor: Type.String(),
  tenant: Type.String({ description: 'The organization, user or app that it opens.' }),
  owner: Type.String({ description: "Whose it is inside the tenant; empty for the tenant's own." }),
  name: Type.String(),
  mode: Type.String(),
  scopes: Type.Array(Type.String()),
  holder: Type.Union([Type.String(), Type.Null()], { description: 'Email of the person who holds it.' }),
  fingerprint: Type.String({ description: 'Names the key without giving it away.' }),
  active: Type.Boolean(),
  disabledBy: Type.Array(Type.String(), { description: '`operator`, or what was removed.' }),
  createdAt: Time,
  expiresAt: orNull(Time),
  lastUsedAt: orNull(Time),
  disabledAt: orNull(Time),
})

export function keyOf(ctx: Context, credential: Credential): Static<typeof Key> {
  const {
    publicKey: _publicKey,
    sealedKey: _sealedKey,
    sealedSecret: _sealedSecret,
    scopes,
    disabledBy,
    ...shown
  } = credential
  return { ...shown, scopes: [...scopes], disabledBy: [...disabledBy], active: isUsable(ctx, credential) }
}
