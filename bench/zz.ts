import { makeChildrenStore } from '/work/main/bench/children-store.ts'
import { createApp } from '/work/main/src/app.ts'
import { readConfig } from '/work/main/src/config.ts'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { rmSync } from 'node:fs'
rmSync('/tmp/probe-data', {recursive:true, force:true})
let t = performance.now()
const store = await makeChildrenStore('/tmp/probe-data', 100_000)
console.log('made', (performance.now()-t)/1000)
const app = await createApp(await readConfig({ data: '/tmp/probe-data', port: '0' }, { UNDERSTUDY_LOG_LEVEL: 'warn' }))
const url = await app.listen()
const worker = new (await import('node:worker_threads')).Worker(`
const { workerData, parentPort } = require('node:worker_threads')
const http = require('node:http')
const { url, key, parent, child } = workerData
const get = (method, path, body) => new Promise((res, rej) => { const t = performance.now(); const r = http.request(url + path, { method, headers: { authorization: 'Bearer ' + key } }, m => { const ttfb = performance.now() - t; let n = 0; m.on('data', c => n += c.length); m.on('end', () => res({ path: method + ' ' + path.slice(0,60), status: m.statusCode, ttfb: ttfb.toFixed(1), total: (performance.now() - t).toFixed(1), n })) }); r.on('error', rej); r.end(body) })
;(async () => {
  for (const p of ['/v2/users/children', '/v2/users/children?page_size=100&after_id=' + child, '/v2/users/' + parent + '/children?page_size=100&before_id=' + child, '/v2/users/' + child])
    for (let i = 0; i < 3; i++) parentPort.postMessage(await get('GET', p))
  parentPort.postMessage(await get('POST', '/v2/users', '{"name":"x"}'))
  parentPort.postMessage(await get('POST', '/v2/users', '{"name":"x"}'))
  for (let i = 0; i < 3; i++) {
  parentPort.postMessage('reset'); await new Promise(r => setTimeout(r, 300))
  parentPort.postMessage(await get('GET', '/v2/users')); parentPort.postMessage('hist')
  await new Promise(r => setTimeout(r, 300))
  parentPort.postMessage('reset'); await new Promise(r => setTimeout(r, 300))
  parentPort.postMessage(await get('GET', '/v2/api_keys')); parentPort.postMessage('hist')
  await new Promise(r => setTimeout(r, 300))
  }
  parentPort.postMessage('done')
})()
`, { eval: true, workerData: { url, key: store.productionKey, parent: store.parent, child: store.children[50_000] } })
const h = monitorEventLoopDelay({ resolution: 1 })
h.enable()
await new Promise<void>(resolve => worker.on('message', m => {
  if (m === 'reset') h.reset()
  else if (m === 'hist') console.log('loop max ms', h.max/1e6, 'p99', h.percentile(99)/1e6, 'rss', Math.round(process.memoryUsage().rss/1e6))
  else if (m === 'done') resolve()
  else console.log(JSON.stringify(m))
}))
await app.close()
process.exit(0)
