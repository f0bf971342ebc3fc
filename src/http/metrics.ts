import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client'
import type { CountSend } from '../platform/context.ts'

export interface Metrics {
  /** Counts a finished request. `route` is its pattern, never its path: no id or email becomes a label. */
  countRequest(vendor: string, method: string, route: string, status: number, seconds: number): void
  countTrap(vendor: string, trap: string): void
  countSend: CountSend
  /** The text that Prometheus reads. */
  text(): Promise<string>
  readonly contentType: string
}

interface Series {
  labels: { vendor: string; method: string; route: string; status: number }
  total: number
  duration: Histogram.Internal<string>
}

const BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  // Looking a series up by its labels costs more than counting; there are as many as routes and statuses.
  const series = new Map<string, Series>()
  new Counter({
    name: 'understudy_requests_total',
    help: 'Requests answered.',
    labelNames: ['vendor', 'method', 'route', 'status'],
    registers,
    collect() {
      this.reset()
      for (const { labels, total } of series.values()) this.inc(labels, total)
    },
  })
  const durations = new Histogram({
    name: 'understudy_request_duration_seconds',
    help: 'Time from the request line to the end of the answer.',
    labelNames: ['vendor', 'method', 'route'],
    buckets: BUCKETS_S,
    registers,
  })
  const rateLimited = new Counter({
    name: 'understudy_rate_limited_total',
    help: 'Requests refused by a rate limit.',
    labelNames: ['vendor'],
    registers,
  })
  const traps = new Counter({
    name: 'understudy_traps_total',
    help: "Mistakes that the vendors' APIs invite, by name.",
    labelNames: ['vendor', 'trap'],
    registers,
  })
  const sends = new Counter({
    name: 'understudy_send_attempts_total',
    help: 'Attempts to send webhooks and mails, by what came of them.',
    labelNames: ['kind', 'vendor', 'outcome'],
    registers,
  })
  return {
    countRequest(vendor, method, route, status, seconds) {
      const key = `${vendor} ${method} ${route} ${status}`
      let counted = series.get(key)
      if (!counted) {
        const duration = durations.labels({ vendor, method, route })
        counted = { labels: { vendor, method, route, status }, total: 0, duration }
        series.set(key, counted)
      }
      counted.total++
      counted.duration.observe(seconds)
      if (status === 429) rateLimited.inc({ vendor })
    },
    countTrap: (vendor, trap) => traps.inc({ vendor, trap }),
    countSend: (kind, vendor, outcome) => sends.inc({ kind, vendor, outcome }),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}
