import type { Config } from '../config.ts'
import { type Check, type Finding, ok, warning } from './check.ts'
import { isForOthers } from './reach.ts'

export const publicUrl: Check = {
  name: 'public URL',
  run: ({ config }) => {
    const findings = judge(config)
    return findings.length > 0 ? findings : [ok(config.publicUrl ?? 'where it listens, on this machine alone')]
  },
}

function judge(config: Config): Finding[] {
  const { publicUrl, tls, trustProxy, strippedPrefix, host } = config
  const findings: Finding[] = []
  const say = (finding: Finding) => findings.push(finding)
  if (publicUrl === undefined && isForOthers(config)) {
    const found = `it listens on ${host}, and links in mails lead there`
    say(warning(found, 'set publicUrl to what people reach it by'))
  }
  const url = publicUrl === undefined ? undefined : new URL(publicUrl)
  const plain = url ? url.protocol === 'http:' : !tls
  if (plain && isForOthers(config)) {
    const found = 'it is reached by plain HTTP: passwords and keys can be read on the way'
    say(warning(found, 'put a proxy with HTTPS before it, or give it a certificate, and set publicUrl to https://…'))
  }
  if (tls && url?.protocol === 'http:') say(warning(`the port speaks HTTPS, and publicUrl is ${publicUrl}`, 'mend it'))
  const proxied = url?.protocol === 'https:' && !tls
  if (proxied && !trustProxy) {
    const found = 'HTTPS ends before the server, and trustProxy is off: limits by address hold for all clients together'
    say(warning(found, 'set trustProxy, if that is one proxy which sets X-Forwarded-For'))
  }
  if (strippedPrefix !== '' && !proxied && !trustProxy) {
    const found = `strippedPrefix is ${strippedPrefix}, and no other setting tells of a proxy that strips it`
    say(warning(found, 'remove it if there is none: signatures would be checked on a path that nobody signed'))
  }
  return findings
}
