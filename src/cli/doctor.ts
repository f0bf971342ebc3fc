import { systemClock } from '../platform/clock.ts'
import { lookupAll } from '../platform/outbound/post.ts'
import { type Command, parseFlags, print } from './command.ts'
import { loadEnvironment } from './environment.ts'

/** For each check; they run side by side. */
const TIME_LIMIT_MS = 10_000

export const doctor: Command = {
  name: 'doctor',
  usage: 'understudy doctor [--json] [--port … --host … --data … --tls-cert … --tls-key … as for serve]',
  summary: 'name what is wrong, or weak, in settings and surroundings; changes nothing, also while a server runs',
  async run(argv) {
    const { flags, switches } = parseFlags(argv, ['port', 'host', 'data', 'tls-cert', 'tls-key'], ['json'])
    // Loaded for this command alone: no other one waits for it.
    const [{ diagnose }, { linesOf, summaryOf }] = await Promise.all([
      import('../doctor/diagnose.ts'),
      import('../doctor/report.ts'),
    ])
    const surroundings = {
      env: process.env,
      clock: systemClock,
      monotonicNow: () => performance.timeOrigin + performance.now(),
      lookup: lookupAll,
      samplesIn: (home: string) => Object.values(loadEnvironment(home)?.samples ?? {}).flatMap(Object.values),
    }
    const reports = await diagnose(flags, surroundings, TIME_LIMIT_MS)
    const summary = summaryOf(reports)
    print(switches.json ? JSON.stringify(summary) : linesOf(summary).join('\n'))
    return summary.failures === 0 ? 0 : 1
  },
}
