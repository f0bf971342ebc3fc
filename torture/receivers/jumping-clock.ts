// Loaded into a server before anything else (`--import`): its clock jumps ahead to where a file says, when it is told by
// SIGUSR2, so that a pause of hours passes at once. Time limits and timers are left as they are.

import { readFileSync } from 'node:fs'

const systemNow = Date.now
let aheadMs = 0

Date.now = () => systemNow() + aheadMs
process.on('SIGUSR2', () => {
  aheadMs = Number(readFileSync(process.env.TORTURE_CLOCK_FILE ?? '', 'utf8'))
})
