// Who gets webhooks and mails: both take what comes, some of it late, refuse a little, and count every message.

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'
import type { Random } from '../random.ts'

/** So slow that a kill finds some of them under way. */
const SLOW_MS = 150
const SLOW = 0.3

export interface Receivers {
  webhooks: string
  smtp: string
  /** How often each body came to a path: `/path body`. */
  posted: Map<string, number>
  /** How often each mail was taken whole, by its Message-ID. */
  mailed: Map<string, number>
  /** From now on nothing is refused. */
  takeAll(): void
  close(): Promise<void>
}

/** `refused`: how much of what comes, from 0 to 1. */
export async function startReceivers(random: Random, refused: number): Promise<Receivers> {
  const posted = new Map<string, number>()
  const mailed = new Map<string, number>()
  let refusing = refused
  const web = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', piece => (body += piece))
    request.on('end', () => {
      add(posted, `${request.url} ${body}`)
      const status = random.chance(refusing) ? 500 : 200
      setTimeout(() => response.writeHead(status).end(), random.chance(SLOW) ? random.below(SLOW_MS) : 0)
    })
  })
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onRcptTo: (_address, _session, done) =>
      random.chance(refusing) ? done(Object.assign(new Error('mailbox busy'), { responseCode: 451 })) : done(),
    onData(stream, _session, done) {
      let text = ''
      stream.setEncoding('utf8').on('data', piece => (text += piece))
      stream.on('end', () => {
        add(mailed, /^Message-ID: (\S+)/im.exec(text)?.[1] ?? '')
        done()
      })
    },
  })
  // Whoever is killed in the middle of a conversation ends it.
  smtp.on('error', () => {})
  web.listen(0, '127.0.0.1')
  smtp.listen(0, '127.0.0.1')
  await Promise.all([once(web, 'listening'), once(smtp.server, 'listening')])
  const portOf = (address: unknown) => (address as AddressInfo).port
  return {
    webhooks: `http://127.0.0.1:${portOf(web.address())}`,
    smtp: `smtp://127.0.0.1:${portOf(smtp.server.address())}`,
    posted,
    mailed,
    takeAll() {
      refusing = 0
    },
    async close() {
      web.closeAllConnections()
      await Promise.all([new Promise(done => web.close(done)), new Promise<void>(done => smtp.close(() => done()))])
    },
  }
}

function add(counts: Map<string, number>, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1)
}
