// The attacks in their order, and how much of each.

import { aborts, leavers } from './aborts.ts'
import { assail } from './attacks.ts'
import { bodies } from './bodies.ts'
import { idle, resets, unread } from './crowds.ts'
import { framing } from './framing.ts'
import { fuzz } from './fuzz.ts'
import { headerLines } from './header-lines.ts'
import { pipelines } from './pipelines.ts'
import { requestLines } from './request-lines.ts'
import type { Siege } from './siege.ts'

/** How much of everything. */
export interface Size {
  /** One in so many of the attacks in tables. */
  share: number
  pipelines: number
  /** Places to break off anywhere, beside the kinds of places that there are. */
  aborts: number
  leavers: number
  idle: number
  unread: { clients: number; ms: number }
  resets: number
  mutations: number
}

/** Each with what it is named for. */
export function wavesOf(siege: Siege, pid: number, size: Size): Record<string, () => Promise<void>> {
  return {
    'lengths in doubt': () => assail(siege, framing, size.share),
    'request lines': () => assail(siege, requestLines, size.share),
    'header lines': () => assail(siege, headerLines, size.share),
    bodies: () => assail(siege, bodies, size.share),
    pipelines: () => pipelines(siege, size.pipelines),
    'requests broken off': () => aborts(siege, size.aborts, size.share),
    'clients that leave': () => leavers(siege, size.leavers),
    'idle connections': () => idle(siege, size.idle),
    'clients that do not read': () => unread(siege, pid, size.unread.clients, size.unread.ms),
    'resets within answers': () => resets(siege, size.resets),
    mutations: () => fuzz(siege, size.mutations),
  }
}
