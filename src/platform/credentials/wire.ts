// A credential as the control API shows it, alike for every vendor: who holds it and what state it is in, never what
// it is.

import { type Static, Type } from 'typebox'
import type { Credential } from './credentials.ts'

const Time = Type.String({ description: 'UTC, ISO 8601 with milliseconds.' })
const orNull = (time: typeof Time) => Type.Union([time, Type.Null()])

export const Key = Type.Object({
  id: Type.String(),
  vendor: Type.String(),
  tenant: Type.String({ description: 'The organization, user or app that it opens.' }),
  name: Type.String(),
  mode: Type.String(),
  scopes: Type.Array(Type.String()),
  holder: Type.Union([Type.String(), Type.Null()], { description: 'Email of the person who holds it.' }),
  fingerprint: Type.String({ description: 'Names the key without giving it away.' }),
  active: Type.Boolean(),
  disabledBy: Type.Union([Type.String(), Type.Null()]),
  createdAt: Time,
  expiresAt: orNull(Time),
  lastUsedAt: orNull(Time),
  disabledAt: orNull(Time),
})

export function keyOf(credential: Credential): Static<typeof Key> {
  const { publicKey: _publicKey, sealedSecret: _sealedSecret, scopes, ...shown } = credential
  return { ...shown, scopes: [...scopes], active: credential.disabledAt === null }
}
