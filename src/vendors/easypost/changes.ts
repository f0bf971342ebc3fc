// Partial updates: what was given, and what it changes.

type Given<T> = { [Field in keyof T]?: Exclude<T[Field], undefined> }

/** The fields that were given: an absent one takes nothing away from what it is laid over. */
export function given<T extends object>(fields: T): Given<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Given<T>
}

/** The old values of what differs. */
export function differences(before: object, after: object): Record<string, unknown> {
  const now = new Map<string, unknown>(Object.entries(after))
  return Object.fromEntries(Object.entries(before).filter(([name, value]) => now.get(name) !== value))
}
