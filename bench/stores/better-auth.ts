// better-auth on SQLite as its documentation sets it up, with what makes it faster (sessions cached in the cookie, joins)
// and without what would be measured in its place (rate limit, telemetry, log). Its store is as durable as ours.

import { DatabaseSync } from 'node:sqlite'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { admin, organization } from 'better-auth/plugins'
import { emailOf, idOf } from './membership-rows.ts'

const OWNER = { email: 'owner@example.com', password: 'a long password', name: 'Ada' }
const SESSION_S = 3600
const SECRET = 'the secret of a benchmark, and of nothing else'

export const ORGANIZATION = 'org_bench'

export type BetterAuth = ReturnType<typeof openBetterAuth>

/** Opens the store in `file` (made if missing), for a server at `baseURL`. */
export function openBetterAuth(file: string, baseURL: string) {
  const database = new DatabaseSync(file, { timeout: 10_000 })
  database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma temp_store = memory')
  const auth = betterAuth({
    baseURL,
    secret: SECRET,
    database,
    plugins: [organization(), admin()],
    emailAndPassword: { enabled: true },
    session: { cookieCache: { enabled: true, maxAge: SESSION_S } },
    advanced: { database: { joins: true } },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    logger: { disabled: true },
  })
  return { auth, database }
}

/**
 * Makes an organization of `size` members beside its owner, who is an admin too. Returns the cookies of the owner's
 * session, as a browser sends them.
 */
export async function fillBetterAuth({ auth, database }: BetterAuth, size: number): Promise<string> {
  const { runMigrations } = await getMigrations(auth.options)
  await runMigrations()
  const { email, password } = OWNER
  const { user: owner } = await auth.api.signUpEmail({ body: OWNER })
  const now = new Date().toISOString()
  const insertUser = database.prepare(
    'insert into user (id, name, email, emailVerified, createdAt, updatedAt, role, banned) values (?, ?, ?, 1, ?, ?, ?, 0)',
  )
  const insertMember = database.prepare(
    'insert into member (id, organizationId, userId, role, createdAt) values (?, ?, ?, ?, ?)',
  )
  database.exec('begin')
  database.prepare("update user set role = 'admin' where id = ?").run(owner.id)
  database
    .prepare('insert into organization (id, name, slug, createdAt) values (?, ?, ?, ?)')
    .run(ORGANIZATION, 'Acme', 'acme', now)
  insertMember.run('owner', ORGANIZATION, owner.id, 'owner', now)
  for (let n = 0; n < size; n++) {
    insertUser.run(userIdOf(n), `Member ${n}`, emailOf(n), now, now, 'user')
    insertMember.run(idOf(n), ORGANIZATION, userIdOf(n), 'member', now)
  }
  database.exec('commit')
  const { headers } = await auth.api.signInEmail({ body: { email, password }, returnHeaders: true })
  return headers
    .getSetCookie()
    .map(cookie => cookie.split(';')[0])
    .join('; ')
}

export function userIdOf(n: number): string {
  return `user_${idOf(n)}`
}
