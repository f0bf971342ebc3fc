// Answers as they come in, read strictly: what a lenient client would put up with is a broken promise here.

const HEAD_END = '\r\n\r\n'
const STATUS_LINE = /^HTTP\/1\.1 (\d{3}) [\x20-\x7e]*$/
const HEADER = /^([A-Za-z0-9-]+): ([\x20-\x7e\x80-\xff]*)$/

export interface Answer {
  status: number
  /** By name in lower case; of repeated ones the last. */
  headers: Record<string, string>
  text: string
}

export class AnswerReader {
  /** Final answers; the interim ones are counted. */
  readonly answers: Answer[] = []
  interim = 0
  /** What is no answer, in words; nothing is read after it. */
  problem: string | undefined
  /** How many of the answers to come have no body whatever their headers say: those to HEAD. */
  bodiless = 0
  #received = Buffer.alloc(0)
  #pieces: Buffer[] = []
  #size = 0
  /** How much has to be there before it is worth another look. */
  #needed = 0

  add(piece: Buffer): void {
    this.#pieces.push(piece)
    this.#size += piece.length
    if (this.#size < this.#needed || this.problem !== undefined) return
    this.#received = Buffer.concat(this.#pieces, this.#size)
    while (this.problem === undefined && this.#takeOne());
    this.#pieces = [this.#received]
    this.#size = this.#received.length
  }

  /** Bytes of an answer that is not whole. */
  get unread(): number {
    return this.#size
  }

  #takeOne(): boolean {
    this.#needed = 0
    const end = this.#received.indexOf(HEAD_END)
    if (end < 0) return false
    const head = headOf(this.#received.toString('latin1', 0, end))
    if (typeof head === 'string') {
      this.problem = head
      return false
    }
    const start = end + HEAD_END.length
    if (head.status < 200) {
      this.interim++
      this.#received = this.#received.subarray(start)
      return true
    }
    const body = this.#bodyAt(start, head)
    if (!body) return false
    this.answers.push({ ...head, text: body.text })
    this.#received = this.#received.subarray(body.end)
    return true
  }

  /** Undefined while it is not whole. */
  #bodyAt(start: number, { status, headers }: Omit<Answer, 'text'>): { text: string; end: number } | undefined {
    if (status === 204 || status === 304 || this.bodiless > 0) {
      if (this.bodiless > 0) this.bodiless--
      return { text: '', end: start }
    }
    if (headers['transfer-encoding'] === 'chunked') return this.#chunksAt(start)
    const length = headers['content-length']
    if (length === undefined || !/^\d+$/.test(length)) {
      this.problem = `an answer without a length: ${status} ${JSON.stringify(headers)}`
      return undefined
    }
    const end = start + Number(length)
    this.#needed = end
    return this.#received.length < end ? undefined : { text: this.#received.toString('utf8', start, end), end }
  }

  #chunksAt(start: number): { text: string; end: number } | undefined {
    const pieces: Buffer[] = []
    for (let at = start; ; ) {
      const lineEnd = this.#received.indexOf('\r\n', at)
      if (lineEnd < 0) return undefined
      const size = Number.parseInt(this.#received.toString('latin1', at, lineEnd), 16)
      const end = lineEnd + 2 + size
      if (this.#received.length < end + 2) return undefined
      if (size === 0) return { text: Buffer.concat(pieces).toString(), end: end + 2 }
      pieces.push(this.#received.subarray(lineEnd + 2, end))
      at = end + 2
    }
  }
}

function headOf(text: string): Omit<Answer, 'text'> | string {
  const [line = '', ...lines] = text.split('\r\n')
  const status = STATUS_LINE.exec(line)?.[1]
  if (status === undefined) return `no status line: ${JSON.stringify(line.slice(0, 200))}`
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const [, name = '', value = ''] = HEADER.exec(line) ?? []
    if (name === '') return `no header: ${JSON.stringify(line.slice(0, 200))}`
    headers[name.toLowerCase()] = value
  }
  return { status: Number(status), headers }
}
