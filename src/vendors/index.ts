import { aftership } from './aftership/index.ts'
import { easypost } from './easypost/index.ts'
import { memberstack } from './memberstack/index.ts'
import type { Vendor } from './vendor.ts'

/** The vendors that this server speaks, in the order in which they are shown. */
export const vendors: readonly Vendor[] = [aftership, easypost, memberstack]
