import assert from 'node:assert/strict'
import test from 'node:test'
import { createLog } from '../log.ts'
import { Availability } from './availability.ts'

function started() {
  const lines: string[] = []
  const log = createLog('info', { write: line => void lines.push(JSON.parse(line).msg) })
  return { lines, availability: new Availability(log, 'db.test') }
}

const AWAY = 'the database is away: requests get 503 until it is back, without a restart'
const BACK = 'the database is back'

test('a database that goes away is told once, whatever fails meanwhile, and once when it is back; each time', () => {
  const { lines, availability } = started()
  for (let time = 0; time < 2; time++) {
    availability.opening()('no connection')
    availability.opening()('no connection')
    availability.found()
    availability.found()
  }
  assert.deepEqual(lines, [AWAY, BACK, AWAY, BACK])
})

test('an attempt that fails late, when another has succeeded meanwhile, does not make the database away', () => {
  const { lines, availability } = started()
  const [early, late] = [availability.opening(), availability.opening()]
  early('no answer')
  availability.found()
  late('no answer')
  assert.deepEqual(lines, [AWAY, BACK])
  availability.opening()('no connection')
  assert.deepEqual(lines, [AWAY, BACK, AWAY])
})
