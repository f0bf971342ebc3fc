// The file that a server's SQLite has open: whether it is still where it was, and whole. One that was removed or replaced
// would go on taking changes, which nobody would ever see again; one that is damaged would answer wrongly.

import { statSync } from 'node:fs'
import { DomainError } from '../errors.ts'
import type { Log } from '../log.ts'
import { isBusy, isDamaged, toldOfFile } from './sqlite-errors.ts'

/** How soon it is noticed without a change. */
const LOOK_MS = 1000
const MOVED =
  'the database file was removed or replaced while the server ran on it; put it back, or stop the server and start it on what shall be served'

export class SqliteFile {
  readonly #log: Log | undefined
  readonly #refused: (reason: string) => void
  /** The files by their paths, and what each is known by; null as long as it was not seen. */
  readonly #files: Map<string, string | null>
  readonly #timer: NodeJS.Timeout
  #moved: DomainError | undefined
  #damaged: DomainError | undefined

  /** `refused` is told why, where the file system refuses a change. A store in memory has no path. */
  constructor(path: string | undefined, log: Log | undefined, refused: (reason: string) => void) {
    this.#log = log
    this.#refused = refused
    this.#files = new Map(path === undefined ? [] : [path, `${path}-wal`].map(name => [name, null]))
    this.#look()
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref()
  }

  /** Throws `unavailable` where the file is not to be used. */
  assertUsable(): void {
    const trouble = this.#damaged ?? this.#moved
    if (trouble) throw trouble
  }

  /** To be called after a commit, and before anybody is told of it: throws where it went into a file that is gone. */
  assertThere(): void {
    this.#look()
    this.assertUsable()
  }

  /** What to throw for an error of SQLite's. `changing` says whether something was to be changed. */
  told(error: unknown, changing: boolean): unknown {
    const shown = toldOfFile(error)
    if (shown === error || !(shown instanceof DomainError)) return error
    if (isDamaged(error)) {
      if (!this.#damaged) this.#log?.fatal({ err: error }, `nothing is served any more: ${shown.message}`)
      this.#damaged ??= shown
    } else if (changing && !isBusy(error)) this.#refused(shown.message)
    return shown
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    const moved = this.#files.entries().some(([path, known]) => {
      const found = identityOf(path)
      if (known === null && found) this.#files.set(path, found)
      return known !== null && found !== undefined && found !== known
    })
    if (moved === (this.#moved !== undefined)) return
    this.#moved = moved ? new DomainError('unavailable', MOVED) : undefined
    if (moved) this.#log?.fatal(`nothing is served any more: ${MOVED}`)
    else this.#log?.info('the database file is back')
  }
}

/** Empty where nothing is there; undefined where that cannot be told. */
function identityOf(path: string): string | undefined {
  try {
    const stats = statSync(path, { throwIfNoEntry: false })
    return stats ? `${stats.dev} ${stats.ino}` : ''
  } catch {
    return undefined
  }
}
