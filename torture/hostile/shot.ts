// One request as it goes out, byte for byte, and how it is told so that somebody can repeat it.

export interface Shot {
  method: string
  /** The request target as sent: each character is one byte. */
  target: string
  /** As sent, in this order, names repeated or not; each character is one byte. */
  headers: [name: string, value: string][]
  body: Buffer | undefined
  /** What was done to a good request; nothing where it is as good as it was made. */
  changes: readonly string[]
}

const SHOWN_TARGET = 300
const SHOWN_BODY = 500
const SHOWN_VALUE = 80
/** Of a secret as much as tells two apart. */
const SHOWN_SECRET = 6
const SECRET = /^(authorization|as-api-key|as-access-token|as-signature-.*|x-api-key|cookie)$/i

export function bytesOf({ method, target, headers, body }: Shot): Buffer {
  const sized: Shot['headers'] = body === undefined ? [] : [['content-length', String(body.length)]]
  const lines = [['host', '127.0.0.1'], ...headers, ...sized].map(([name, value]) => `${name}: ${value}`)
  const head = Buffer.from([`${method} ${target} HTTP/1.1`, ...lines, '', ''].join('\r\n'), 'latin1')
  return body === undefined ? head : Buffer.concat([head, body])
}

/** The request line, the headers without secrets, and the body, all cut. */
export function tellOf({ method, target, headers, body, changes }: Shot): string {
  const shown = headers.map(([name, value]) => {
    const most = SECRET.test(name) ? SHOWN_SECRET : SHOWN_VALUE
    return `${cut(name, SHOWN_VALUE)}: ${cut(value, most)}`
  })
  const parts = [`${method} ${cut(target, SHOWN_TARGET)}`, `{${shown.join(', ')}}`]
  if (body !== undefined) parts.push(`${body.length} bytes ${cut(body.toString('latin1'), SHOWN_BODY)}`)
  return `${parts.join(' ')} [${changes.join('; ')}]`
}

function cut(text: string, most: number): string {
  const escaped = JSON.stringify(text.slice(0, most)).slice(1, -1)
  return text.length > most ? `${escaped}… (${text.length})` : escaped
}
