// Requests as bytes, right and wrong ones, and bytes as a reader can repeat them.

const SHOWN_MAX = 600

/** A request of HTTP/1.1: `lines` are its headers as they stand, `host` among them only if they say so. */
export function bytesOf(line: string, lines: readonly string[], body: string | Buffer = ''): Buffer {
  return Buffer.concat([Buffer.from(`${[line, ...lines].join('\r\n')}\r\n\r\n`, 'latin1'), Buffer.from(body)])
}

/** The same with its body in chunks of `size` bytes. */
export function chunked(body: string, size: number): string {
  const pieces = body.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []
  return `${pieces.map(piece => `${Buffer.byteLength(piece).toString(16)}\r\n${piece}\r\n`).join('')}0\r\n\r\n`
}

/** Bytes escaped, and cut where there are many: for whoever repeats a failure. */
export function escaped(bytes: Buffer): string {
  const shown = JSON.stringify(bytes.toString('latin1', 0, SHOWN_MAX)).replace(
    /[\x7f-\xff]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return bytes.length > SHOWN_MAX ? `${shown} (cut; ${bytes.length} bytes)` : shown
}
