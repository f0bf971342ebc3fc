// `understudy doctor`, beside the running server: it names who does not take what is sent.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { defaultSettings } from '../../bench/server-process.ts'
import type { Findings } from '../findings.ts'

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url))
/** Its own limit is 10 s for a check, and they run side by side. */
const PATIENCE_MS = 40_000

interface Finding {
  level: string
  check: string
  found: string
}

/** Each of `places` (check to `host:port`) has to be in a failure. */
export async function judgeDoctor(
  data: string,
  env: NodeJS.ProcessEnv,
  places: readonly [check: string, place: string][],
  findings: Findings,
): Promise<void> {
  const found = await diagnose(data, env)
  for (const [check, place] of places) {
    findings.count('failures that the doctor has to name')
    const isNamed = found.some(line => line.check === check && line.level === 'failure' && line.found.includes(place))
    if (!isNamed) findings.fail(`the doctor does not name ${place} (${check}): ${JSON.stringify(found)}`)
  }
}

function diagnose(data: string, env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const options = { env: { ...defaultSettings(), ...env }, timeout: PATIENCE_MS, killSignal: 'SIGKILL' as const }
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [MAIN, 'doctor', '--json', '--data', data], options, (error, stdout) => {
      if (stdout === '') return reject(error ?? new Error('the doctor said nothing'))
      resolve((JSON.parse(stdout) as { findings: Finding[] }).findings)
    })
  })
}
