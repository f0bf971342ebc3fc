// What holds for every vendor alike, in its own dialect: who may not enter is refused, what is broken or too large is
// refused, nothing of a secret comes back, and nothing was changed. A vendor is one entry in the table.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as credentials from '../src/platform/credentials/credentials.ts'
import { vendors } from '../src/vendors/index.ts'
import { control } from './aftership.support.ts'
import { exchangeBytes, openClient, type SocketReply } from './socket.ts'
import { SECOND, startApp, type TestApp } from './support.ts'
import { type NamedRequest, type Refused, table } from './vendors.subjects.ts'

test('every vendor is in the table', () => {
  assert.deepEqual(
    vendors.map(vendor => vendor.name),
    Object.keys(table),
  )
})

const MIB = 1024 * 1024

for (const [name, subject] of Object.entries(table)) {
  test(name, async t => {
    const app = await startApp(subject.seed)
    const origin = await app.app.listen()
    const client = openClient(origin)
    const replies: SocketReply[] = []
    const { good, disabled, limited } = subject.keys
    await disable(app, disabled)
    await app.newEvents()

    const send = async (request: NamedRequest, key?: string): Promise<SocketReply> => {
      const reply = await client({
        ...request,
        headers: { ...(key === undefined ? {} : subject.auth(key)), ...request.headers },
      })
      replies.push(reply)
      return reply
    }
    const assertRefused = (reply: SocketReply, refused: Refused, what: string) => {
      assert.equal(reply.status, subject.statusOf[refused], what)
      subject.assertEnvelope(reply)
    }
    /** Runs the cases as one test, after which nothing was changed and the server is as well as before. */
    const guarantee = (title: string, cases: () => Promise<void>) =>
      t.test(title, async () => {
        // A second of its own: where requests without a good key are limited too.
        app.clock.advance(SECOND)
        await cases()
        await app.assertEvents()
        assert.equal((await send(subject.read, good)).status, 200)
        assert.deepEqual(
          app.log.filter(line => line.level === 'error' || line.level === 'fatal'),
          [],
        )
      })
    const { read, write } = subject
    const unknown = { path: subject.unknownPath }

    await guarantee('no key', async () => {
      for (const request of [read, { ...write, body: '{}' }, { ...write, body: '{' }, ...subject.foreign]) {
        assertRefused(await send(request), 'unauthenticated', JSON.stringify(request))
      }
    })

    await guarantee('a wrong key: unknown, cut, longer, in another case, another kind of secret', async () => {
      const wrong = ['wrong_key_0123456789', good.slice(0, -1), `${good}x`, good.toUpperCase(), 'ust_operator_token']
      for (const key of wrong) {
        const refused = subject.malformedKeys.includes(key) ? 'unauthenticated' : 'inactive'
        assertRefused(await send(read, key), refused, key)
      }
    })

    await guarantee('a disabled key', async () => {
      for (const request of [read, { ...write, body: '{}' }, ...subject.foreign]) {
        assertRefused(await send(request, disabled), 'inactive', JSON.stringify(request))
      }
    })

    await guarantee("another tenant's resource is not there", async () => {
      for (const request of subject.foreign)
        assertRefused(await send(request, good), 'foreign', JSON.stringify(request))
    })

    await guarantee('an unknown path, with a key and without', async () => {
      assertRefused(await send(unknown, good), 'notFound', 'with a key')
      assertRefused(await send(unknown), subject.pathFirst ? 'notFound' : 'unauthenticated', 'without')
    })

    await guarantee('a wrong method', async () => {
      for (const request of subject.wrongMethods) {
        assertRefused(await send(request, good), 'wrongMethod', JSON.stringify(request))
      }
    })

    await guarantee('broken JSON', async () => {
      for (const body of ['{', '{"a":', 'null x', '\u0000', Buffer.from([0xc3, 0x28])]) {
        const headers = { 'content-type': 'application/json' }
        assertRefused(await send({ ...write, headers, body }, good), 'malformed', String(body))
      }
    })

    await guarantee('a body of more than 1 MiB, by its length and in chunks, with a key and without', async () => {
      const body = Buffer.alloc(MIB + 1, ' ')
      for (const key of [good, undefined]) {
        for (const headers of [{}, { 'transfer-encoding': 'chunked' }]) {
          for (const [request, refused] of [
            [write, 'bodyTooLarge'],
            [{ ...read, method: 'GET' }, subject.bodyRead === 'later' ? 'bodyTooLarge' : undefined],
            [unknown, 'notFound'],
          ] as const) {
            const first = firstRefusal(request, key, refused)
            const reply = await send({ ...request, headers, body }, key)
            if (first === undefined) assert.equal(reply.status, 200)
            else assertRefused(reply, first, `${key} ${JSON.stringify({ ...request, headers })}`)
            subject.assertHeaders(reply.headers)
          }
        }
      }
    })

    /** Which of the checks that a request with too large a body fails comes first; `last` is the one after the key. */
    function firstRefusal(request: NamedRequest, key: string | undefined, last: Refused | undefined) {
      if (subject.bodyRead === 'first') return 'bodyTooLarge'
      if (subject.pathFirst && request === unknown) return 'notFound'
      return key === undefined ? 'unauthenticated' : last
    }

    await guarantee('a body that is only announced as too large is refused before it comes', async () => {
      const lines = [`${write.method} ${write.path} HTTP/1.1`, 'host: x', `content-length: ${1024 * MIB}`]
      const headers = Object.entries(subject.auth(good)).map(([field, value]) => `${field}: ${value}`)
      const text = await exchangeBytes(origin, `${[...lines, ...headers].join('\r\n')}\r\n\r\n{`, isWhole)
      assertRefused(parseReply(text), 'bodyTooLarge', 'announced')
    })

    for (const size of [17, 70]) {
      await guarantee(`headers of ${size} KiB`, async () => {
        assertRefused(await withLargeHeaders(size), 'headersTooLarge', `${size} KiB`)
      })

      await guarantee(
        `headers of ${size} KiB: the answer has the headers of every answer, and its id is in the log`,
        async () => {
          assertTraced(await withLargeHeaders(size))
        },
      )
    }

    function assertTraced({ headers }: SocketReply): void {
      const id = subject.assertHeaders(headers)
      const last = app.log.findLast(line => line.reqId !== undefined)
      assert.ok(id === undefined ? Number(last?.status) >= 400 : app.log.some(line => line.reqId === id))
    }

    async function withLargeHeaders(kibibytes: number): Promise<SocketReply> {
      const headers = { ...subject.auth(good), 'x-large': 'x'.repeat(kibibytes * 1024) }
      const lines = Object.entries(headers).map(([field, value]) => `${field}: ${value}\r\n`)
      const bytes = `GET ${read.path} HTTP/1.1\r\nhost: x\r\n${lines.join('')}\r\n`
      return parseReply(await exchangeBytes(origin, bytes, isWhole))
    }

    const heads = ['content-length: x', 'transfer-encoding: gzip', 'content-length: 1\r\ncontent-length: 2', 'no colon']
    const broken = async (head: string) => {
      const bytes = `${write.method} ${write.path} HTTP/1.1\r\nhost: x\r\n${head}\r\n\r\n`
      return parseReply(await exchangeBytes(origin, bytes, isWhole))
    }

    await guarantee('what is no HTTP', async () => {
      for (const head of heads) assertRefused(await broken(head), 'malformed', head)
    })

    await guarantee(
      'what is no HTTP: the answer has the headers of every answer, and its id is in the log',
      async () => {
        for (const head of heads) assertTraced(await broken(head))
      },
    )

    await guarantee('a broken escape in the path', async () => {
      for (const path of subject.brokenPaths) {
        assertRefused(await send({ path }, good), 'brokenPath', path)
        assertRefused(await send({ ...write, path, body: '{}' }, good), 'brokenPath', path)
        assertRefused(await send({ path }), 'unauthenticated', path)
      }
    })

    await guarantee('a broken escape in the query', async () => {
      for (const query of ['%', '%zz=%', 'page=%E4%', '&=&&%&', '__proto__=1&constructor=2']) {
        assert.equal((await send({ ...read, path: `${read.path}?${query}` }, good)).status, 200, query)
      }
    })

    await guarantee('the limit reached: refused whatever is asked, and not for others', async () => {
      for (let used = 0; used < subject.limit; used++) {
        assert.notEqual((await send(read, limited)).status, subject.statusOf.rateLimited)
      }
      for (const request of [read, { ...write, body: '{}' }, ...subject.foreign]) {
        assertRefused(await send(request, limited), 'rateLimited', JSON.stringify(request))
      }
      assertRefused(await send(unknown, limited), subject.pathFirst ? 'notFound' : 'rateLimited', 'unknown')
    })

    await guarantee('no key and no secret in any answer or log line', async () => {
      const written = JSON.stringify([replies, app.log])
      for (const secret of [...Object.values(subject.keys), 'wrong_key_0123456789', 'ust_operator_token']) {
        assert.ok(!written.includes(secret), secret)
      }
      assert.ok(replies.length > 50)
    })

    await guarantee('every answer had the headers of every answer, and no error told of our code', async () => {
      for (const { headers, text } of replies) {
        subject.assertHeaders(headers)
        assert.doesNotMatch(text, /FST_|node_modules|\.ts|SQLITE|Error:|stack/)
      }
    })
  })
}

async function disable(app: TestApp, key: string): Promise<void> {
  const credential = await credentials.find(app.app.context, key)
  assert.ok(credential)
  await control(app, 'POST', `/keys/${credential.id}/disable`)
}

/** Whether a reply with a content-length is all there. */
function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  const length = /^content-length: (\d+)\r$/im.exec(text.slice(0, end + 1))?.[1]
  return end !== -1 && length !== undefined && text.length >= end + 4 + Number(length)
}

function parseReply(text: string): SocketReply {
  const [head = '', body = ''] = text.split('\r\n\r\n')
  const [statusLine = '', ...lines] = head.split('\r\n')
  const headers = Object.fromEntries(
    lines.map(line => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
  return { status: Number(statusLine.split(' ')[1]), headers, text: body }
}
