// The log against the rows: what the events of each thing add up to has to stand in its row, and no row may stand there
// without them. So no change is there without its event, and no event without its change.

import type { Row } from './stores.ts'

export interface StoredEvent {
  id: string
  vendor: string
  tenant: string
  type: string
  subject: string
  // biome-ignore lint/suspicious/noExplicitAny: it is what each type of event says; a wrong guess ends the part.
  data: any
}

/** The rows of each of these, in this order. */
export const BOOKS = [
  'select * from events order by sequence',
  'select * from aftership_memberships',
  'select * from aftership_membership_blocks',
  'select * from aftership_invitations where ended_at is null',
  'select * from easypost_users where parent_id is not null',
  'select * from credentials',
  'select * from memberstack_members',
  'select * from memberstack_environments',
  'select * from memberstack_connections',
  'select * from memberstack_tokens',
  'select * from aftership_grants',
  'select * from aftership_oauth_tokens',
]

/** As texts that are equal or not. */
type Book = Map<string, string>

export function eventsIn([rows = []]: Row[][]): StoredEvent[] {
  return rows.map(row => ({ ...row, data: JSON.parse(String(row.data)) }) as unknown as StoredEvent)
}

/** Everything that log and rows do not say alike. */
export function differencesIn(tables: Row[][]): string[] {
  const events = eventsIn(tables)
  const [, memberships = [], blocks = [], open = [], users = [], credentials = [], members = []] = tables
  const [, , , , , , , environments = [], connections = [], tokens = [], grants = [], secrets = []] = tables
  const alive = (rows: Row[]) => rows.filter(row => row.deleted_at === null)
  return [
    ...unequal(
      'sequence',
      countsOf(events, ({ id }) => id),
      new Map(events.map(({ id }) => [id, '1'])),
    ),
    ...unequal(
      'membership',
      membershipsOf(events),
      bookOf(memberships, row => [row.role_code, row.status, isGone(row)]),
    ),
    ...unequal(
      'open link of',
      countsOf(
        alive(memberships).filter(row => row.status === 'pending'),
        ({ id }) => String(id),
      ),
      countsOf(open, row => String(row.membership_id)),
    ),
    ...unequal(
      'block',
      countsOf(
        alive(memberships).flatMap(({ organization_id, position }) => [
          `${organization_id} -1`,
          `${organization_id} ${Math.floor(Number(position) / 4096)}`,
        ]),
        name => name,
      ),
      new Map(
        blocks
          .filter(row => Number(row.members) !== 0)
          .map(row => [`${row.organization_id} ${row.block}`, `${row.members}`]),
      ),
    ),
    ...unequal(
      'user',
      usersOf(events),
      bookOf(users, row => [row.name, row.email, isGone(row)]),
    ),
    ...unequal(
      'key',
      credentialsOf(events),
      bookOf(credentials, row => [
        (JSON.parse(String(row.disabled_by)) as string[]).toSorted(),
        row.disabled_at !== null,
      ]),
    ),
    ...unequal(
      'member',
      membersOf(events),
      bookOf(members, row => [JSON.parse(String(row.json)), row.suspended_by, isGone(row)]),
    ),
    ...unequal(
      'members of',
      countsOf(alive(members), row => `${row.app_id} ${row.environment}`),
      new Map(
        environments
          .filter(row => Number(row.members) > 0)
          .map(row => [`${row.app_id} ${row.environment}`, `${row.members}`]),
      ),
    ),
    ...unequal(
      'plan of',
      plansOf(events),
      countsOf(
        connections.filter(row => row.removed_by === null),
        row => `${row.member_id} ${row.plan_id}`,
      ),
    ),
    ...unequal(
      'tokens of',
      countsOf(typed(events, 'member.signed_in'), subjectOf),
      countsOf(tokens, row => String(row.member_id)),
    ),
    ...unequal(
      'logouts of',
      countsOf(typed(events, 'member.logged_out'), subjectOf),
      countsOf(
        tokens.filter(row => row.ended_by === 'logout'),
        row => String(row.member_id),
      ),
    ),
    ...unequal(
      'grant',
      grantsOf(events),
      bookOf(grants, row => [row.ended_at !== null]),
    ),
    ...unequal(
      'refresh tokens of',
      countsOf(typed(events, 'grant.exchanged', 'grant.refreshed'), subjectOf),
      countsOf(
        secrets.filter(row => row.kind === 'refresh'),
        row => String(row.grant_id),
      ),
    ),
    ...unequal(
      'used secrets of',
      countsOf(typed(events, 'grant.exchanged', 'grant.refreshed'), subjectOf),
      countsOf(
        secrets.filter(row => row.kind !== 'link' && row.used_at !== null && row.grant_id !== null),
        row => String(row.grant_id),
      ),
    ),
  ]
}

