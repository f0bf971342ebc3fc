// A person at AfterShip holds keys, and grants that they gave to apps.

import { withTransaction } from '../../platform/context.ts'
import { type Holders, keyHolders } from '../../platform/credentials/holders.ts'
import * as accounts from './accounts.store.ts'
import * as grants from './grants.ts'
import * as memberships from './memberships.store.ts'

const keys = keyHolders('aftership')

export const holders: Holders = {
  offboard: (ctx, principal, email, cause) => {
    const actor = { ...principal, vendor: 'aftership' }
    // In turn with the end of an app: this goes through the organizations twice, for the grants and for the keys.
    return withTransaction(ctx, actor, async tx => {
      const account = await accounts.findByEmail(tx, email)
      // For good: whoever comes back consents anew.
      if (account) await grants.endOfAccount(tx, actor, account.id, 'offboarded')
      return keys.offboard(tx, principal, email, cause)
    })
  },
  restore: keys.restore,
  isPresent: async (ctx, tenant, email) => {
    const account = await accounts.findByEmail(ctx, email)
    return account !== undefined && (await memberships.findByAccount(ctx, tenant, account.id)) !== undefined
  },
}
