// One POST to an address that somebody else chose: nowhere private, nowhere else than checked, no redirect, no longer
// and no larger than allowed.

import type { LookupAddress } from 'node:dns'
import { lookup as systemLookup } from 'node:dns/promises'
import type { IncomingMessage, RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { LookupFunction, Socket } from 'node:net'
import { isPublicAddress, literalIn } from './addresses.ts'

// As an import it would load all that it exports, the runtime's WebSocket too: 40 ms of every start.
const { request: httpRequest } = process.getBuiltinModule('node:http')

/** All addresses of a name. Tests hand in their own. */
export type Lookup = (hostname: string) => Promise<LookupAddress[]>

export const lookupAll: Lookup = hostname => systemLookup(hostname, { all: true })

export interface Destination {
  /** http or https; user info in it is ignored. */
  url: URL
  allowPrivateAddresses: boolean
  lookup: Lookup
}

export interface OutboundPost extends Destination {
  /** All there are: none is added. */
  headers: Record<string, string>
  body: Buffer
  /** From the look-up to the end of the answer. */
  timeLimitMs: number
}

export interface OutboundAnswer {
  status: number
  headers: Record<string, string>
  /** Up to 16 KiB, as text; what follows, or comes too late, is not read. */
  body: string
}

/** No answer came; the message says why, for whoever runs the receiver. */
export class OutboundError extends Error {}

const BODY_MAX_BYTES = 16 * 1024
const HEADERS_MAX_BYTES = 16 * 1024
/** Of all that comes over a connection: hints before an answer and the sizes of chunks have no limit of their own. */
const RECEIVED_MAX_BYTES = 256 * 1024

/** Resolves with any answer, 3xx to 5xx too. Throws OutboundError when there was none. */
export async function post(request: OutboundPost): Promise<OutboundAnswer> {
  const timeLimit = AbortSignal.timeout(request.timeLimitMs)
  try {
    const addresses = await orAbort(timeLimit, permitted(request))
    return await exchange(request, addresses, timeLimit)
  } catch (error) {
    if (error instanceof OutboundError) throw error
    const tooLong = `no answer within ${request.timeLimitMs} ms`
    throw new OutboundError(timeLimit.aborted ? tooLong : reasonOf(error), { cause: error })
  }
}

/** Looked up once and every one of them checked: the connection goes to these and to no other. Throws OutboundError. */
export async function permitted({ url, lookup, allowPrivateAddresses }: Destination): Promise<LookupAddress[]> {
  const literal = literalIn(url.hostname)
  const addresses =
    literal === undefined ? await lookup(url.hostname) : [{ address: literal, family: literal.includes(':') ? 6 : 4 }]
  if (addresses.length === 0) throw new OutboundError('the host has no address')
  const refused = allowPrivateAddresses ? undefined : addresses.find(({ address }) => !isPublicAddress(address))
  if (refused) throw new OutboundError(`refused: ${refused.address} is not a public address`)
  return addresses
}

function exchange(
  { url, headers, body }: OutboundPost,
  addresses: LookupAddress[],
  signal: AbortSignal,
): Promise<OutboundAnswer> {
  const options: RequestOptions = {
    method: 'POST',
    hostname: literalIn(url.hostname) ?? url.hostname,
    port: url.port,
    path: `${url.pathname}${url.search}`,
    headers,
    // A connection of its own, which ends with the answer.
    agent: false,
    lookup: knowing(addresses),
    maxHeaderSize: HEADERS_MAX_BYTES,
    signal,
  }
  return new Promise((resolve, reject) => {
    const request = url.protocol === 'https:' ? httpsRequest(options) : httpRequest(options)
    let answered = false
    request.on('socket', endFloods)
    request.on('response', response => {
      answered = true
      const answer = { status: response.statusCode ?? 0, headers: headersOf(response) }
      readText(response).then(text => resolve({ ...answer, body: text }), reject)
    })
    // After the status nothing is an error any more: the body then is as long as it got.
    request.on('error', error => answered || reject(error))
    request.on('close', () => answered || reject(new OutboundError('the connection ended without an answer')))
    request.end(body)
  })
}

/** A receiver that sends without an end would have this process read all the time, until the time limit. */
function endFloods(socket: Socket): void {
  let received = 0
  socket.on('data', ({ length }: Buffer) => {
    received += length
    if (received <= RECEIVED_MAX_BYTES) return
    socket.destroy(new OutboundError(`no answer in the first ${RECEIVED_MAX_BYTES / 1024} KiB that came`))
  })
}

/** Answers with what was looked up and checked, whatever it is asked. */
export function knowing(addresses: LookupAddress[]): LookupFunction {
  return (_hostname, { all }, callback) => {
    const [first] = addresses
    if (all || !first) callback(null, addresses)
    else callback(null, first.address, first.family)
  }
}

/** The beginning of the body. Where it breaks off or the time is up, what came: the status has said what counts. */
async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    // Leaving the loop closes the connection.
    for await (const chunk of response) {
      chunks.push(chunk)
      size += chunk.length
      if (size >= BODY_MAX_BYTES) break
    }
  } catch {}
  // U+0000 is no text in every database.
  return Buffer.concat(chunks).subarray(0, BODY_MAX_BYTES).toString().replaceAll('\0', '\ufffd')
}

function headersOf(response: IncomingMessage): Record<string, string> {
  const entries = Object.entries(response.headersDistinct).map(([name, values]) => [name, (values ?? []).join(', ')])
  return Object.fromEntries(entries)
}

export function orAbort<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    work.then(resolve, reject)
  })
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error)
}
