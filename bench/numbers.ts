/** The middle one of `values`, or the mean of the two in the middle; NaN when there are none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const around = sorted.slice(Math.ceil(middle) - 1, Math.floor(middle) + 1)
  return around.reduce((sum, value) => sum + value, 0) / around.length
}

/** Lines of cells as aligned columns: the first `toTheLeft` to the left, the rest to the right. */
export function table(lines: string[][], toTheLeft = 1): string {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map(line => line[column]?.length ?? 0)))
  const padded = (cell: string, column: number) =>
    column < toTheLeft ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)
  return lines.map(line => line.map(padded).join('  ').trimEnd()).join('\n')
}

/** The value that `share` (0 to 1) of `values` do not exceed; NaN when there are none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}

/** Places from 0 to 1, evenly spread and in no order. */
export function spread(n: number): number {
  return (n * 0.618034) % 1
}
