// What the Memberstack guide's examples speak of, at the time they speak of, and the answers that both kinds show.

import { PASSWORD, seedOf, unlimited } from './memberstack.support.ts'
import { startApp, type TestApp } from './support.ts'

export const SECRET = 'sk_sb_guide'
export const PUBLIC = 'pk_sb_guide'
export const LIST_SECRET = 'sk_sb_guide_list'
export const LIST_PUBLIC = 'pk_sb_guide_list'
export const ID = 'mem_sb_cl3ddkq070005njvl997d9mf8'
export const NOW = '2022-05-19T18:57:35.143Z'

const freePlan = { id: 'pln_sb_cl3d9q5yi00040tczdir41rsy', name: 'My Awesome Free Plan', type: 'FREE' }
const guideApp = {
  id: 'app_cf3d3n9fh00027tcz48xr7dkp',
  name: 'Guide',
  keys: { sandboxSecret: SECRET, sandboxPublic: PUBLIC },
  settings: { rateLimit: unlimited },
  plans: [
    { ...freePlan, permissions: ['per_basic'] },
    { id: 'pln_abc', name: 'Abc', type: 'FREE' },
    { id: 'pln_abc123', name: 'Abc 123', type: 'FREE', permissions: ['per_basic'] },
  ],
  members: {
    sandbox: [
      {
        id: ID,
        email: 'user-1652986650386@test.com',
        password: PASSWORD,
        plans: [freePlan.id],
        customFields: { country: 'Sweden' },
        metaData: { language: 'Swedish' },
        loginRedirect: 'login-redirect-1',
      },
      { id: 'mem_sb_cl50gxp5u0001xfvl3fn81131', email: 'token@test.com', password: PASSWORD },
      { id: 'mem_sb_cl3ddkq070005n', email: 'example@test.com' },
    ],
  },
}
const listApp = {
  id: 'app_clist00000000000000000000',
  name: 'List',
  keys: { sandboxSecret: LIST_SECRET, sandboxPublic: LIST_PUBLIC },
  settings: { rateLimit: unlimited },
  plans: [{ id: 'pln_list', name: 'My Awesome Free Plan', type: 'FREE' }],
  members: {
    sandbox: [
      {
        email: 'john@doe.com',
        password: PASSWORD,
        plans: ['pln_list'],
        permissions: ['view:basic:workouts'],
        customFields: { country: 'Germany' },
        metaData: { avatar: 'photo.png' },
        loginRedirect: '/john-welcome',
      },
      {
        email: 'jane@doe.com',
        password: PASSWORD,
        plans: ['pln_list'],
        permissions: ['view:all:workouts'],
        customFields: { country: 'USA' },
        metaData: { avatar: 'photo2.png' },
        loginRedirect: '/jane-welcome',
      },
    ],
  },
}
export async function startGuide(now = NOW): Promise<{ app: TestApp; origin: string }> {
  const app = await startApp(seedOf(guideApp, listApp), { now })
  return { app, origin: await app.app.listen() }
}

/** The guide's example of a retrieved member, whole. */
export const retrieved = {
  id: ID,
  auth: { email: 'user-1652986650386@test.com' },
  createdAt: '2022-05-19T18:57:35.143Z',
  lastLogin: '2022-05-19T18:57:35.143Z',
  metaData: { language: 'Swedish' },
  customFields: { country: 'Sweden' },
  permissions: ['per_basic'],
  loginRedirect: 'login-redirect-1',
  planConnections: [
    {
      id: 'con_...',
      active: true,
      status: 'ACTIVE',
      planId: 'pln_sb_cl3d9q5yi00040tczdir41rsy',
      planName: 'My Awesome Free Plan',
      type: 'FREE',
      payment: null,
    },
  ],
}

/** The guide's example of a verified token, whole. */
export const verified = {
  id: 'mem_sb_cl50gxp5u0001xfvl3fn81131',
  type: 'member',
  iat: 1681414876,
  exp: 1682624476,
  aud: 'app_cf3d3n9fh00027tcz48xr7dkp',
  iss: 'https://api.memberstack.com',
}
