import type { Context } from '../../platform/context.ts'
import { unknownMember } from './errors.ts'
import type { Member } from './member.ts'
import * as store from './members.store.ts'
import type { Realm } from './realm.ts'

/** The member as it is, held against other changes until the transaction ends. Throws memberUnknown. */
export async function hold(tx: Context, realm: Realm, id: string): Promise<Member> {
  await store.lock(tx, realm, id)
  const member = await store.find(tx, realm, id)
  if (!member) throw unknownMember()
  return member
}

/** The same, also of a deleted one; undefined when there is none. */
export async function holdAny(tx: Context, realm: Realm, id: string): Promise<Member | undefined> {
  await store.lock(tx, realm, id)
  return store.findAny(tx, realm, id)
}
