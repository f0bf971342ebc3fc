// Requests to addresses that somebody else chose: where they go, how long they take, how much of the answer is read.

import assert from 'node:assert/strict'
import type { LookupAddress } from 'node:dns'
import { createServer } from 'node:net'
import test, { after } from 'node:test'
import { hang, startReceiver, theOnly } from '../../../test/receiver.ts'
import { type OutboundAnswer, OutboundError, type OutboundPost, post } from './post.ts'

const LIMIT_MS = 10_000

function send(url: string, options: Partial<OutboundPost> = {}): Promise<OutboundAnswer> {
  return post({
    url: new URL(url),
    headers: { host: new URL(url).host, connection: 'close', 'content-length': '4' },
    body: Buffer.from('body'),
    timeLimitMs: LIMIT_MS,
    allowPrivateAddresses: true,
    lookup: async () => assert.fail('nothing is to be looked up'),
    ...options,
  })
}

function assertNoAnswer(sent: Promise<OutboundAnswer>, message: RegExp): Promise<void> {
  return assert.rejects(sent, (error: unknown) => {
    assert.ok(error instanceof OutboundError)
    assert.match(error.message, message)
    return true
  })
}

test('headers and body arrive as given, with none added', async () => {
  const receiver = await startReceiver()
  const host = `127.0.0.1:${receiver.port}`
  const answer = await send(`${receiver.url}/a/b?c=d`)
  assert.deepEqual([answer.status, answer.body, answer.headers['content-length']], [200, 'ok', '2'])
  assert.deepEqual(theOnly(receiver), {
    method: 'POST',
    path: '/a/b?c=d',
    headers: { host, connection: 'close', 'content-length': '4' },
    body: 'body',
  })
})

for (const status of [204, 301, 404, 500]) {
  test(`${status} is an answer like any other`, async () => {
    const receiver = await startReceiver()
    receiver.answer(status)
    const answer = await send(receiver.url)
    assert.deepEqual([answer.status, answer.body], [status, ''])
  })
}

test('no redirect is followed', async () => {
  const [receiver, elsewhere] = [await startReceiver(), await startReceiver()]
  receiver.answer((_request, response) => response.writeHead(307, { location: elsewhere.url }).end())
  const answer = await send(receiver.url)
  assert.deepEqual([answer.status, answer.headers.location], [307, elsewhere.url])
  assert.deepEqual(elsewhere.requests, [])
})

test('a port that nobody listens on', async () => {
  const receiver = await startReceiver()
  await receiver.close()
  await assertNoAnswer(send(receiver.url), /ECONNREFUSED/)
})

test('no answer within the time limit', async () => {
  const receiver = await startReceiver()
  receiver.answer(hang)
  await assertNoAnswer(send(receiver.url, { timeLimitMs: 100 }), /^no answer within 100 ms$/)
  theOnly(receiver)
})

test('a look-up that hangs counts against the time limit', async () => {
  const alive = setInterval(() => {}, 1000)
  const lookup = () => new Promise<LookupAddress[]>(() => {})
  await assertNoAnswer(send('http://receiver.test/', { timeLimitMs: 100, lookup }), /^no answer within 100 ms$/)
  clearInterval(alive)
})

test('a status counts though its body never ends: what came is kept', async () => {
  const receiver = await startReceiver()
  receiver.answer((_request, response) => void response.writeHead(202).write('begun'))
  const answer = await send(receiver.url, { timeLimitMs: 1000 })
  assert.deepEqual([answer.status, answer.body], [202, 'begun'])
})

test('16 KiB of an answer are read, however long it goes on', async () => {
  const receiver = await startReceiver()
  let closed: Promise<void> | undefined
  receiver.answer((_request, response) => {
    closed = new Promise(resolve => response.on('close', resolve))
    const more = () => {
      while (response.write('x'.repeat(10_000)));
    }
    response.on('drain', more)
    more()
  })
  const answer = await send(receiver.url)
  assert.equal(answer.status, 200)
  assert.equal(answer.body, 'x'.repeat(16 * 1024))
  await closed
})

test('headers over 16 KiB are no answer', async () => {
  const receiver = await startReceiver()
  receiver.answer((_request, response) => response.writeHead(200, { 'x-long': 'x'.repeat(20_000) }).end())
  await assertNoAnswer(send(receiver.url), /Header overflow/)
})

