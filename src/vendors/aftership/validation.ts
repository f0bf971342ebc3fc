// The validator's findings as issues on the fields that a client knows: `account.email`, not `/account`.

import type { FastifySchemaValidationError } from 'fastify'
import { DomainError, type Issue } from '../../platform/errors.ts'

/** Where an object is missing or is none, its required field is what a client has to send. */
const leafOf: Record<string, string> = { account: 'account.email', role: 'role.code' }

/** Translates findings (all of them) into one `invalid` error, each field once. `required` are the body's own fields. */
export function validationError(findings: FastifySchemaValidationError[], required: readonly string[]): DomainError {
  const issues = new Map<string, Issue>()
  for (const issue of findings.flatMap(finding => issuesOf(finding, required)))
    if (!issues.has(issue.path)) issues.set(issue.path, issue)
  return new DomainError('invalid', 'the body does not fit', { issues: [...issues.values()].sort(byPath) })
}

function issuesOf(
  { keyword, instancePath, params }: FastifySchemaValidationError,
  required: readonly string[],
): Issue[] {
  const at = instancePath.slice(1).replaceAll('/', '.')
  if (keyword === 'required') {
    const path = [at, params.missingProperty].filter(Boolean).join('.')
    // Either of email and id will do; the email is what we ask for.
    return path === 'account.id' ? [] : [{ path: leafOf[path] ?? path, problem: 'required' }]
  }
  if (keyword === 'anyOf') return []
  // The body is no object: all that it should hold is missing.
  if (at === '') return required.map(name => ({ path: leafOf[name] ?? name, problem: 'required' }))
  const leaf = leafOf[at]
  return leaf ? [{ path: leaf, problem: 'required' }] : [{ path: at, problem: 'invalid' }]
}

function byPath(a: Issue, b: Issue): number {
  return a.path < b.path ? -1 : 1
}
