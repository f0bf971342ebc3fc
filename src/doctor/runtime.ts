import { testedNode } from '../platform/version.ts'
import { type Check, type Finding, failure, ok, warning } from './check.ts'

export const runtime: Check = { name: 'node', run: () => judgeNode(process.versions.node, testedNode) }

/** What to say of a runtime of this version, where another one was tested with. */
export function judgeNode(version: string, tested: string): Finding[] {
  const [ours, theirs] = [majorOf(version), majorOf(tested)]
  if (ours < theirs) return [failure(`Node ${version} is too old`, `run it with Node ${tested}, which npm ci installs`)]
  if (ours > theirs) return [warning(`Node ${version} is newer than what was tested`, `run it with Node ${tested}`)]
  return [ok(`Node ${version}`)]
}

function majorOf(version: string): number {
  return Number.parseInt(version, 10)
}
