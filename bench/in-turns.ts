// Requests of several kinds to several servers in turns, one at a time, so that whatever else the machine does hits all
// alike.

export interface Operation<Target> {
  name: string
  /** Sends the n-th request of this kind. */
  send(target: Target, n: number): Promise<unknown>
}

export interface Measured<Kind> {
  operation: Kind
  /** Milliseconds that each request took, for each of the targets. */
  times: number[][]
}

/** Takes turns between the operations and, for each, between the targets. The first `warmUp` rounds do not count. */
export async function measureInTurns<Target, Kind extends Operation<Target>>(
  operations: readonly Kind[],
  targets: readonly Target[],
  { warmUp, samples }: { warmUp: number; samples: number },
): Promise<Measured<Kind>[]> {
  const measured = operations.map(operation => ({ operation, times: targets.map((): number[] => []) }))
  for (let n = 0; n < warmUp + samples; n++) {
    for (const { operation, times } of measured) {
      for (const [index, target] of targets.entries()) {
        const startedAt = performance.now()
        await operation.send(target, n)
        if (n >= warmUp) times[index]?.push(performance.now() - startedAt)
      }
    }
  }
  return measured
}
