// Every way in which a mail server can fail.

import type { Socket } from 'node:net'
import type { Random } from '../random.ts'

/** What the server has just been told, or done. */
export type Stage = 'connection' | 'EHLO' | 'STARTTLS' | 'AUTH' | 'MAIL' | 'RCPT' | 'DATA' | 'end of data'

export interface SmtpWay {
  stage: Stage
  /** Instead of an answer. `said` is the line, or the mail, that it would be an answer to. */
  act(socket: Socket, said: string): void
  /** Whether it has the mail all the same: the one moment of which nobody can know. */
  hasIt?: true
  /** Seconds that an attempt lasts. */
  waits?: number
}

const STAGES: Stage[] = ['connection', 'EHLO', 'AUTH', 'MAIL', 'RCPT', 'DATA', 'end of data']
const DRIP_MS = 1000
const FLOOD_TURN_MS = 1
const KIB = 1024

/** Those that are over at once. */
export function quickSmtpWays(random: Random): Record<string, SmtpWay> {
  const noise = random.bytes(KIB)
  const atEach = STAGES.flatMap<[string, SmtpWay]>(stage => [
    [`4xx at ${stage}`, refusing(stage, `${random.pick([421, 450, 451, 452])} come back later`)],
    [`5xx at ${stage}`, refusing(stage, `${random.pick([550, 552, 553, 554])} never`)],
    [
      `closed at ${stage}`,
      { stage, act: socket => void socket.end(), ...(stage === 'end of data' && { hasIt: true }) },
    ],
    [
      `reset at ${stage}`,
      { stage, act: socket => void socket.resetAndDestroy(), ...(stage === 'end of data' && { hasIt: true }) },
    ],
    [`noise at ${stage}`, { stage, act: socket => void socket.end(noise) }],
  ])
  return {
    ...Object.fromEntries(atEach),
    'a refusal with U+0000': refusing('RCPT', '550 no\0body'),
    'a refusal that is no text': {
      stage: 'MAIL',
      act: socket => void socket.write(Buffer.from([0x35, 0x35, 0x30, 0x20, 0xff, 0, 0xed, 0xa0, 0x80, 13, 10])),
    },
    'a refusal of 500 KiB': refusing('MAIL', `550 ${'x'.repeat(500 * KIB)}`),
    'a refusal that repeats the mail': {
      stage: 'end of data',
      act: (socket, said) =>
        answer(
          socket,
          `${said
            .split(/\r?\n/)
            .filter(line => line !== '')
            .map(line => `554-${line}`)
            .join('\r\n')}\r\n554 spam`,
        ),
    },
    'a refusal that repeats the password': {
      stage: 'AUTH',
      act: (socket, said) =>
        answer(
          socket,
          `535 ${said} is ${Buffer.from(said.split(' ').at(-1) ?? '', 'base64')
            .toString()
            .replaceAll('\0', ' ')}`,
        ),
    },
    'a reply of lines without an end': {
      stage: 'EHLO',
      act: socket => flood(socket, `250-${'x'.repeat(100)}\r\n`.repeat(10)),
    },
    'a line without an end': { stage: 'RCPT', act: socket => flood(socket, 'x'.repeat(KIB)) },
    'replies that nobody asked for': { stage: 'EHLO', act: socket => flood(socket, '150 wait\r\n'.repeat(100)) },
    'a TLS that it does not have': { stage: 'STARTTLS', act: socket => answer(socket, '454 not now') },
    'a TLS of noise': {
      stage: 'STARTTLS',
      act: socket => {
        answer(socket, '220 go on')
        socket.write(noise)
      },
    },
    'a TLS that is reset': {
      stage: 'STARTTLS',
      act: socket => {
        answer(socket, '220 go on')
        socket.once('data', () => socket.resetAndDestroy())
      },
    },
  }
}

/** Those that take their time. */
export function slowSmtpWays(): Record<string, SmtpWay> {
  return {
    'no greeting': { stage: 'connection', waits: 10, act: () => {} },
    'a greeting of a byte a second': {
      stage: 'connection',
      waits: 10,
      act: socket => drip(socket, '220 '.padEnd(KIB, 'x')),
    },
    'silence after EHLO': { stage: 'EHLO', waits: 20, act: () => {} },
    'a TLS that never ends its handshake': { stage: 'STARTTLS', waits: 20, act: socket => answer(socket, '220 go on') },
    'silence after the end of data': { stage: 'end of data', hasIt: true, waits: 20, act: () => {} },
  }
}

/** As slow as no silence is: only the limit of the whole attempt ends it. */
export const dripping: SmtpWay = { stage: 'MAIL', waits: 120, act: socket => drip(socket, '250-'.padEnd(KIB, 'x')) }

export const refusesEverybody: SmtpWay = { stage: 'connection', act: socket => answer(socket, '554 nobody') }

function refusing(stage: Stage, line: string): SmtpWay {
  return { stage, act: socket => answer(socket, line) }
}

function answer(socket: Socket, line: string): void {
  socket.write(`${line}\r\n`)
}

function drip(socket: Socket, text: string): void {
  let sent = 0
  const timer = setInterval(() => socket.write(text[sent++ % text.length] ?? ''), DRIP_MS)
  socket.on('close', () => clearInterval(timer))
}

function flood(socket: Socket, more: string): void {
  const pour = () => {
    while (!socket.destroyed && socket.write(more));
    if (!socket.destroyed) socket.once('drain', () => setTimeout(pour, FLOOD_TURN_MS))
  }
  pour()
}
