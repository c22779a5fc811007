/**
 * The environment that this document is in. The address names it, `/portal/@prod/…`, so that links, Back and reload keep it;
 * without it, `default`. It never changes while the document is there: another one is another document, so no answer that is
 * kept and no call that is under way ever meets what is of another environment.
 */
import { isEnvironmentName } from '../../../src/model/environment-name.ts'

const root = '/portal'

/** The environment that every account has. */
export const firstEnvironment = 'default'

const [named = '', name = firstEnvironment] = /^\/portal(?:\/(?:@|%40)([^/]+))?/.exec(location.pathname) ?? []
const isNamed = isEnvironmentName(name)

/** By its name. */
export const environment = isNamed ? name : firstEnvironment

/** What the addresses of all pages begin with. */
export const base = isNamed ? named : root

/** The address of a page in an environment. @param path of the page, such as `/secrets` */
export function addressIn(name: string, path: string): string {
  return `${name === firstEnvironment ? root : `${root}/@${name}`}${path}`
}

/** The part of the portal that is shown, in another environment: its things have other ids there. */
export function sameIn(name: string): string {
  const [, part = ''] = location.pathname.slice(base.length).split('/')
  return addressIn(name, `/${part}`)
}

/** Whether somebody came to the portal as such, and not to a page of it, nor back to it. */
let isVisit = isFirstPage() && isNavigation()

function isFirstPage(): boolean {
  return location.pathname === root || location.pathname === `${root}/`
}

function isNavigation(): boolean {
  const [entry] = performance.getEntriesByType('navigation')
  return entry instanceof PerformanceNavigationTiming && entry.type === 'navigate'
}

const place = 'strongroom-environments'

/** Keeps the choice of an environment for the next visit. @param account by its id */
export function keepEnvironment(account: number, chosen: string): void {
  const kept = new Map(keptChoices())
  if (chosen === firstEnvironment) kept.delete(account)
  else kept.set(account, chosen)
  if (kept.size === 0) localStorage.removeItem(place)
  else localStorage.setItem(place, [...kept].map((one) => one.join(' ')).join('\n'))
}

/** The environment that was chosen last in the account, for a visit that just began. */
export function keptForVisit(account: number): string | undefined {
  return isVisit ? new Map(keptChoices()).get(account) : undefined
}

/** From here on, what somebody opens is what they want. */
export function endVisit(): void {
  isVisit = false
}

function keptChoices(): readonly (readonly [account: number, name: string])[] {
  const lines = (localStorage.getItem(place) ?? '').split('\n')
  return lines.flatMap((line) => {
    const [account = '', chosen = ''] = line.split(' ')
    return isEnvironmentName(chosen) ? [[Number(account), chosen] as const] : []
  })
}

const gonePlace = 'strongroom-environment-gone'

/** Has the next document say that there is no such environment. */
export function sayGone(): void {
  sessionStorage.setItem(gonePlace, environment)
}

/** The environment that somebody was led away from, once. */
export function takeGone(): string | undefined {
  const gone = sessionStorage.getItem(gonePlace) ?? undefined
  sessionStorage.removeItem(gonePlace)
  return gone
}
