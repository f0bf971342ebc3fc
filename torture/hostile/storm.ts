// Rounds of hostile requests. Each answer is looked at; after each round what was refused is sent once more, and the
// store has to be the same before and after.

import type { Findings } from '../findings.ts'
import type { Random } from '../random.ts'
import { type AnyDatabase, type Digests, differing, digestsOf } from './digest.ts'
import { wrongIn } from './envelopes.ts'
import { hostileRequest } from './hostile-request.ts'
import { leakIn } from './leaks.ts'
import type { Operation } from './operations.ts'
import { type Shot, tellOf } from './shot.ts'
import { sweep } from './sweep.ts'
import { type Answer, NoAnswer } from './wire.ts'
import type { World } from './world.ts'

const AT_ONCE = 8
const SHOWN_BODY = 500
/** What was refused may be taken the next time: the store has changed since. Some times later it is only refused. */
const REPEATS_MAX = 4
const REQUEST_ID_HEADERS = ['as-trace-id', 'x-ep-request-uuid', 'x-request-id']

export interface Storm {
  send(shot: Shot): Promise<Answer>
  /** The store under it, to be read. */
  db: AnyDatabase
  world: World
  operations: readonly Operation[]
  random: Random
  findings: Findings
  /** Stands before each broken promise: what repeats it. */
  origin: string
  /** What was sent under a request's id, where the answer said that. */
  sent: Map<string, string>
}

interface Refused {
  shot: Shot
}

/** Sends `size` requests of chance, and what was refused of them again. */
export async function roundOfChance(storm: Storm, size: number): Promise<void> {
  const { operations, world, random } = storm
  await world.tend()
  const shots: Shot[] = []
  for (let index = 0; index < size; index++) shots.push(await hostileRequest(operations, world, random))
  await send(storm, shots)
}

/** Sends one request for each place of each operation and each text that is hard to take, or a share of them. */
export async function roundOfPlaces(storm: Storm, share = 1): Promise<void> {
  const { operations, world, random } = storm
  await world.tend()
  const shots = await sweep(operations, world, random)
  await send(
    storm,
    shots.filter(() => random.chance(share)),
  )
}

async function send(storm: Storm, shots: readonly Shot[]): Promise<void> {
  const answered = await fire(storm, shots)
  await repeatRefused(
    storm,
    answered.filter(isRefusal).map(({ shot }) => ({ shot })),
  )
}

async function repeatRefused(storm: Storm, first: Refused[]): Promise<void> {
  const { db, findings } = storm
  let refused = first
  for (let repeats = 0; repeats < REPEATS_MAX; repeats++) {
    const before = await digestsOf(db)
    const answers = await fire(
      storm,
      refused.map(({ shot }) => shot),
    )
    const again = answers.filter(isRefusal)
    if (again.length === answers.length) {
      findings.count('refused requests sent again, with the store looked at before and after', again.length)
      return compare(storm, before, refused)
    }
    refused = again.map(({ shot }) => ({ shot }))
  }
  findings.count('rounds in which something was always taken at last')
}

async function compare(storm: Storm, before: Digests, refused: readonly Refused[]): Promise<void> {
  const changed = differing(before, await digestsOf(storm.db))
  if (changed.length === 0) return
  const guilty = await findGuilty(storm, refused)
  storm.findings.fail(`${storm.origin}: what is refused changes nothing, but ${changed} changed: ${guilty}`)
}

/** Sends them one by one, and looks at the store after each. */
async function findGuilty(storm: Storm, refused: readonly Refused[]): Promise<string> {
  let before = await digestsOf(storm.db)
  for (const { shot } of refused) {
    const { status } = await storm.send(shot)
    const after = await digestsOf(storm.db)
    const changed = differing(before, after)
    if (changed.length > 0 && status >= 400) return `${changed} by ${tellOf(shot)}`
    before = after
  }
  return 'by none of them alone'
}

interface Answered {
  shot: Shot
  answer: Answer
}

function isRefusal({ answer: { status } }: Answered): boolean {
  return status >= 400
}

/** Sends all of them, some at once, and looks at each answer. What got none is left out: it has failed. */
async function fire(storm: Storm, shots: readonly Shot[]): Promise<Answered[]> {
  const answered: Answered[] = []
  const waiting = shots[Symbol.iterator]()
  const worker = async () => {
    for (const shot of waiting) {
      const answer = await answerTo(storm, shot)
      if (answer) answered.push({ shot, answer })
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  storm.findings.count('requests', shots.length)
  return answered
}

async function answerTo(storm: Storm, shot: Shot): Promise<Answer | undefined> {
  const { findings, origin } = storm
  try {
    const answer = await storm.send(shot)
    look(storm, shot, answer)
    return answer
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error
    findings.fail(`${origin}: every request is answered, but ${error.message}: ${tellOf(shot)}`)
    return undefined
  }
}

function look({ findings, origin, sent }: Storm, shot: Shot, answer: Answer): void {
  const { status, headers, body } = answer
  findings.count(`answered ${Math.floor(status / 100)}xx${status === 429 ? ', limited (429)' : ''}`)
  const id = REQUEST_ID_HEADERS.map(name => headers[name]).find(Boolean)
  if (id !== undefined && status < 400 && shot.method !== 'GET') sent.set(id, tellOf(shot))
  const shown = () => `${status} ${JSON.stringify(body.toString('utf8', 0, SHOWN_BODY))} to ${tellOf(shot)}`
  if (status >= 500) {
    findings.fail(`${origin}: no answer is our fault, but ${shown()}`)
    return
  }
  const leak = leakIn(answer)
  if (leak !== undefined) findings.fail(`${origin}: no answer gives away ${leak}: ${shown()}`)
  const wrong = wrongIn(shot, answer)
  if (wrong !== undefined) findings.fail(`${origin}: each answer is in the vendor's envelope, but ${wrong}: ${shown()}`)
}
