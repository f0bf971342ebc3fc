// The browser of a person who connects an app to an organization.

import type { Organization } from './aftership-organization.ts'
import type { Viewer } from './marks.ts'
import { type Answer, form } from './wire.ts'

/** Keeps its cookie, and sends each request from an address of its own. */
export class Browser {
  readonly #organization: Organization
  readonly #viewer: Viewer
  #cookie = ''

  constructor(organization: Organization, viewer: Viewer) {
    this.#organization = organization
    this.#viewer = viewer
  }

  get(path: string): Promise<Answer> {
    return this.#keep({ method: 'GET', path, headers: this.#headers() })
  }

  /** The page's form with its hidden fields and these. */
  submit(page: Answer, path: string, fields: Record<string, string>): Promise<Answer> {
    return this.#keep(form(path, this.#headers(), { ...hiddenIn(page.text), ...fields }))
  }

  #headers(): Record<string, string> {
    return { ...this.#organization.address(), cookie: this.#cookie }
  }

  async #keep(request: Parameters<Organization['ground']['ask']>[1]): Promise<Answer> {
    const answer = await this.#organization.ground.ask(this.#viewer, request)
    const set = [answer.headers['set-cookie'] ?? []].flat()[0]
    if (typeof set === 'string') this.#cookie = set.split(';', 1)[0] ?? ''
    this.#organization.ground.own(this.#viewer, `${this.#organization.name}/oauth!`, this.#cookie.split('=')[1] ?? '')
    return answer
  }
}

function hiddenIn(page: string): Record<string, string> {
  const fields: Record<string, string> = {}
  for (const [, name = '', value = ''] of page.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g)) {
    fields[name] = value.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)))
  }
  return fields
}
