// The few pages people see: no script, nothing loaded from elsewhere, every value escaped.

import type { FastifyReply } from 'fastify'

/** HTML that is safe to insert as it is. */
export class Html {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

type Part = string | number | Html | readonly Html[] | undefined

/** Template tag: values are escaped unless they are Html already; `undefined` is nothing. */
export function html(strings: TemplateStringsArray, ...values: Part[]): Html {
  return new Html(strings.reduce((text, string, index) => text + render(values[index - 1]) + string))
}

function render(value: Part): string {
  if (value === undefined) return ''
  if (value instanceof Html) return value.text
  if (typeof value === 'object') return value.map(part => part.text).join('')
  return escapeHtml(String(value))
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}

const STYLE = `
:root{color-scheme:light dark;--line:#8884;--accent:#0b6e4f}
body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:3rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2.5rem;border-top:1px solid var(--line);padding-top:1.2rem}
code,pre{font:14px/1.5 ui-monospace,monospace}pre{overflow:auto;padding:.8rem;border:1px solid var(--line);border-radius:6px}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem .3rem 0;border-bottom:1px solid var(--line);vertical-align:top}
button,input,select{font:inherit;padding:.5rem .9rem;border-radius:6px;border:1px solid var(--line)}
button{background:var(--accent);color:#fff;border:0;cursor:pointer}button.quiet{background:none;color:inherit;border:1px solid var(--line)}
label{display:block;margin:.8rem 0 .2rem}.quiet{opacity:.75}
`

/**
 * Sends a page. `formTargets` are the further origins its forms may lead to (an OAuth redirect); the browser refuses
 * all others.
 */
export function sendPage(
  reply: FastifyReply,
  status: number,
  title: string,
  body: Html,
  formTargets: string[] = [],
): FastifyReply {
  return sendMadePage(reply, status, pageOf(title, body), formTargets)
}

/** A whole page, as its bytes: they can be kept. */
export function pageOf(title: string, body: Html): Buffer {
  const { text } =
    html`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title}</title><style>${new Html(STYLE)}</style></head><body><h1>${title}</h1>${body}</body></html>`
  return Buffer.from(text)
}

/** As `sendPage`, what `pageOf` made. */
export function sendMadePage(
  reply: FastifyReply,
  status: number,
  page: Buffer,
  formTargets: string[] = [],
): FastifyReply {
  const policy = [
    "default-src 'none'",
    "style-src 'unsafe-inline'",
    `form-action ${["'self'", ...formTargets].join(' ')}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ]
  return reply
    .code(status)
    .headers({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy.join('; '),
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    })
    .send(page)
}
