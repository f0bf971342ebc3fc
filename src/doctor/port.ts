import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { createServer } from 'node:net'
import type { Config } from '../config.ts'
import { type Check, type Finding, failure, ok, quoted, warning } from './check.ts'
import type { Subject } from './subject.ts'

const ANSWER_MS = 3000
const ANSWER_MAX_BYTES = 4096
const FREE_PORT = 'choose another with --port, or stop what has it'

const REASONS: Record<string, [found: string, advice: string]> = {
  EADDRINUSE: ['is in use by something that is no Understudy', FREE_PORT],
  EADDRNOTAVAIL: ['is no address of this machine', 'choose another with --host'],
  EACCES: ['is not for us to listen on', 'choose a port above 1023, or grant the right to'],
}

interface Readiness {
  status: unknown
  reason: unknown
  warnings: unknown[]
}

/** Free, or an Understudy's. */
export const port: Check = {
  name: 'port',
  async run(subject) {
    const { host, port, tls } = subject.config
    const place = `${host.includes(':') ? `[${host}]` : host}:${port}`
    if (port === 0) return [ok('any that is free')]
    const answer = await readiness(subject.config)
    if (answer?.status === 'ready') {
      const warnings = answer.warnings.map(text => warning(`it warns of ${quoted(subject, text)}`, 'see its log'))
      return [ok(`an Understudy answers on ${place}${tls ? ' by HTTPS' : ''}, and is ready`), ...warnings]
    }
    if (answer?.status === 'unready') {
      const found = `an Understudy answers on ${place}, and is not ready: ${quoted(subject, answer.reason)}`
      return [failure(found, 'mend what it says')]
    }
    return [await tryToListen(subject, place)]
  },
}

/** What `/ready` says there; undefined where nobody answers, or somebody else. */
async function readiness({ host, port, tls }: Config): Promise<Readiness | undefined> {
  const options = {
    host: host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host,
    port,
    path: '/ready',
    agent: false,
    signal: AbortSignal.timeout(ANSWER_MS),
  }
  // Whose it is shows in what it says; whether the certificate is good, the check of TLS says.
  const request = tls ? httpsRequest({ ...options, rejectUnauthorized: false }) : httpRequest(options)
  try {
    const [response] = (await once(request.end(), 'response')) as [IncomingMessage]
    const said: unknown = JSON.parse(await beginningOf(response))
    if (typeof said !== 'object' || said === null || !('status' in said)) return undefined
    const warnings = 'warnings' in said && Array.isArray(said.warnings) ? said.warnings : []
    return { status: said.status, reason: 'reason' in said ? said.reason : '', warnings }
  } catch {
    return undefined
  } finally {
    request.on('error', () => {}).destroy()
  }
}

async function beginningOf(response: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of response) {
    text += chunk
    if (text.length > ANSWER_MAX_BYTES) break
  }
  return text
}

/** Listens for a moment; nobody is answered. */
async function tryToListen(subject: Subject, place: string): Promise<Finding> {
  const { host, port } = subject.config
  const server = createServer(socket => socket.destroy())
  try {
    server.listen({ host, port })
    await once(server, 'listening')
    return ok(`${place} is free`)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    const [found, advice] = REASONS[code] ?? [`cannot be listened on: ${quoted(subject, error)}`, FREE_PORT]
    return failure(`${place} ${found}`, advice)
  } finally {
    server.close()
  }
}
