/** Goes on with `value` at once when it is there already: a promise costs turns that most requests need not take. */
export function whenThere<T, U>(value: T | Promise<T>, next: (value: T) => U | Promise<U>): U | Promise<U> {
  return value instanceof Promise ? value.then(next) : next(value)
}

/** Calls a hook's `done` when `work` is done, or with what it threw. */
export function finish(work: unknown, done: (error?: Error) => void): void {
  if (work instanceof Promise) work.then(() => done(), done)
  else done()
}
