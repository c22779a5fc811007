/** The account that somebody signed in to last in this browser: its name, for the next time. */

const place = 'strongroom-account'

export function lastAccount(): string {
  return localStorage.getItem(place) ?? ''
}

export function keepAccount(name: string): void {
  localStorage.setItem(place, name)
}
