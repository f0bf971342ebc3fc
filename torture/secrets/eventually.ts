import { setTimeout as sleep } from 'node:timers/promises'

const TURN_MS = 50
const LIMIT_MS = 60_000

/** Waits until something is so. Throws when it is not within a minute. */
export async function eventually(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + LIMIT_MS
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`within a minute it was not so that ${what}`)
    await sleep(TURN_MS)
  }
}
