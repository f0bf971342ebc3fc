// What the servers of this part start from: one tenant of each vendor, with webhooks to our receiver, mails to our mail
// server, and limits that nobody reaches.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

export const ORGANIZATION = 'org_kills'
export const PARENT = 'user_0123456789abcdef0123456789abcdef'
export const APP = 'app_kills'
export const CALLBACK = 'http://127.0.0.1:9000/callback'

export const asKey = { 'as-api-key': 'as_kills_key' }
export const asParent = { authorization: `Basic ${Buffer.from('EZAKkills:').toString('base64')}` }
export const asAdmin = { 'x-api-key': 'sk_sb_kills' }
export const asPage = { 'x-api-key': 'pk_sb_kills' }
export const asOperator = { authorization: 'Bearer ust_kills_operator' }
export const asClient = { authorization: `Basic ${Buffer.from('partner_app:partner_secret').toString('base64')}` }

const seedFor = (webhooks: string) => `
aftership:
  organizations:
    - id: ${ORGANIZATION}
      name: Kills
      rateLimit: { perSecond: 1000000 }
      roles: [{ code: manager, name: Manager }]
      keys: [{ name: plain, mode: api_key, key: as_kills_key }]
      webhooks: [{ url: "${webhooks}/aftership", secret: a webhook secret }]
  apps:
    - { name: Partner, partner: true, clientId: partner_app, clientSecret: partner_secret, redirectUris: ["${CALLBACK}"] }
easypost:
  users:
    - id: ${PARENT}
      name: Kills
      rateLimit: { listPerSecond: 1000000, perSecond: 1000000 }
      keys: { test: EZTKkills, production: EZAKkills }
      webhooks: [{ url: "${webhooks}/easypost", mode: production, secret: a webhook secret }]
memberstack:
  apps:
    - id: ${APP}
      name: Kills
      keys: { sandboxSecret: sk_sb_kills, sandboxPublic: pk_sb_kills }
      settings: { rateLimit: { perSecond: 1000000 }, sandboxMemberLimit: null, passwordless: true, verifyTokenStrict: true }
      plans: [{ id: pln_free, name: Free, type: FREE }]
      webhooks: [{ url: "${webhooks}/memberstack", environment: sandbox, secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw }]
webhooks: { allowPrivateAddresses: true }
control: { tokens: [{ name: operator, scope: admin, token: ust_kills_operator }] }
`

/** Each life comes from an address of its own, and passwords cost little: this is about something else. */
const SETTINGS = `
trustProxy: true
passwords: { memoryKiB: 64, passes: 1, parallelism: 1 }
`

export interface World {
  seedFile: string
  env: Record<string, string>
}

/** Writes seed and configuration into `directory`. */
export function makeWorld(directory: string, receivers: { webhooks: string; smtp: string }): World {
  const [seedFile, configFile] = [join(directory, 'seed.yaml'), join(directory, 'config.yaml')]
  writeFileSync(seedFile, seedFor(receivers.webhooks))
  writeFileSync(configFile, SETTINGS)
  return {
    seedFile,
    env: {
      UNDERSTUDY_CONFIG: configFile,
      UNDERSTUDY_HOME: join(directory, 'home'),
      UNDERSTUDY_SMTP_URL: receivers.smtp,
      UNDERSTUDY_SMTP_FROM: 'noreply@kills.test',
    },
  }
}