/** A receiver that pours this out for as long as anybody reads. Resolves `closed` when nobody does any more. */
async function startFlood(first: string, more: string): Promise<{ url: string; closed: Promise<void> }> {
  const closed = Promise.withResolvers<void>()
  const server = createServer(socket => {
    socket.on('error', () => {}).on('close', () => closed.resolve())
    socket.write(first)
    const pour = () => {
      while (socket.write(more));
    }
    socket.on('drain', pour)
    pour()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  after(() => server.close())
  const address = server.address()
  assert.ok(address && typeof address === 'object')
  return { url: `http://127.0.0.1:${address.port}`, closed: closed.promise }
}

test('hints without an end are no answer, and are not read on until the time limit', async () => {
  const { url, closed } = await startFlood('', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(100))
  await assertNoAnswer(send(url), /^no answer in the first 256 KiB that came$/)
  await closed
})

test('a status counts though the size of its first chunk never ends, and that is not read on either', async () => {
  const { url, closed } = await startFlood('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', '0'.repeat(1000))
  const { status, body } = await send(url, { timeLimitMs: 2 ** 30 })
  assert.deepEqual([status, body], [200, ''])
  await closed
})

test('what is no text becomes text that every store takes', async () => {
  const receiver = await startReceiver()
  receiver.answer((_request, response) => void response.end(Buffer.from([0x61, 0, 0xff, 0x62])))
  assert.equal((await send(receiver.url)).body, 'a\ufffd\ufffdb')
})

for (const [name, bytes] of [
  ['closes', ''],
  ['speaks another protocol', '220 mail.test ESMTP\r\n'],
  ['switches protocols', 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'],
] as const) {
  test(`a receiver that ${name} gives no answer`, async () => {
    const server = createServer(socket => {
      socket.on('error', () => {})
      socket.once('data', () => socket.end(bytes))
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    after(() => server.close())
    const address = server.address()
    assert.ok(address && typeof address === 'object')
    await assertNoAnswer(send(`http://127.0.0.1:${address.port}`), /./)
  })
}

test('private addresses are refused in every spelling, and nothing is sent', async () => {
  const receiver = await startReceiver()
  for (const host of ['127.0.0.1', '0x7f.1', '127.1', '2130706433', '[::ffff:7f00:1]', '[::1]', '169.254.169.254']) {
    const sent = send(`http://${host}:${receiver.port}/`, { allowPrivateAddresses: false })
    await assertNoAnswer(sent, /^refused: \S+ is not a public address$/)
  }
  assert.deepEqual(receiver.requests, [])
})

for (const [name, addresses] of Object.entries({
  'a private address': ['127.0.0.1'],
  'a private address beside a public one': ['8.8.8.8', '127.0.0.1'],
  'loopback dressed as IPv6': ['::ffff:7f00:1'],
})) {
  test(`a name that resolves to ${name} is refused, and nothing is sent`, async () => {
    const receiver = await startReceiver()
    const found = addresses.map(address => ({ address, family: address.includes(':') ? 6 : 4 }))
    const options = { allowPrivateAddresses: false, lookup: async () => found }
    await assertNoAnswer(send(`http://receiver.test:${receiver.port}/`, options), /^refused: /)
    assert.deepEqual(receiver.requests, [])
  })
}

test('the connection goes to the address that was checked: the name is looked up once', async () => {
  const receiver = await startReceiver()
  const asked: string[] = []
  const lookup = async (hostname: string) => {
    asked.push(hostname)
    return [{ address: '127.0.0.1', family: 4 }]
  }
  // The system's own look-up does not know this name: it was not asked.
  await send(`http://receiver.test:${receiver.port}/`, { lookup })
  assert.deepEqual(asked, ['receiver.test'])
  assert.equal(theOnly(receiver).headers.host, `receiver.test:${receiver.port}`)
})

test('a name without an address, and a look-up that fails', async () => {
  await assertNoAnswer(send('http://receiver.test/', { lookup: async () => [] }), /^the host has no address$/)
  const lookup = async () => Promise.reject(new Error('getaddrinfo ENOTFOUND receiver.test'))
  await assertNoAnswer(send('http://receiver.test/', { lookup }), /ENOTFOUND/)
})

test('https is spoken to https URLs: a server of another protocol is no answer', async () => {
  const receiver = await startReceiver()
  await assertNoAnswer(send(receiver.url.replace('http:', 'https:')), /./)
  assert.deepEqual(receiver.requests, [])
})
