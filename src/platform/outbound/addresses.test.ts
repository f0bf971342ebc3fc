import assert from 'node:assert/strict'
import test from 'node:test'
import { isPublicAddress, isRefusedHost } from './addresses.ts'

const refused: Record<string, string[]> = {
  'this network': ['0.0.0.0', '0.255.255.255'],
  private: ['10.0.0.0', '10.255.255.255', '172.16.0.1', '172.31.255.255', '192.168.0.1', '192.168.255.255'],
  'carrier-grade NAT': ['100.64.0.0', '100.127.255.255'],
  loopback: ['127.0.0.1', '127.255.255.254', '::1'],
  'link-local': ['169.254.0.1', '169.254.169.254', 'fe80::1', 'fe80::1%eth0', 'febf::1'],
  'unique local': ['fc00::1', 'fd12:3456::1'],
  multicast: ['224.0.0.1', '239.255.255.255', 'ff02::1'],
  'reserved and broadcast': ['240.0.0.1', '255.255.255.255'],
  'protocol assignments': [
    '192.0.0.8',
    '192.0.0.170',
    '192.88.99.1',
    '2001::1',
    '2001:1::1',
    '2001:2::1',
    '2001:20::1',
  ],
  documentation: ['192.0.2.1', '198.51.100.1', '203.0.113.1', '2001:db8::1', '3fff::1'],
  benchmarking: ['198.18.0.1', '198.19.255.255'],
  unspecified: ['::'],
  'IPv4 in IPv6': ['::ffff:127.0.0.1', '::ffff:8.8.8.8', '::ffff:7f00:1', '::7f00:1', '::ffff:0:7f00:1'],
  NAT64: ['64:ff9b::7f00:1', '64:ff9b::808:808', '64:ff9b:1::1'],
  '6to4': ['2002:7f00:1::1', '2002:808:808::1'],
  'discard, segment routing, unallocated': ['100::1', '5f00::1', '4000::1', 'fec0::1'],
  'no address': ['', 'localhost', '8.8.8', '8.8.8.8.8', '256.1.1.1', 'g::1', '[::1]'],
}
for (const [name, addresses] of Object.entries(refused)) {
  test(`refused: ${name}`, () => {
    for (const address of addresses) assert.equal(isPublicAddress(address), false, address)
  })
}

test('public addresses, next to the refused ones too, are not refused', () => {
  const neighbours = ['1.0.0.0', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255']
  neighbours.push('128.0.0.0', '169.253.255.255', '169.255.0.0', '172.15.255.255', '172.32.0.0', '192.167.255.255')
  neighbours.push('192.169.0.0', '198.17.255.255', '198.20.0.0', '223.255.255.255', '8.8.8.8')
  for (const address of [...neighbours, '2606:4700::1111', '2001:200::1', '2001:4860:4860::8888', '2a00::1']) {
    assert.equal(isPublicAddress(address), true, address)
  }
})

const hosts: [url: string, refused: boolean][] = [
  ['http://0x7f.1/', true],
  ['http://127.1/', true],
  ['http://2130706433/', true],
  ['http://0177.0.0.1/', true],
  ['http://127.0.0.1./', true],
  ['http://１２７.0.0.1/', true],
  ['http://[::ffff:7f00:1]/', true],
  ['http://[::ffff:127.0.0.1]/', true],
  ['http://[0:0:0:0:0:0:0:1]/', true],
  ['http://localhost/', true],
  ['http://LOCALHOST:8080/', true],
  ['http://a.localhost./', true],
  ['http://0/', true],
  ['https://8.8.8.8/', false],
  ['https://[2606:4700::1111]/', false],
  ['https://notlocalhost/', false],
  ['https://localhost.example/', false],
  ['https://receiver.test/', false],
]
for (const [url, expected] of hosts) {
  test(`${url} is ${expected ? '' : 'not '}refused for what it says`, () => {
    assert.equal(isRefusedHost(new URL(url).hostname), expected)
  })
}
