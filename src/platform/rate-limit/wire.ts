// How limits are written in bodies and seeds.

import { Type } from 'typebox'

/** Requests per second. Beyond a million there is nothing to limit, and not every store keeps the number. */
export const PerSecond = Type.Integer({ minimum: 1, maximum: 1_000_000 })