function unequal(what: string, log: Book, rows: Book): string[] {
  const names = new Set([...log.keys(), ...rows.keys()])
  return [...names]
    .filter(name => log.get(name) !== rows.get(name))
    .map(
      name => `${what} ${name}: ${log.get(name) ?? 'nothing'} by the log, ${rows.get(name) ?? 'nothing'} in the rows`,
    )
}

const isGone = (row: Row) => row.deleted_at !== null
const subjectOf = ({ subject }: StoredEvent) => subject
const typed = (events: StoredEvent[], ...types: string[]) => events.filter(({ type }) => types.includes(type))

function countsOf<T>(list: readonly T[], nameOf: (item: T) => string): Book {
  return new Map([...Map.groupBy(list, nameOf)].map(([name, items]) => [name, String(items.length)]))
}

function bookOf(rows: Row[], say: (row: Row) => unknown): Book {
  return new Map(rows.map(row => [String(row.id), JSON.stringify(say(row))]))
}

/** Folds the events of each subject into what its row has to say; undefined takes the row away. */
function fold<State>(
  events: StoredEvent[],
  family: RegExp,
  next: (state: State | undefined, verb: string, data: StoredEvent['data']) => State | undefined,
  say: (state: State) => unknown,
): Book {
  const states = new Map<string, State>()
  for (const { type, subject, data } of events) {
    if (!family.test(type)) continue
    const state = next(states.get(subject), type.replace(family, ''), data)
    if (state === undefined) states.delete(subject)
    else states.set(subject, state)
  }
  return new Map([...states].map(([subject, state]) => [subject, JSON.stringify(say(state))]))
}

/** What comes and goes with every noun that can be restored. */
const LASTING: Record<string, { gone: boolean }> = { deleted: { gone: true }, restored: { gone: false } }

function membershipsOf(events: StoredEvent[]): Book {
  return fold<{ role: string; status: string; gone: boolean }>(
    events,
    /^membership\./,
    (state, verb, { membership }) => {
      if (verb === 'created') return { role: membership.role.code, status: 'pending', gone: false }
      if (!state || verb === 'purged') return undefined
      if (verb === 'updated') return { ...state, role: membership.role.code }
      return { ...state, ...LASTING[verb], ...(verb === 'activated' ? { status: 'active' } : {}) }
    },
    ({ role, status, gone }) => [role, status, gone],
  )
}

function usersOf(events: StoredEvent[]): Book {
  return fold<{ name: string; email: string; gone: boolean }>(
    events.filter(({ type, data }) => !/^user\.(created|updated)$/.test(type) || data.user.parent_id !== null),
    /^user\./,
    (state, verb, { user }) => {
      if (verb === 'created') return { name: user.name, email: user.email, gone: false }
      if (!state || verb === 'purged') return undefined
      return { ...state, ...LASTING[verb], ...(verb === 'updated' ? { name: user.name, email: user.email } : {}) }
    },
    ({ name, email, gone }) => [name, email, gone],
  )
}

function credentialsOf(events: StoredEvent[]): Book {
  return fold<string[]>(
    events,
    /^(credential|api_key)\./,
    (causes, verb, { cause }) => {
      if (verb === 'created') return []
      if (!causes || verb === 'deleted') return undefined
      if (verb === 'disabled' || verb === 'cause_added') return [...causes, cause]
      return verb === 'enabled' || verb === 'cause_removed' ? causes.filter(other => other !== cause) : causes
    },
    causes => [causes.toSorted(), causes.length > 0],
  )
}

function membersOf(events: StoredEvent[]): Book {
  return fold<{ json: unknown; suspendedBy: string[]; gone: boolean }>(
    events,
    /^member\.(?!plan\.)/,
    (state, verb, { member, cause }) => {
      if (verb === 'created') return { json: member.json, suspendedBy: [], gone: false }
      if (!state || verb === 'purged') return undefined
      if (verb === 'updated') return { ...state, json: member.json }
      if (verb === 'suspended' || verb === 'cause_added')
        return { ...state, suspendedBy: [...state.suspendedBy, cause] }
      if (verb === 'resumed' || verb === 'cause_removed')
        return { ...state, suspendedBy: state.suspendedBy.filter(other => other !== cause) }
      return { ...state, ...LASTING[verb] }
    },
    ({ json, suspendedBy, gone }) => [json, suspendedBy.join(' ') || null, gone],
  )
}

function plansOf(events: StoredEvent[]): Book {
  const plans: Book = new Map()
  for (const { type, subject, data } of events) {
    const name = `${subject} ${data.planConnection?.planId}`
    if (type === 'member.plan.added') plans.set(name, '1')
    if (type === 'member.plan.canceled') plans.delete(name)
    if (type === 'member.purged') for (const key of plans.keys()) if (key.startsWith(subject)) plans.delete(key)
  }
  return plans
}

function grantsOf(events: StoredEvent[]): Book {
  return fold<boolean>(
    events,
    /^grant\./,
    (ended, verb) => (verb === 'created' ? false : verb === 'ended' ? true : verb === 'resumed' ? false : ended),
    ended => [ended],
  )
}
