// The load over time as a picture: three panels below each other on one axis of time, as SVG. On a white ground of its
// own, so that it reads the same wherever it is shown.

import type { Point } from './series.ts'

interface Line {
  name: string
  colour: string
  of(point: Point): number
  dashed?: boolean
}

interface Panel {
  /** What is shown, and its unit. */
  title: string
  lines: Line[]
}

const WIDTH = 860
const PANEL_HEIGHT = 150
const PANEL_GAP = 62
const LEFT = 70
const RIGHT = 20
const TOP = 66
const BOTTOM = 48
const VALUE_TICKS = 4
const TIME_TICKS = 10
/** Told apart by those who see no red or green, too. */
const BLUE = '#0b62a4'
const ORANGE = '#c2410c'
const GREY = '#6b7280'
const STYLE =
  'text{font:12px system-ui,sans-serif;fill:#1f2328}.title{font-size:15px;font-weight:600}' +
  '.grid{stroke:#d8dee4}.line{fill:none;stroke-width:1.5;stroke-linejoin:round}'

const PANELS: readonly Panel[] = [
  {
    title: 'Rate, requests a second',
    lines: [
      { name: 'offered', colour: GREY, of: point => point.offeredPerSecond, dashed: true },
      { name: 'answered', colour: BLUE, of: point => point.perSecond },
    ],
  },
  {
    title: 'Latency, ms',
    lines: [
      { name: 'p50', colour: BLUE, of: point => point.p50Ms },
      { name: 'p99', colour: ORANGE, of: point => point.p99Ms },
    ],
  },
  { title: 'Resident memory, MiB', lines: [{ name: 'RSS', colour: BLUE, of: point => point.rssMiB }] },
]

/** Returns the picture: well-formed XML, with a title and a description for those who cannot see it. */
export function plotOf(title: string, points: readonly Point[]): string {
  const seconds = points.at(-1)?.atS ?? 0
  const height = TOP + PANELS.length * (PANEL_HEIGHT + PANEL_GAP) - PANEL_GAP + BOTTOM
  const description = `Over ${seconds} seconds, in panels below each other: ${PANELS.map(panel => panel.title).join('; ')}.`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title desc">`,
    `<title id="title">${escaped(title)}</title>`,
    `<desc id="desc">${escaped(description)}</desc>`,
    `<style>${STYLE}</style>`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text class="title" x="${LEFT}" y="26">${escaped(title)}</text>`,
    ...PANELS.map((panel, n) => panelOf(panel, points, TOP + n * (PANEL_HEIGHT + PANEL_GAP))),
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${height - 8}" text-anchor="middle">time, s</text>`,
    '</svg>',
    '',
  ].join('\n')
}

function panelOf({ title, lines }: Panel, points: readonly Point[], top: number): string {
  const seconds = points.at(-1)?.atS ?? 1
  const values = lines.flatMap(({ of }) => points.map(of)).filter(Number.isFinite)
  const valueStep = niceStep(Math.max(1, ...values) / VALUE_TICKS)
  const most = Math.ceil(Math.max(1, ...values) / valueStep) * valueStep
  const timeStep = niceStep(seconds / TIME_TICKS)
  const x = (atS: number) => round(LEFT + (atS / seconds) * (WIDTH - LEFT - RIGHT))
  const y = (value: number) => round(top + PANEL_HEIGHT - (value / most) * PANEL_HEIGHT)
  return [
    `<g><text x="${LEFT}" y="${top - 10}">${escaped(title)}</text>`,
    ...ticks(most, valueStep).map(
      value =>
        `<path class="grid" d="M${LEFT} ${y(value)}H${WIDTH - RIGHT}"/>` +
        `<text x="${LEFT - 8}" y="${y(value) + 4}" text-anchor="end">${shown(value)}</text>`,
    ),
    ...ticks(seconds, timeStep).map(
      atS => `<text x="${x(atS)}" y="${top + PANEL_HEIGHT + 17}" text-anchor="middle">${shown(atS)}</text>`,
    ),
    ...lines.map(({ of, colour, dashed }) => {
      const dashes = dashed ? ' stroke-dasharray="6 4"' : ''
      return `<path class="line" stroke="${colour}"${dashes} d="${pathOf(
        points,
        ({ atS }) => x(atS),
        point => y(of(point)),
      )}"/>`
    }),
    legendOf(lines, top - 14),
    '</g>',
  ].join('\n')
}

/** A line through all points that have a value; where one has none it is broken. */
function pathOf(points: readonly Point[], x: (point: Point) => number, y: (point: Point) => number): string {
  let joined = false
  return points
    .map(point => {
      const height = y(point)
      if (!Number.isFinite(height)) {
        joined = false
        return ''
      }
      const command = joined ? 'L' : 'M'
      joined = true
      return `${command}${x(point)} ${height}`
    })
    .join('')
}

/** In the upper right corner of its panel, the last line outermost. */
function legendOf(lines: readonly Line[], y: number): string {
  return lines
    .map(({ name, colour, dashed }, n) => {
      const x = WIDTH - RIGHT - (lines.length - n) * 95
      const dashes = dashed ? ' stroke-dasharray="6 4"' : ''
      return (
        `<path class="line" stroke="${colour}"${dashes} d="M${x} ${y}h24"/>` +
        `<text x="${x + 30}" y="${y + 4}">${escaped(name)}</text>`
      )
    })
    .join('')
}

function ticks(most: number, step: number): number[] {
  return Array.from({ length: Math.floor(most / step + 1e-9) + 1 }, (_, n) => n * step)
}

/** The next of 1, 2 and 5 times a power of ten. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least))
  return ([1, 2, 5].find(factor => factor * power >= least) ?? 10) * power
}

function shown(value: number): string {
  return Number(value.toPrecision(6)).toLocaleString('en')
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
