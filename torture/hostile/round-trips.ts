// What was taken is there as it was sent, character by character; what was refused has left what was there before.

import { credentialsFor } from './credentials.ts'
import type { Operation } from './operations.ts'
import { NAMES } from './seed.ts'
import { type Shot, tellOf } from './shot.ts'
import type { Storm } from './storm.ts'
import { hostileText } from './values.ts'

const CONTROL = '/understudy/v1'

interface Kept {
  api: Operation['api']
  method: string
  target: string
  bodyOf(text: string): object
  /** Of what is read. */
  valueIn(answered: Answered): unknown
  /** What becomes of a text that is taken, where that is not the text. */
  expected?(text: string): unknown
}

/** As much of any answer as is looked at here. */
interface Answered {
  name?: string
  description?: string
  phone_number?: string
  data?: { json: unknown; customFields: Record<string, unknown>; loginRedirect: string }
}

/** Contract section 5 of EasyPost: names are trimmed; half a surrogate pair becomes a sign for what is no text. */
const trimmed = (text: string) => text.toWellFormed().trim()

function placesOf(member: string, plan: string): Kept[] {
  const ofMember = { api: 'memberstack', method: 'PATCH', target: `/members/${member}` } as const
  const child = { api: 'easypost', method: 'PATCH', target: `/v2/users/${NAMES.child}` } as const
  const ofPlan = {
    api: 'control',
    method: 'PATCH',
    target: `${CONTROL}/memberstack/apps/${NAMES.app}/plans/${plan}`,
  } as const
  return [
    {
      ...ofMember,
      bodyOf: text => ({ json: { value: text, [`k${text}`]: [text] } }),
      valueIn: ({ data }) => data?.json,
      expected: text => ({ value: text, [`k${text}`]: [text] }),
    },
    // A key of its own, whatever it is called.
    {
      ...ofMember,
      bodyOf: text => ({ json: Object.fromEntries([[text, 1]]) }),
      valueIn: ({ data }) => data?.json,
      expected: text => Object.fromEntries([[text, 1]]),
    },
    {
      ...ofMember,
      bodyOf: text => ({ customFields: { ours: text } }),
      valueIn: ({ data }) => data?.customFields.ours,
    },
    {
      ...ofMember,
      bodyOf: text => ({ loginRedirect: text }),
      valueIn: ({ data }) => data?.loginRedirect,
    },
    { ...child, bodyOf: text => ({ user: { name: text } }), valueIn: ({ name }) => name, expected: trimmed },
    {
      ...child,
      bodyOf: text => ({ phone_number: text }),
      valueIn: answered => answered.phone_number,
      expected: text => text.toWellFormed(),
    },
    { ...ofPlan, bodyOf: text => ({ name: text }), valueIn: ({ name }) => name },
    { ...ofPlan, bodyOf: text => ({ description: text }), valueIn: ({ description }) => description },
    {
      api: 'control',
      method: 'PATCH',
      target: `${CONTROL}/aftership/organizations/${NAMES.organization}`,
      bodyOf: text => ({ name: text }),
      valueIn: ({ name }) => name,
    },
  ]
}

/** Writes `times` hostile texts to each of the places, and reads each back. */
export async function roundTrips(storm: Storm, times: number): Promise<void> {
  const { world, random, findings, origin } = storm
  await world.tend()
  const members = await listed(storm, '/members?limit=1', 'memberstack')
  const [, plan = ''] = world.plans
  for (const place of placesOf(members, plan)) {
    let there = await valueAt(storm, place)
    for (let done = 0; done < times; done++) {
      const text = hostileText(random)
      const shot = shotOf(storm, place.api, place.method, place.target, place.bodyOf(text))
      const { status } = await storm.send(shot)
      const read = await valueAt(storm, place)
      const due = status < 300 ? textOf(place.expected ? place.expected(text) : text) : there
      findings.count(status < 300 ? 'hostile texts stored, and read as sent' : 'hostile texts refused')
      if (read !== due) findings.fail(`${origin}: what is stored is as sent (${status}), but ${read}: ${tellOf(shot)}`)
      there = read
    }
  }
}

async function listed(storm: Storm, target: string, api: Operation['api']): Promise<string> {
  const { body } = await storm.send(shotOf(storm, api, 'GET', target))
  const { data } = JSON.parse(body.toString()) as { data: { id: string }[] }
  return data[0]?.id ?? ''
}

async function valueAt(storm: Storm, { api, target, valueIn }: Kept): Promise<string> {
  const { status, body } = await storm.send(shotOf(storm, api, 'GET', target))
  if (status !== 200) throw new Error(`${target} was answered with ${status}: ${body}`)
  return textOf(valueIn(JSON.parse(body.toString()) as Answered))
}

/** Values that are equal have one text. */
function textOf(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing'
}

function shotOf({ world }: Storm, api: Operation['api'], method: string, target: string, body?: object): Shot {
  const [template = ''] = target.split('?')
  const operation: Operation = { api, method, template, query: [], body: undefined }
  const headers = credentialsFor(operation, world.held)
  if (body !== undefined) headers.push(['content-type', 'application/json'])
  return { method, target, headers, body: body && Buffer.from(JSON.stringify(body)), changes: ['a round trip'] }
}
