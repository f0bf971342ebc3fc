// Who stays and who goes: the members of a store are counted from 0, and the last of them come and go under load.

/** How many stay for as long as the load lasts. */
export function allBut(size: number, leaving: number): number {
  return size - leaving
}

/** The numbers of those who go. */
export function theLast(size: number, leaving: number): number[] {
  return Array.from({ length: leaving }, (_, n) => allBut(size, leaving) + n)
}
