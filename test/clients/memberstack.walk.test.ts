// All of 10,000 members by the loop that Memberstack's official package documents, in both orders: each is returned
// once, also while others are created and deleted. Contract section 5.

import assert from 'node:assert/strict'
import test from 'node:test'
import memberstackAdmin from '@memberstack/admin'
import { acmeWith, keys, PASSWORD, seedOf } from '../memberstack.support.ts'
import { startApp } from '../support.ts'

const SIZE = 10_000
const PAGE = 100
const emails = Array.from({ length: SIZE }, (_, n) => `member-${n}@acme.example`)

const app = await startApp(seedOf(acmeWith({}, { members: { sandbox: emails.map(email => ({ email })) } })))
const { members } = memberstackAdmin.init(keys.acme, { baseUrl: await app.app.listen() })

type Order = 'ASC' | 'DESC'

/** The emails in the order of the walk. `meanwhile` runs beside the request for every page but the first. */
async function walk(
  order: Order,
  meanwhile: (seen: readonly string[]) => Promise<void> = async () => {},
): Promise<string[]> {
  const seen: string[] = []
  const turn = async (after?: number) => {
    const page = await members.list({ limit: PAGE, order, ...(after === undefined ? {} : { after }) })
    for (const member of page.data) seen.push(member.auth.email)
    return page.hasNextPage ? page.endCursor : undefined
  }
  let after = await turn()
  while (after !== undefined) {
    ;[after] = await Promise.all([turn(after), meanwhile(seen)])
  }
  return seen
}

/** Everyone now, oldest first. */
let living = [...emails]

for (const order of ['ASC', 'DESC'] as const) {
  test(`${order}: everyone once`, async () => {
    assert.deepEqual(await walk(order), inOrder(order, living))
  })

  test(`${order}: everyone once, while members are created and deleted`, async () => {
    const before = inOrder(order, living)
    const created: string[] = []
    const shown: string[] = []
    const ahead: string[] = []

    /** At every tenth page one more comes, and two go: whom the cursor stands on, and one of the page after the next. */
    const change = async (seen: readonly string[]) => {
      if (seen.length % (10 * PAGE) !== PAGE) return
      const last = seen.at(-1) ?? ''
      const later = before[before.indexOf(last) + 1.5 * PAGE] ?? ''
      const late = `late-${order}-${created.length}@acme.example`
      shown.push(last)
      ahead.push(later)
      created.push(late)
      await Promise.all([remove(last), remove(later), members.create({ email: late, password: PASSWORD })])
    }

    const seen = await walk(order, change)
    assert.equal(created.length, 10)
    const expected = before.filter(email => !ahead.includes(email))
    assert.deepEqual(seen, order === 'ASC' ? [...expected, ...created] : expected)
    living = [...living.filter(email => ![...ahead, ...shown].includes(email)), ...created]
    assert.deepEqual(await walk(order), inOrder(order, living))
  })
}

function inOrder(order: Order, oldestFirst: string[]): string[] {
  return order === 'ASC' ? oldestFirst : oldestFirst.toReversed()
}

async function remove(email: string): Promise<void> {
  const { data } = await members.retrieve({ email })
  await members.delete({ id: data.id })
}
