/** The only source of time. Tests hand in a clock that they move. */
export interface Clock {
  /** Milliseconds since the epoch, UTC. */
  now(): number
}

export const systemClock: Clock = { now: () => Date.now() }

/** The fixed-width UTC text that every timestamp column holds: `2026-03-04T09:30:00.000Z`; sorts like time. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString()
}
