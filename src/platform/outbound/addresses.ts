// Which addresses a request of ours may go to. Whoever registers a webhook chooses its URL: without this a stranger
// could make the server speak to its own network.

import { BlockList, isIP } from 'node:net'

/** IANA IPv4 Special-Purpose Address Registry (not globally reachable), multicast, reserved. */
const REFUSED_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
]

/** All that IANA gave out; whatever lies outside (loopback, link-local, IPv4-mapped, NAT64, multicast) is refused. */
const GLOBAL_IPV6 = ['2000::/3']
/** Inside it: protocol assignments with Teredo, documentation, 6to4. */
const REFUSED_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']

const refused = blockList([...REFUSED_IPV4, ...REFUSED_IPV6])
const global = blockList(GLOBAL_IPV6)

/** Whether this address literal lies in the public internet. What is no address does not. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address)
  // A zone (`fe80::1%eth0`) only ever belongs to a local link.
  if (family === 0 || address.includes('%')) return false
  if (family === 4) return !refused.check(address, 'ipv4')
  return global.check(address, 'ipv6') && !refused.check(address, 'ipv6')
}

/** Whether a URL's `hostname` says by itself that it is not public. Any other name is known once it is looked up. */
export function isRefusedHost(hostname: string): boolean {
  const literal = literalIn(hostname)
  return literal === undefined ? /(^|\.)localhost\.?$/i.test(hostname) : !isPublicAddress(literal)
}

/** The address that a URL's `hostname` is, without brackets; undefined for a name. Odd IPv4 forms the URL has mended. */
export function literalIn(hostname: string): string | undefined {
  const bare = hostname.replace(/^\[(.*)\]$/, '$1')
  return isIP(bare) === 0 ? undefined : bare
}

function blockList(subnets: string[]): BlockList {
  const list = new BlockList()
  for (const subnet of subnets) {
    const [net = '', prefix] = subnet.split('/')
    list.addSubnet(net, Number(prefix), isIP(net) === 4 ? 'ipv4' : 'ipv6')
  }
  return list
}
