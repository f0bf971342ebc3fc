// What people see is text: markup in whatever a page shows stays text, and stays to be seen.

import { credentialsFor } from './credentials.ts'
import { leakIn } from './leaks.ts'
import { NAMES } from './seed.ts'
import type { Shot } from './shot.ts'
import type { Storm } from './storm.ts'
import { MARKUP } from './values.ts'

const CONTROL = '/understudy/v1/aftership'
const NAME = `"'>${MARKUP} onload=alert(1)>&amp;`
/** As the pages write what is no markup. */
const SHOWN = `&#34;&#39;&#62;${MARKUP.replace('<', '&#60;')} onload=alert(1)&#62;&#38;amp;`

/** Names an organization and an app like that, and looks at the pages that show them. Throws where one is not shown. */
export async function markupOnPages(storm: Storm): Promise<void> {
  const { world, findings, origin } = storm
  // Every second time people are invited by a link.
  await world.tend()
  await world.tend()
  const change = (target: string) => storm.send(request(storm, 'PATCH', target, { name: NAME }))
  await change(`${CONTROL}/organizations/${NAMES.organization}`)
  await change(`${CONTROL}/apps/${NAMES.clientId}`)
  const invitation = world.links.invitation.at(-1)
  const pages = [`/oauth/aftership/authorize?${world.form.request}`, `/invitations/aftership/${invitation}`]
  for (const target of pages) {
    const answer = await storm.send(request(storm, 'GET', target))
    const leak = leakIn(answer)
    findings.count('pages with markup in what they show')
    if (leak !== undefined) findings.fail(`${origin}: no page shows markup of others, but ${leak}: GET ${target}`)
    else if (!answer.body.includes(SHOWN)) {
      findings.fail(`${origin}: a page shows what it is told, but ${answer.status} without ${SHOWN}: GET ${target}`)
    }
  }
}

function request({ world }: Storm, method: string, target: string, body?: object): Shot {
  const api = target.startsWith(CONTROL) ? 'control' : 'oauth'
  const operation = { api, method, template: target, query: [], body: undefined } as const
  const headers = credentialsFor(operation, world.held)
  if (body !== undefined) headers.push(['content-type', 'application/json'])
  return { method, target, headers, body: body && Buffer.from(JSON.stringify(body)), changes: [] }
}
