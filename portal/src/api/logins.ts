/** Commands that wait for a person to confirm them. The code is in the body: addresses are kept. */
import { once } from './client.ts'

export const logins = {
  show: (code: string) => once('POST /v3/logins/show', { body: { user_code: code } }),
  confirm: (code: string, bindsNetwork: boolean) =>
    once('POST /v3/logins/confirm', { body: { user_code: code, bind_network: bindsNetwork } }),
  refuse: (code: string) => once('POST /v3/logins/refuse', { body: { user_code: code } }),
}

/** Over a sign-in at a provider, which leads away from the page and back; it ends with the tab. */
const place = 'strongroom-login-code'

/** Takes the code out of the address, so that it stays in no history. */
export function takeLoginCode(): void {
  if (!location.pathname.endsWith('/device')) return
  const code = location.hash.slice(1)
  if (code === '') return
  history.replaceState(null, '', location.pathname)
  if (/^[A-Za-z-]{8,9}$/.test(code)) sessionStorage.setItem(place, code)
}

/** The code that a link had, once. */
export function loginCodeOfLink(): string {
  return sessionStorage.getItem(place) ?? ''
}

export function forgetLoginCode(): void {
  sessionStorage.removeItem(place)
}
