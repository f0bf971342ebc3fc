import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { mock, test } from 'node:test'
import { createLog, requestLines, stderrInPieces } from './log.ts'

/** Keeps the pieces that it gets; drops them while it is told to. */
class Sink extends EventEmitter {
  pieces: string[] = []
  isFull = false
  flushes = 0
  write(piece: string): void {
    if (this.isFull) this.emit('drop', piece)
    else this.pieces.push(piece)
  }
  flushSync(): void {
    this.flushes++
  }
}

const LINE = `${'x'.repeat(99)}\n`

test('lines are written in pieces, in their order, and none waits for longer than a quarter of a second', () => {
  mock.timers.enable({ apis: ['setTimeout'] })
  try {
    const sink = new Sink()
    const stream = stderrInPieces(sink)
    stream.write('one\n')
    stream.write('two\n')
    assert.equal(sink.pieces.length, 0)
    mock.timers.tick(250)
    assert.deepEqual(sink.pieces, ['one\ntwo\n'])
    for (let line = 0; line < 1000; line++) stream.write(LINE)
    assert.deepEqual(
      sink.pieces.slice(1).map(piece => piece.length),
      [65_600],
    )
    mock.timers.tick(250)
    assert.equal(sink.pieces.slice(1).join(''), LINE.repeat(1000))
  } finally {
    mock.timers.reset()
  }
})

test('a log that is read too slowly loses lines, and says how many once it is read again', () => {
  mock.timers.enable({ apis: ['setTimeout'] })
  try {
    const sink = new Sink()
    const stream = stderrInPieces(sink)
    sink.isFull = true
    for (const line of ['one\n', 'two\n']) stream.write(line)
    mock.timers.tick(250)
    stream.write('three\n')
    mock.timers.tick(250)
    sink.isFull = false
    stream.write('four\n')
    mock.timers.tick(250)
    stream.write('five\n')
    mock.timers.tick(250)
    const [four, said = '', five] = sink.pieces
    assert.deepEqual([four, five, sink.pieces.length], ['four\n', 'five\n', 3])
    const { level, lines, msg } = JSON.parse(said)
    assert.deepEqual([level, lines, msg], ['warn', 3, 'lines of the log were dropped: it is read too slowly'])
  } finally {
    mock.timers.reset()
  }
})

test("a request's line is what the log itself would write, and obeys its level", () => {
  const lines: string[] = []
  const log = createLog('info', { write: line => void lines.push(line) })
  const line = { reqId: '0a', vendor: 'v', method: 'GET', route: '/"quoted"', status: 404, ms: 1.5 }
  const refused = { ...line, code: 'notFound', reason: 'no\nsuch' }
  const write = requestLines(log)
  for (const fields of [line, refused]) {
    write(fields)
    log.info(fields, 'request')
    const [ours, theirs] = lines.splice(0).map(text => JSON.stringify({ ...JSON.parse(text), time: 0 }))
    assert.equal(ours, theirs)
  }
  log.level = 'warn'
  write(line)
  assert.deepEqual(lines, [])
})
