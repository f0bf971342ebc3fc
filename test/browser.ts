// A real headless Chromium, and a customer's page in it that loads the official `@memberstack/dom`, unmodified, from
// another host and port than the server's. One test file alone uses it: node runs two files at a time, and each would
// unpack a browser of 200 MB.
//
// The browser starts with Playwright's arguments only: those that its package recommends (`args`) switch off the
// same-origin policy, and with it all that CORS is about.

import { mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { MemberstackApi } from '@memberstack/dom'
import { inflate } from '@sparticuz/chromium'
import {
  type Browser as Chromium,
  type ConsoleMessage,
  chromium,
  type Request,
  type Page as Tab,
} from 'playwright-core'

/** What the page gives the package. `domain` is the server's base URL. */
export interface PageOptions {
  publicKey: string
  domain: string
  appId?: string
  useCookies?: boolean
}

export interface Page {
  /** Where the page comes from. */
  origin: string
  /** The package as the page's own code has it; a call rejects with the very value that it threw there. */
  memberstack: MemberstackApi
  /** Runs a function in the page. What goes in and out is copied. */
  run<Input, Output>(job: (input: Input) => Output | Promise<Output>, input: Input): Promise<Output>
  /** Loads the page anew, as a reader who comes back: the package starts again from what the browser kept. */
  reload(): Promise<void>
  /** What the package keeps in the page's local storage. */
  stored(name: string): Promise<string | null>
  /** Resolves once no request is under way, and what the page made of the answers is known here. */
  settled(): Promise<void>
  /** What went wrong but for refusals: errors nobody caught, failed requests, errors and warnings on the console. */
  troubles: string[]
  /** Answers of 400 and above, as `401 POST /auth/login`. */
  refusals: string[]
  /** All requests that were answered, as `200 POST /auth/login`. */
  answers: string[]
}

export interface Browser {
  /** Opens the page in a profile of its own. */
  visit(options: PageOptions): Promise<Page>
}

/**
 * Starts the browser and the page's server, both closed when the test file ends. `CHROMIUM_PATH` names another
 * Chromium than the one in the dependencies, which runs on Linux x64 only.
 */
export async function startBrowser(): Promise<Browser> {
  const directory = mkdtempSync(join(tmpdir(), 'understudy-browser-'))
  // After all else: the browser writes into it until it is closed.
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
  const origin = await servePage()
  const browser = await launch(directory)
  return {
    async visit(options) {
      const context = await browser.newContext()
      after(() => context.close())
      const tab = await context.newPage()
      return openPage(tab, origin, options)
    },
  }
}

async function launch(directory: string): Promise<Chromium> {
  const given = process.env.CHROMIUM_PATH
  const browser = await chromium.launch({
    headless: true,
    ...(given ? { executablePath: given } : await unpack(directory)),
  })
  after(() => browser.close())
  return browser
}

/**
 * The browser of the dependencies, in a directory of our own: its package would take whatever lies in a shared one, also
 * half a browser. With it go the libraries that small containers lack; of the environment it needs nothing else.
 */
async function unpack(directory: string): Promise<{ executablePath: string; env: Record<string, string> }> {
  const packed = fileURLToPath(new URL('../bin/', import.meta.resolve('@sparticuz/chromium')))
  const { TMPDIR } = process.env
  // It unpacks into the temp directory, which it looks up before it starts.
  process.env.TMPDIR = directory
  const unpacking = ['chromium.br', 'al2023.tar.br'].map(name => inflate(join(packed, name)))
  if (TMPDIR === undefined) delete process.env.TMPDIR
  else process.env.TMPDIR = TMPDIR
  const [executablePath = '', libraries = ''] = await Promise.all(unpacking)
  return { executablePath, env: { HOME: directory, TMPDIR: directory, LD_LIBRARY_PATH: join(libraries, 'lib') } }
}

const HTML = `<!doctype html>
<meta charset="utf-8"><title>A shop</title><link rel="icon" href="data:,">
<script type="importmap">{ "imports": { "axios": "/axios.js", "js-cookie": "/js-cookie.mjs" } }</script>
<script type="module">
  import MemberstackDOM from '/memberstack.mjs'
  globalThis.MemberstackDOM = MemberstackDOM
</script>
`

/** The package and what it imports, as they are installed: their builds for browsers. */
async function scripts(): Promise<Map<string, Buffer>> {
  const memberstack = fileURLToPath(import.meta.resolve('@memberstack/dom'))
  const its = createRequire(memberstack)
  const files = {
    '/memberstack.mjs': memberstack,
    '/axios.js': join(dirname(its.resolve('axios/package.json')), 'dist/esm/axios.js'),
    '/js-cookie.mjs': join(dirname(its.resolve('js-cookie/package.json')), 'dist/js.cookie.mjs'),
  }
  return new Map(
    await Promise.all(Object.entries(files).map(async ([path, file]) => [path, await readFile(file)] as const)),
  )
}

/** Any path but the scripts' is the page. */
async function servePage(): Promise<string> {
  const served = await scripts()
  const server = createServer(({ url = '' }, response) => {
    const script = served.get(url)
    response.setHeader('content-type', script ? 'text/javascript' : 'text/html')
    response.end(script ?? HTML)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  // The server is known as 127.0.0.1: for a browser, this is another site.
  return `http://localhost:${(server.address() as AddressInfo).port}`
}

/** What the page's script leaves behind. */
interface Globals {
  MemberstackDOM?: { init(options: PageOptions): Record<string, unknown> }
  memberstack: Record<string, unknown>
  localStorage: { getItem(name: string): string | null }
}

async function openPage(tab: Tab, origin: string, options: PageOptions): Promise<Page> {
  const { underWay, troubles, refusals, answers } = watch(tab, origin)
  const start = async () => {
    await tab.waitForFunction(() => (globalThis as unknown as Globals).MemberstackDOM !== undefined)
    await tab.evaluate(given => {
      const page = globalThis as unknown as Globals
      page.memberstack = page.MemberstackDOM?.init(given) ?? {}
    }, options)
  }
  await tab.goto(`${origin}/account?tab=1`)
  await start()
  return {
    origin,
    troubles,
    refusals,
    answers,
    memberstack: remote(tab),
    run: (job, input) => tab.evaluate(job as never, input) as never,
    async reload() {
      await tab.reload()
      await start()
    },
    async settled() {
      do {
        await Promise.all([...underWay].map(async request => (await request.response())?.finished()))
        await tab.evaluate(() => new Promise(resolve => setTimeout(resolve)))
      } while (underWay.size > 0)
    },
    stored: name => tab.evaluate(key => (globalThis as unknown as Globals).localStorage.getItem(key), name),
  }
}

/** Every method of the package, called in the page. */
function remote(tab: Tab): MemberstackApi {
  const call = async (name: string, given: unknown[]) => {
    const settled = await tab.evaluate(settle, { name, given })
    if ('thrown' in settled) throw settled.thrown
    return settled.value
  }
  // The methods are looked up in the page, where they are; only their types are known here.
  const methodOf =
    (_: object, name: string | symbol) =>
    (...given: unknown[]) =>
      call(String(name), given)
  const methods: unknown = new Proxy({}, { get: methodOf })
  return methods as MemberstackApi
}

/** Runs in the page. What a promise was rejected with comes back as it is, where an error would be made of it. */
async function settle({ name, given }: { name: string; given: unknown[] }) {
  const method = (globalThis as unknown as Globals).memberstack[name]
  if (typeof method !== 'function') throw new TypeError(`the package has no ${name}`)
  try {
    return { value: await method(...given) }
  } catch (thrown) {
    return { thrown }
  }
}

function watch(tab: Tab, origin: string) {
  const troubles: string[] = []
  const refusals: string[] = []
  const answers: string[] = []
  const underWay = new Set<Request>()
  tab.on('request', request => underWay.add(request))
  tab.on('requestfinished', request => underWay.delete(request))
  tab.on('pageerror', error => troubles.push(`nobody caught: ${error.stack || error.message}`))
  tab.on('crash', () => troubles.push('the page crashed'))
  tab.on('requestfailed', request => {
    underWay.delete(request)
    troubles.push(`failed: ${request.method()} ${request.url()}: ${request.failure()?.errorText}`)
  })
  tab.on('console', message => {
    if (isTrouble(message)) troubles.push(`${message.type()}: ${message.text()}`)
  })
  tab.on('response', response => {
    const { origin: from, pathname } = new URL(response.url())
    if (from === origin) return
    const line = `${response.status()} ${response.request().method()} ${pathname}`
    answers.push(line)
    if (response.status() >= 400) refusals.push(line)
  })
  return { underWay, troubles, refusals, answers }
}

/** The browser notes every refusal on the console too. */
function isTrouble(message: ConsoleMessage): boolean {
  if (message.type() !== 'error' && message.type() !== 'warning') return false
  return !message.text().startsWith('Failed to load resource: the server responded with a status of')
}
