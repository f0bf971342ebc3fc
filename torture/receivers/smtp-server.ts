// A mail server on loopback that fails in whatever way it is told, and keeps count of the mails it has.

import { createServer, type Socket } from 'node:net'
import { freePort } from '../../bench/ports.ts'
import type { SmtpWay, Stage } from './smtp-ways.ts'

export const SMTP_PASSWORD = 'smtp-password-of-torture'

export interface HostileSmtp {
  settings: { url: string; from: string }
  /** How often it has each recipient's mails, by Message-ID; those that it said no word about too. */
  has: Map<string, Map<string, number>>
  /** Of them, those that it acknowledged. */
  acknowledged: Map<string, number>
  /** Connections that are open now. */
  open(): number
  connections(): number
  /** Fails this way from now on; takes everything without one. */
  set(way: SmtpWay | undefined): void
  /** Refuses this recipient for good. */
  poison(recipient: string): void
  down(): Promise<void>
  up(): Promise<void>
  close(): void
}

export async function startSmtp(): Promise<HostileSmtp> {
  const sockets = new Set<Socket>()
  const has = new Map<string, Map<string, number>>()
  const acknowledged = new Map<string, number>()
  const poisoned = new Set<string>()
  let way: SmtpWay | undefined
  let connections = 0

  const serve = (socket: Socket) => {
    const mine = way
    /** Answers, unless this is where it fails. */
    const reply = (stage: Stage, said: string, line: string) =>
      mine?.stage === stage ? mine.act(socket, said) : void socket.write(`${line}\r\n`)
    let [text, recipient, isData] = ['', '', false]
    const onMail = (mail: string) => {
      const id = /^message-id: *(\S+)/im.exec(mail)?.[1] ?? ''
      const keeps = mine?.stage !== 'end of data' || mine.hasIt === true
      if (keeps) countIn(has, recipient, id)
      if (mine?.stage !== 'end of data') acknowledged.set(id, (acknowledged.get(id) ?? 0) + 1)
      reply('end of data', mail, '250 taken')
    }
    const onLine = (line: string) => {
      const [verb = ''] = line.toUpperCase().split(' ')
      if (verb === 'EHLO') {
        const tls = mine?.stage === 'STARTTLS' ? '250-STARTTLS\r\n' : ''
        return reply('EHLO', line, `250-hostile.test\r\n${tls}250 AUTH PLAIN`)
      }
      if (verb === 'STARTTLS') return reply('STARTTLS', line, '454 none')
      if (verb === 'AUTH') return reply('AUTH', line, '235 welcome')
      if (verb === 'MAIL') return reply('MAIL', line, '250 ok')
      if (verb === 'RCPT') {
        recipient = /<(.*)>/.exec(line)?.[1] ?? ''
        return reply('RCPT', line, poisoned.has(recipient) ? '550 nobody of that name' : '250 ok')
      }
      if (verb === 'DATA') {
        isData = mine?.stage !== 'DATA'
        return reply('DATA', line, '354 go on')
      }
      if (verb === 'QUIT') return void socket.end('221 bye\r\n')
      // HELO after a refused EHLO is refused as well.
      socket.write(mine?.stage === 'EHLO' ? '550 neither\r\n' : '250 ok\r\n')
    }
    socket.on('data', chunk => {
      text += chunk.toString('latin1')
      for (;;) {
        const separator = isData ? '\r\n.\r\n' : '\r\n'
        const end = text.indexOf(separator)
        if (end < 0) return
        const piece = text.slice(0, end)
        text = text.slice(end + separator.length)
        if (isData) onMail(piece)
        else onLine(piece)
        if (isData && separator !== '\r\n') isData = false
      }
    })
    reply('connection', '', '220 hostile.test ESMTP')
  }

  const server = createServer(socket => {
    connections++
    sockets.add(socket.on('error', () => {}))
    socket.on('close', () => sockets.delete(socket))
    serve(socket)
  })
  const listen = (port: number) => new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  const port = await freePort()
  await listen(port)
  const drop = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    settings: { url: `smtp://torture:${SMTP_PASSWORD}@127.0.0.1:${port}`, from: 'Torture <noreply@torture.test>' },
    has,
    acknowledged,
    open: () => sockets.size,
    connections: () => connections,
    set(next) {
      way = next
    },
    poison: recipient => void poisoned.add(recipient),
    async down() {
      const closed = new Promise(resolve => server.close(resolve))
      drop()
      await closed
    },
    up: () => listen(port),
    close() {
      server.close()
      drop()
    },
  }
}

function countIn(counts: Map<string, Map<string, number>>, recipient: string, id: string): void {
  const ids = counts.get(recipient) ?? new Map<string, number>()
  counts.set(recipient, ids.set(id, (ids.get(id) ?? 0) + 1))
}
