import type { Context, Principal } from '../context.ts'
import type { Credential } from './credential.ts'
import * as credentials from './credentials.ts'

export interface NewControlToken {
  name: string
  scope: 'read' | 'write' | 'admin'
  /** Pinned by a seed; made when left out. */
  token?: string | undefined
  holder?: string | undefined
}

/** Makes a bearer token for the control API. The token in clear is in the result and nowhere else. */
export async function createControlToken(
  ctx: Context,
  principal: Principal,
  input: NewControlToken,
): Promise<{ credential: Credential; token: string }> {
  const token = input.token ?? `ust_${ctx.ids.secret(32)}`
  const credential = await credentials.create(ctx, principal, {
    vendor: 'understudy',
    tenant: '',
    mode: input.scope,
    name: input.name,
    key: token,
    scopes: [],
    holder: input.holder,
  })
  return { credential, token }
}
